"""The image files of a folder."""

import hashlib
import os
from pathlib import Path

from pydicom.misc import is_dicom

from monai_ssl.errors import InputError

__all__ = ["IMAGE_SUFFIXES", "digest", "list_images", "split_name"]

IMAGE_SUFFIXES = (".nii.gz", ".nii", ".dcm", ".dicom", ".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


def split_name(name: str) -> tuple[str, str]:
    """A file's stem and suffix; a suffix that is none of an image belongs to the stem, as in a DICOM UID."""
    for suffix in IMAGE_SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)], name[-len(suffix) :]
    return name, ""


def list_images(folder: str | os.PathLike[str], without: str | os.PathLike[str] | None = None) -> list[str]:
    """The image files below a folder, as sorted POSIX paths relative to it.

    A file is an image by its suffix, or by DICOM's mark when it has none of the suffixes. Hidden files and folders,
    and those below ``without``, are left out.

    Raises:
        InputError: when the folder is missing or holds no image.
    """
    folder, left_out = Path(folder), None if without is None else Path(without).resolve()
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder. Give the folder that holds the images.")
    found = []
    for parent, folders, names in os.walk(folder, followlinks=True):
        here = Path(parent)
        folders[:] = [name for name in folders if not name.startswith(".") and (here / name).resolve() != left_out]
        for name in names:
            file = here / name
            if not name.startswith(".") and file.is_file() and (split_name(name)[1] or is_dicom(file)):
                found.append(file.relative_to(folder).as_posix())
    if not found:
        raise InputError(f"{folder}: this folder holds no DICOM, PNG, JPEG or NIfTI file. Give another one.")
    return sorted(found)


def digest(folder: Path, names: list[str]) -> str:
    """SHA-256 of the images' names and sizes."""
    lines = (f"{name}\t{(folder / name).stat().st_size}\n" for name in names)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
