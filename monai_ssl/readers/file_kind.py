"""Telling what kind of image a file holds."""

import os
from pathlib import Path
from typing import Literal

from monai_ssl.errors import InputError

__all__ = ["kind_of"]

_PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
_DICOM_SUFFIXES = ("", ".dcm", ".dicom", ".dic", ".ima")
_PICTURE_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*")


def kind_of(path: str | os.PathLike[str]) -> Literal["dicom", "nifti", "picture"]:
    """Tell by its first bytes, else by its suffix, how a file is to be read.

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
    if start[128:] == b"DICM":
        return "dicom"
    if start.startswith(_PICTURE_STARTS) or suffix in _PICTURE_SUFFIXES:
        return "picture"
    if file.name.lower().endswith((".nii", ".nii.gz")):
        return "nifti"
    if suffix in _DICOM_SUFFIXES or suffix[1:].isdigit():
        return "dicom"
    raise InputError(f"{path}: files of this kind are not known. Give DICOM, NIfTI, PNG, JPEG, BMP or TIFF.")
