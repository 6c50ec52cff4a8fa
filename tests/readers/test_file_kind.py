import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, dcmread, dcmwrite

from monai_ssl.errors import InputError
from monai_ssl.readers import read_image
from monai_ssl.readers.file_kind import kind_of

STORED = np.array([[0, 1], [2, 3]], dtype=np.uint16)


@pytest.mark.parametrize(
    "name", ["image", "image.dcm", "image.png", "image.nii.gz", "image.raw", "1.2.840.7", "IM.0001"]
)
@pytest.mark.parametrize("form", ["whole", "explicit", "implicit", "big endian"])
def test_dicom_under_any_name(write_dicom, name, form):
    path = write_dicom(STORED, name=name, WindowCenter="2", WindowWidth="4")
    if form != "whole":
        bare = Dataset(dcmread(path))
        if form == "big endian":
            bare.PixelData = STORED.astype(">u2").tobytes()
        dcmwrite(path, bare, implicit_vr=form == "implicit", little_endian=form != "big endian")
        assert path.read_bytes()[128:132] != b"DICM"
    assert kind_of(path) == "dicom"
    np.testing.assert_allclose(read_image(path)[0], STORED / 4)


def test_other_kinds(tmp_path):
    for name in ("a.png", "a.dcm", "a.xyz"):
        Image.new("L", (2, 2)).save(tmp_path / name, format="PNG")
        assert kind_of(tmp_path / name) == "picture"
    # A header of NIfTI begins with its size, 348.
    (tmp_path / "a.nii").write_bytes((348).to_bytes(4, "little") + b"\0" * 344)
    assert kind_of(tmp_path / "a.nii") == "nifti"


@pytest.mark.parametrize(
    "content",
    [
        b"x",
        b"\x08\0\x05\0",  # a tag, and nothing more
        b"\x08\0\x05\0\xff\xff\xff\xff" + b"\0" * 40,  # no VR, and too long
        b"\x08\0\xff\xee\x04\0\0\0" + b"\0" * 40,  # no tag that there is
        b"plain text, and not a short one " * 5,
    ],
)
def test_unknown_kind(tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"notes\.txt: files of this kind are not known"):
        kind_of(path)
