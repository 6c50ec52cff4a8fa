"""The image files of a folder."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from pydicom.misc import is_dicom

from monai_ssl.errors import InputError

__all__ = ["IMAGE_SUFFIXES", "list_images", "split_name"]

IMAGE_SUFFIXES = (".nii.gz", ".nii", ".dcm", ".dicom", ".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


def split_name(name: str) -> tuple[str, str]:
    """A file's stem and suffix; a suffix that is none of an image belongs to the stem, as in a DICOM UID."""
    for suffix in IMAGE_SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)], name[-len(suffix) :]
    return name, ""


def list_images(folder: str | os.PathLike[str], without: Sequence[str | os.PathLike[str]] = ()) -> list[str]:
    """The image files below a folder, as sorted POSIX paths relative to it.

    A file is an image by its suffix, or by DICOM's mark when it has none of the suffixes; ``DICOMDIR``, the index of a
    DICOM medium, is none. A file that cannot be read may be an image: that it is bad is told where it is read. Links
    are followed, but no folder is entered twice. Hidden files and folders, and the folders of ``without``, are left
    out.

    Raises:
        InputError: when the folder is missing, cannot be read or holds no image.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder. Give the folder that holds the images.")
    found, entered = [], {folder.resolve(), *(Path(other).resolve() for other in without)}
    for parent, folders, names in os.walk(folder, onerror=_refuse, followlinks=True):
        here = Path(parent)
        folders[:] = [name for name in sorted(folders) if not name.startswith(".") and _is_new(here / name, entered)]
        found += [(here / name).relative_to(folder).as_posix() for name in names if _is_image(here / name)]
    if not found:
        raise InputError(f"{folder}: this folder holds no DICOM, PNG, JPEG or NIfTI file. Give another one.")
    return sorted(found)


def _is_new(folder: Path, entered: set[Path]) -> bool:
    """Whether a folder has not been entered before; from now on it has. A link to its own parent would never end."""
    place = folder.resolve()
    new = place not in entered
    entered.add(place)
    return new


def _is_image(file: Path) -> bool:
    if file.name.startswith(".") or file.name.upper() == "DICOMDIR":
        return False
    try:
        return file.is_file() and (bool(split_name(file.name)[1]) or is_dicom(file))
    except OSError:
        return True


def _refuse(error: OSError) -> NoReturn:
    raise InputError(f"{error.filename}: this cannot be read ({error.strerror}). Mend its rights, or take it away.")
