"""Telling what kind of image a file holds."""

import os
import struct
from pathlib import Path
from typing import Literal

from pydicom.datadict import dictionary_has_tag
from pydicom.valuerep import VR

from monai_ssl.errors import InputError

__all__ = ["kind_of"]

_PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
_DICOM_SUFFIXES = ("", ".dcm", ".dicom", ".dic", ".ima")
_VRS = {str(vr).encode() for vr in VR}
# A first element is a length, a code or a UID.
_LONGEST_FIRST_VALUE = 256
_PICTURE_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*")


def kind_of(path: str | os.PathLike[str]) -> Literal["dicom", "nifti", "picture"]:
    """Tell by its first bytes, else by its suffix, how a file is to be read.

    DICOM is known by the letters after its preamble, or by a first data element where there is no preamble.

    Raises:
        InputError: when there is no such file, it cannot be read, is empty, or of another kind.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(f"{path}: there is no such file. Check the path.")
    try:
        with file.open("rb") as opened:
            start = opened.read(132)
    except OSError as error:
        raise InputError(f"{path}: this file cannot be read ({error.strerror}). Mend its rights.") from None
    if not start:
        raise InputError(f"{path}: this file is empty. Copy it again from its source.")
    suffix = file.suffix.lower()
    if start[128:] == b"DICM" or _begins_with_element(start):
        return "dicom"
    if start.startswith(_PICTURE_STARTS) or suffix in _PICTURE_SUFFIXES:
        return "picture"
    if file.name.lower().endswith((".nii", ".nii.gz")):
        return "nifti"
    if suffix in _DICOM_SUFFIXES or suffix[1:].isdigit():
        return "dicom"
    raise InputError(f"{path}: files of this kind are not known. Give DICOM, NIfTI, PNG, JPEG, BMP or TIFF.")


def _begins_with_element(start: bytes) -> bool:
    """Whether a file begins with a data element of group 0002 or 0008, as DICOM without preamble does."""
    for order in "<>":
        if len(start) < 8:
            return False
        group, number, vr = struct.unpack_from(f"{order}HH2s", start)
        if group not in (0x0002, 0x0008) or not (number == 0 or dictionary_has_tag(group << 16 | number)):
            continue
        # Without a VR, which is the common case of such files, its place is taken by the length.
        implicit_length = struct.unpack_from(f"{order}I", start, 4)[0]
        if vr in _VRS or (order == "<" and implicit_length <= _LONGEST_FIRST_VALUE):
            return True
    return False
