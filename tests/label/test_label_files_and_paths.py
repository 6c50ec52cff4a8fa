"""Who is validated on, where uploads are kept, what is closed, and a child that ends with its parent."""

import os
import subprocess
import sys
import time

import pytest
from filelock import FileLock

from monai_ssl.errors import InputError
from monai_ssl.label import uploads
from monai_ssl.label.closed import is_closed
from monai_ssl.label.limit import UPLOAD_VARIABLE, largest_upload
from monai_ssl.label.validated import Validated


def test_the_list_of_patients_only_grows(tmp_path):
    validated = Validated(tmp_path / "model" / "validated.json")
    assert validated.read() == set()
    (tmp_path / "model").mkdir()
    validated.add(["b", "a"])
    Validated(validated.path).add(["c"])
    assert validated.read() == {"a", "b", "c"}
    for content in ("{", "{}", "[1]"):
        validated.path.write_text(content)
        with pytest.raises(InputError, match=r"validated\.json: this file is damaged"):
            validated.read()


@pytest.mark.parametrize(
    ("method", "path", "closed"),
    [
        *((method, path, True) for method in ("GET", "PUT") for path in ("/session", "/session/", "//session/x")),
        ("POST", "/reload", True),
        ("GET", "/proxy/dicom/x", True),
        ("POST", "/infer/wsi/model", True),
        ("DELETE", "/model/m", True),
        ("PUT", "/model/m", True),
        ("GET", "/model/m", False),
        ("POST", "/infer/m", False),
        ("DELETE", "/datastore/image", False),
        ("GET", "/info/", False),
    ],
)
def test_what_is_closed(method, path, closed):
    assert is_closed(method, path) is closed


def test_uploads_have_a_folder_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for variable in ("MONAI_SSL_LABEL_UPLOADS", "TMPDIR"):
        monkeypatch.setenv(variable, "/nowhere")
    uploads.use_own_folder()
    folder = uploads.uploads_folder()
    assert folder.parent == tmp_path
    uploads.use_own_folder()  # a second time, or in a child
    assert uploads.uploads_folder() == folder
    old, new = folder / "old.png", folder / "new.png"
    old.touch()
    new.touch()
    os.utime(old, (time.time() - 9999,) * 2)
    uploads.remove_old_uploads()
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "new.png"]
    uploads.remove_old_uploads(0)
    assert not folder.exists()


def test_uploads_of_a_server_that_was_killed_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folders = {name: tmp_path / f"monai_ssl_label_{name}" for name in ("killed", "running", "starting", "other")}
    for name, folder in folders.items():
        folder.mkdir()
        (folder / "image.png").touch()
        if name != "other":
            (folder / ".lock").touch()
            os.utime(folder / ".lock", None if name == "starting" else (1, 1))
    for variable in ("MONAI_SSL_LABEL_UPLOADS", "TMPDIR"):
        monkeypatch.setenv(variable, "/nowhere")
    with FileLock(folders["running"] / ".lock"):
        os.utime(folders["running"] / ".lock", (1, 1))
        uploads.use_own_folder()
    assert [name for name, folder in folders.items() if not folder.exists()] == ["killed"]
    uploads.remove_old_uploads(0)


@pytest.mark.parametrize(("text", "most"), [("1", 2**20), ("", None), ("0", None), ("-1", None), ("many", None)])
def test_the_largest_upload(monkeypatch, text, most):
    monkeypatch.setenv(UPLOAD_VARIABLE, text)
    if most is None:
        with pytest.raises(InputError, match=f"{UPLOAD_VARIABLE} is"):
            largest_upload()
    else:
        assert largest_upload() == most


@pytest.mark.parametrize("orphaned", [True, False])
def test_a_child_ends_with_its_parent(orphaned):
    """The end of the standard input is that of the parent; without it, it runs to its own end."""
    command = [sys.executable, "-m", "monai_ssl.label.child", "run"]  # which lacks its configuration
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        if orphaned:
            child.stdin.close()
        else:
            assert b"config_file" in child.stdout.read()
        assert child.wait(60) == (3 if orphaned else 1)
