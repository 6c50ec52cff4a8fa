import os
from pathlib import Path

import pytest

from monai_ssl.data import list_images
from monai_ssl.errors import InputError
from monai_ssl.readers.listing import split_name

DICOM = bytes(128) + b"DICM"


def make(folder: Path, *names: str, content: bytes = b"x") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def test_images_by_suffix_sorted(tmp_path):
    images = ["B.PNG", "a.nii", "b.jpg", "c/d/e.dcm", "c/f.nii.gz", "g.JPEG", "h.bmp", "i.tif", "j.tiff", "k.dicom"]
    make(tmp_path, *images, "notes.txt", "table.csv", "c/README", "archive.gz", "x.npy")
    assert list_images(tmp_path) == sorted(images)
    assert list_images(str(tmp_path)) == sorted(images)


def test_dicom_without_suffix(tmp_path):
    make(tmp_path, "IM0001", "study/1.2.840.113.7", content=DICOM)
    make(tmp_path, "IM0002", content=bytes(131))
    make(tmp_path, "IM0003", content=b"DICM")
    make(tmp_path, "empty", content=b"")
    assert list_images(tmp_path) == ["IM0001", "study/1.2.840.113.7"]


def test_the_index_of_a_medium_is_no_image(tmp_path):
    make(tmp_path, "DICOMDIR", "sub/dicomdir", "DICOM/IM1", content=DICOM)
    assert list_images(tmp_path) == ["DICOM/IM1"]


def test_hidden_files_and_folders_are_left_out(tmp_path):
    make(tmp_path, "a.png", "._a.png", ".hidden/b.png", "c/.d/e.png")
    assert list_images(tmp_path) == ["a.png"]


def test_a_folder_below_is_left_out(tmp_path, monkeypatch):
    make(tmp_path, "a.png", "out/b.png", "out/c/d.png", "outer/e.png")
    assert list_images(tmp_path, without=[tmp_path / "out"]) == ["a.png", "outer/e.png"]
    monkeypatch.chdir(tmp_path)
    assert list_images(".", without=["out/../out"]) == ["a.png", "outer/e.png"]
    assert list_images("outer", without=["out"]) == ["e.png"]


def test_links_are_followed_once(tmp_path):
    make(tmp_path, "elsewhere/b.png", "images/a.png")
    images = tmp_path / "images"
    (images / "link").symlink_to(tmp_path / "elsewhere")
    (images / "link2").symlink_to(tmp_path / "elsewhere")
    (images / "loop").symlink_to(images)
    (images / "file.png").symlink_to(images / "a.png")
    (images / "broken.png").symlink_to(images / "nowhere.png")
    assert list_images(images) == ["a.png", "file.png", "link/b.png"]


def test_a_folder_named_like_an_image(tmp_path):
    make(tmp_path, "series.dcm/1.png")
    assert list_images(tmp_path) == ["series.dcm/1.png"]


def test_no_folder(tmp_path):
    make(tmp_path, "a.png")
    for path in (tmp_path / "missing", tmp_path / "a.png"):
        with pytest.raises(InputError, match=r"there is no such folder. Give the folder") as caught:
            list_images(path)
        assert str(path) in str(caught.value)


def test_no_image(tmp_path):
    make(tmp_path, "a.txt", ".b.png")
    with pytest.raises(InputError, match=r"holds no DICOM, PNG, JPEG or NIfTI file. Give another one"):
        list_images(tmp_path)


def refuse(bad, real):
    def function(path, *arguments, **options):
        if os.fspath(path) == str(bad):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return real(path, *arguments, **options)

    return function


def test_a_folder_that_cannot_be_read_is_not_passed_over(tmp_path, monkeypatch):
    make(tmp_path, "a.png", "sub/b.png")
    monkeypatch.setattr(os, "scandir", refuse(tmp_path / "sub", os.scandir))
    with pytest.raises(InputError, match=r"cannot be read \(Permission denied\). Mend its rights") as caught:
        list_images(tmp_path)
    assert str(tmp_path / "sub") in str(caught.value)


def test_a_file_that_cannot_be_read_stops_no_others(tmp_path, monkeypatch):
    make(tmp_path, "a.png", "IM1", "IM2", "stat")
    monkeypatch.setattr("monai_ssl.readers.listing.is_dicom", refuse(tmp_path / "IM1", lambda path: False))
    monkeypatch.setattr(Path, "is_file", refuse(tmp_path / "stat", Path.is_file))
    assert list_images(tmp_path) == ["IM1", "a.png", "stat"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.nii.gz", ("a", ".nii.gz")),
        ("a.b.NII", ("a.b", ".NII")),
        ("1.2.840.113.dcm", ("1.2.840.113", ".dcm")),
        ("1.2.840.113.7", ("1.2.840.113.7", "")),
        ("image", ("image", "")),
    ],
)
def test_stem_and_suffix(name, expected):
    assert split_name(name) == expected


def test_real_images(real_images):
    folder = real_images / "dicom_variety"
    listed = list_images(folder)
    assert listed == sorted(set(listed))
    expected = {path.relative_to(folder).as_posix() for path in folder.rglob("*.dcm")}
    assert expected <= set(listed)
    assert all((folder / name).is_file() for name in listed)
