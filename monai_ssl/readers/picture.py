"""Reading PNG, JPEG, BMP and TIFF images."""

import os

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from monai_ssl.errors import InputError

__all__ = ["open_picture", "read_picture"]

_16_BIT = ("I;16", "I;16B", "I;16L")
_32_BIT = ("I", "F")


def open_picture(path: str | os.PathLike[str]) -> Image.Image:
    """Open and decode a picture, with its EXIF orientation applied.

    Raises:
        InputError: when the file is not a picture or damaged, or holds several pictures.
    """
    try:
        # Opened by its name, a file may be mapped into memory, and is then scrambled where EXIF turns a TIFF.
        with open(path, "rb") as stream, Image.open(stream) as opened:  # noqa: PTH123
            frames = getattr(opened, "n_frames", 1)
            picture = ImageOps.exif_transpose(opened)
            picture.load()
    except Exception as error:
        raise InputError(
            f"{path}: this picture cannot be read ({type(error).__name__}). Copy it again from its source."
        ) from None
    if frames > 1:
        raise InputError(f"{path}: this file holds {frames} pictures. Split it: one picture a file is expected.")
    return picture


def read_picture(path: str | os.PathLike[str], scale: bool = True) -> NDArray[np.float32]:
    """Read a picture and scale the full range of its type (1, 8 or 16 bits) to [0, 1].

    The EXIF orientation is applied. An alpha channel is laid over black, so that what is transparent is 0, as padding
    is; palettes are resolved.

    Args:
        path: the file.
        scale: whether to scale; values are as stored otherwise, and may have 32 bits. 1 bit is 0 and 255 then.

    Returns:
        float32 array of shape (1, H, W) for grey pictures, (3, H, W) for all others.

    Raises:
        InputError: when the file is not a picture or damaged, holds several pictures, has 32-bit values that would have
            to be scaled, or NaN or infinite values.
    """
    picture = open_picture(path)
    if picture.mode in _32_BIT:
        return _read_32_bit(path, picture, scale)
    if picture.mode in _16_BIT:
        return np.asarray(picture).astype(np.float32)[None] / np.float32(65535.0 if scale else 1.0)
    if picture.mode == "1":
        picture = picture.convert("L")
    grey = picture.mode in ("L", "LA")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (0, 0, 0, 255)), picture)
    values = np.asarray(picture.convert("L" if grey else "RGB"), dtype=np.float32) / np.float32(255.0 if scale else 1.0)
    return values[None] if grey else np.ascontiguousarray(np.moveaxis(values, -1, 0))


def _read_32_bit(path: str | os.PathLike[str], picture: Image.Image, scale: bool) -> NDArray[np.float32]:
    if scale:
        raise InputError(
            f"{path}: 32-bit pictures have no known range. Convert it to 16 bits, or to NIfTI, or use the window 'raw'."
        )
    values = np.asarray(picture).astype(np.float32)[None]
    if not np.isfinite(values).all():
        raise InputError(f"{path}: the image holds NaN or infinite values. Replace them in the file.")
    return values
