"""Files below a folder by their names."""

import logging
from pathlib import Path

import pytest

from data_prep.datasets.tree import by_stem, list_files, stem_of
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


def test_the_first_of_a_name_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert by_stem(["a/x.png", "b/x.jpg", "b/y.png", "c/x.png"]) == {"x": "a/x.png", "y": "b/y.png"}
    assert [record.getMessage() for record in caplog.records] == [
        "2 files have the name of another one: the first of each name is taken."
    ]
