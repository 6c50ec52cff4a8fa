"""Files below a folder by their names."""

import logging
from pathlib import Path

import pytest

from data_prep.datasets.tree import by_name, list_files, stem_of
from data_prep.records import Rejects
from monai_ssl.errors import InputError


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_files_of_some_suffixes_without_hidden_ones(tmp_path: Path) -> None:
    touch(
        *(tmp_path / name for name in ("b.PNG", "a/c.png", "a/._c.png", ".x/d.png", "out/e.png", "f.txt", "a.b/g.csv"))
    )
    found = list_files(tmp_path, (".png", ".csv"), without=[tmp_path / "out"])
    assert found == ["a.b/g.csv", "a/c.png", "b.PNG"]


def test_links_are_followed_once(tmp_path: Path) -> None:
    touch(tmp_path / "real" / "a.png")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "loop").symlink_to(tmp_path / "real")
    assert list_files(tmp_path / "set", (".png",)) == ["link/a.png"]


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        list_files(tmp_path / "absent", (".png",))


@pytest.mark.parametrize(("path", "stem"), [("a/b.c.png", "b.c"), ("a.b/c", "c"), ("x.png", "x"), ("", "")])
def test_stems(path: str, stem: str) -> None:
    assert stem_of(path) == stem


def contents(folder: Path, **files: str) -> list[str]:
    """Files ``<folder>/<name>.png`` given as ``folder_name="content"``."""
    paths = {f"{key.replace('_', '/')}.png": text for key, text in files.items()}
    touch(*(folder / path for path in paths))
    for path, text in paths.items():
        (folder / path).write_text(text)
    return sorted(paths)


def test_of_the_same_file_in_two_folders_the_first_is_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    paths = contents(tmp_path, a_x="1", b_x="1", b_y="2", c_x="1")
    rejects = Rejects()
    with caplog.at_level(logging.WARNING):
        assert by_name(tmp_path, paths, rejects) == {"x": "a/x.png", "y": "b/y.png"}
    assert caplog.messages == ["2 files have the name of another one: the first of each name is taken."]
    assert not rejects.found


@pytest.mark.parametrize("other", ["2", "22"])
def test_files_of_one_name_that_differ_are_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, other: str
) -> None:
    paths = contents(tmp_path, a_x="1", b_x="1", c_x=other, a_y="1", b_z="1")
    rejects = Rejects()
    with caplog.at_level(logging.WARNING):
        assert by_name(tmp_path, paths, rejects) == {"y": "a/y.png", "z": "b/z.png"}
    reason = "another file of this name has other contents"
    assert [(item.path, item.reason) for item in rejects.found] == [
        (f"{folder}/x.png", reason) for folder in ("a", "b", "c")
    ]
    assert not caplog.messages


def test_a_file_that_cannot_be_compared_is_not_the_same(tmp_path: Path) -> None:
    paths = contents(tmp_path, a_x="1", b_y="1")
    rejects = Rejects()
    assert by_name(tmp_path, [*paths, "gone/x.png"], rejects) == {"y": "b/y.png"}
    assert [item.path for item in rejects.found] == ["a/x.png", "gone/x.png"]


def test_two_sets_that_are_mixed_up(tmp_path: Path) -> None:
    paths = contents(tmp_path, a_x="1", b_x="2", a_y="1", b_y="2", a_z="1")
    with pytest.raises(InputError, match=r"2 of 3 names .* such as a/x\.png and b/x\.png\. Take away"):
        by_name(tmp_path, paths, Rejects())


def test_names_of_their_own(tmp_path: Path) -> None:
    paths = contents(tmp_path, a_x="1", b_X="1", b_y="3")
    assert by_name(tmp_path, paths, Rejects(), str.upper) == {
        "A/X.PNG": "a/x.png",
        "B/X.PNG": "b/X.png",
        "B/Y.PNG": "b/y.png",
    }
    assert by_name(tmp_path, paths, Rejects(), lambda path: stem_of(path).upper()) == {"X": "a/x.png", "Y": "b/y.png"}
