"""Reading masks: images whose values are names of regions, not intensities."""

import os

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.readers.file_kind import kind_of
from monai_ssl.readers.nifti import read_nifti
from monai_ssl.readers.picture import open_picture

__all__ = ["read_mask"]

_GREY_MODES = ("L", "P", "I;16", "I;16B", "I;16L", "I")
# Rescaled values may be off by a rounding error of 32-bit floats.
_ROUNDING = 1e-3
_LARGEST = 1 << 24  # from here on 32-bit floats leave out whole numbers


def read_mask(path: str | os.PathLike[str]) -> NDArray[np.int32]:
    """Read the values of a mask as they are stored, in the axes that the image's reader gives.

    NIfTI is in canonical (RAS) orientation, with slope and intercept applied. Pictures have the EXIF orientation
    applied. A black and white picture has the values 0 and 255, also where it has a palette (whose first color may be
    white); any other palette its indices. Colours with equal channels are one channel, and what is fully transparent
    is 0.

    Args:
        path: a NIfTI file or a picture.

    Returns:
        int32 array of shape (H, W) or (H, W, D).

    Raises:
        InputError: when the file cannot be read, is DICOM, is coloured, or has several channels or values that are no
            whole numbers.
    """
    kind = kind_of(path)
    if kind == "nifti":
        return _whole_numbers(path, read_nifti(path))
    if kind == "picture":
        return _read_picture(path)
    raise InputError(f"{path}: masks in DICOM files (SEG) are not read. Convert it to NIfTI, or to PNG for a 2D image.")


def _whole_numbers(path: str | os.PathLike[str], values: NDArray[np.float32]) -> NDArray[np.int32]:
    if values.shape[0] > 1:
        raise InputError(f"{path}: this mask has {values.shape[0]} channels. Save it with one value a voxel.")
    rounded = np.rint(values[0])
    if np.abs(rounded - values[0]).max() > _ROUNDING or np.abs(rounded).max() >= _LARGEST:
        raise InputError(
            f"{path}: this mask has values that are no whole numbers, or too large. Resample masks by nearest "
            "neighbour only."
        )
    return rounded.astype(np.int32)


def _read_picture(path: str | os.PathLike[str]) -> NDArray[np.int32]:
    picture = open_picture(path)
    if picture.mode == "1":
        picture = picture.convert("L")
    if picture.mode == "P" and _colors(picture) <= {(0, 0, 0), (255, 255, 255)}:
        picture = picture.convert("L")
    if picture.mode in _GREY_MODES:
        return np.asarray(picture).astype(np.int32)
    if picture.mode not in ("LA", "RGB", "RGBA"):
        raise InputError(f"{path}: this mask has pixels of type {picture.mode}. Save it with one whole number a pixel.")
    return _one_channel(path, picture)


def _colors(picture: Image.Image) -> set[tuple[int, ...]]:
    """The colors of a palette that occur in its picture."""
    palette = np.asarray(picture.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)
    used = np.unique(np.asarray(picture))
    return {tuple(color) for color in palette[used[used < len(palette)]].tolist()}


def _one_channel(path: str | os.PathLike[str], picture: Image.Image) -> NDArray[np.int32]:
    """The one value of each pixel of a picture with several channels."""
    pixels = np.asarray(picture.convert("RGBA")).astype(np.int32)
    values, alpha = pixels[..., 0], pixels[..., 3]
    visible = alpha > 0
    if (pixels[visible, :3] != values[visible, None]).any():
        raise InputError(f"{path}: this mask is coloured. Save it with one value a pixel, as grey or with a palette.")
    if (alpha[visible] < 255).any():
        raise InputError(f"{path}: this mask has half transparent pixels. Save it without transparency.")
    return np.where(visible, values, 0).astype(np.int32)
