import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from monai_ssl.errors import InputError
from monai_ssl.files import file_sha256, make_folder, read_object, write_json, write_whole

KILLED = """
import os, signal, sys
from monai_ssl.files import write_whole
with write_whole(sys.argv[1]) as temporary:
    temporary.write_text("half of the new")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_new_file_in_a_new_folder(tmp_path):
    path = tmp_path / "a" / "b" / "file.txt"
    with write_whole(str(path)) as temporary:
        assert temporary.parent == path.parent
        assert not path.exists()
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert names(path.parent) == ["file.txt"]


def test_the_old_file_is_there_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with write_whole(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert names(tmp_path) == ["file.txt"]


def test_an_exception_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def fail():
        with write_whole(path) as temporary:
            temporary.write_text("half of the new")
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fail()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file.txt"]


def test_an_exception_leaves_no_file_where_there_was_none(tmp_path):
    with pytest.raises(KeyboardInterrupt), write_whole(tmp_path / "file.txt"):
        raise KeyboardInterrupt
    assert names(tmp_path) == []


def test_a_killed_process_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    process = subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert process.returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    # And what it left behind does not hinder the next one.
    with write_whole(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"


@pytest.mark.parametrize("name", ["image.nii.gz", "model.pt", "1.2.840.113.dcm", "Makefile"])
def test_the_temporary_name_ends_as_the_files(tmp_path, name):
    with write_whole(tmp_path / name) as temporary:
        assert temporary.name.endswith(name)
        assert temporary.name.startswith(".")
    assert names(tmp_path) == [name]


def test_two_writers_at_once(tmp_path):
    path = tmp_path / "file.txt"
    with write_whole(path) as first, write_whole(path) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"  # the one that ended last
    assert names(tmp_path) == ["file.txt"]


def test_the_rights_are_those_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    with write_whole(tmp_path / "file"):
        pass
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "file")}
    assert len(modes) == 1


def test_a_folder_below_a_file(tmp_path):
    (tmp_path / "file").write_text("kept")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match=r"cannot be written.*Choose another folder") as caught:
            make_folder(folder)
        assert str(folder) in str(caught.value)
        with pytest.raises(InputError, match=r"cannot be written"), write_whole(folder / "new.txt"):
            pytest.fail("the block was entered")
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_rights(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match=r"cannot be written \(Permission denied\)"):
            make_folder(tmp_path)
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_in_the_files_place(tmp_path):
    (tmp_path / "name").mkdir()
    with pytest.raises(InputError, match=r"name: .*this is a folder.*another name"), write_whole(tmp_path / "name"):
        pytest.fail("the block was entered")
    assert names(tmp_path) == ["name"]


def test_make_folder(tmp_path):
    folder = tmp_path / "a" / "b"
    assert make_folder(str(folder)) == make_folder(folder) == folder
    assert names(folder) == []


def test_json(tmp_path):
    content = {"a": [1, 2.5, None], "ü": "–"}
    write_json(tmp_path / "file.json", content)
    text = (tmp_path / "file.json").read_text(encoding="utf-8")
    assert json.loads(text) == content
    assert "ü" in text
    assert text.endswith("}\n")


@pytest.mark.parametrize("bad", [float("nan"), object()])
def test_what_is_not_json_leaves_the_old_file(tmp_path, bad):
    write_json(tmp_path / "file.json", 1)
    with pytest.raises((ValueError, TypeError), match="JSON"):
        write_json(tmp_path / "file.json", [bad])
    assert (tmp_path / "file.json").read_text() == "1\n"
    assert names(tmp_path) == ["file.json"]


def test_an_object_is_read(tmp_path):
    path = tmp_path / "file.json"
    write_json(path, {"Größe": [1, None]})
    assert read_object(path, "Make it anew.") == {"Größe": [1, None]}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "is damaged (Expecting value: line 1 column 1 (char 0))"),
        (b"\xff", "is damaged ('utf-8' codec can't decode byte 0xff in position 0: invalid start byte)"),
        (b"[1]", "is damaged (a JSON list, no object)"),
        (b"[" * 100_000, "is damaged (maximum recursion depth exceeded"),
    ],
)
def test_what_is_no_object_is_named_with_the_remedy(tmp_path, content, reason):
    path = tmp_path / "file.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_object(path, "Make it anew.")
    assert str(caught.value).startswith(f"{path}: this file {reason}")
    assert str(caught.value).endswith("). Make it anew.")


def test_a_checksum_is_that_of_the_standard(tmp_path):
    """FIPS 180-2, appendix B.3: a million times the letter a."""
    (tmp_path / "file").write_bytes(b"a" * 1_000_000)
    expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    assert file_sha256(tmp_path / "file") == expected
