"""The raw images of the JSRT database, written as PNG.

A file is 2048 x 2048 big-endian 16-bit numbers without a header. 12 bits are used: the density of the film, so that
lungs are high and bones are low. The values are inverted here, as is commonly done, so that bones are bright as in the
other chest sets.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data_prep.pipeline.writing import converted_path, is_written, write_png
from monai_ssl.errors import InputError

__all__ = ["RAW_SIZE", "RawJob", "convert_raw", "read_raw"]

RAW_SIZE = 2048
"""Rows and columns of a raw image."""

_TOP = 4095


@dataclass(frozen=True)
class RawJob:
    """A raw image to be written to ``output``, with ``size`` rows and columns."""

    path: Path
    output: Path
    salt: bytes
    size: int = RAW_SIZE


def convert_raw(job: RawJob) -> Path:
    """Write a raw image as a 16-bit PNG whose range is that of the 12 bits; one that is written already is kept.

    Returns:
        The PNG file.

    Raises:
        InputError: see :func:`read_raw`.
    """
    try:
        target = converted_path(job.output, job.salt, job.path, job.size, suffix=".png")
    except OSError as error:
        raise _unreadable(job.path, error) from None
    if not is_written(target):
        values = read_raw(job.path).astype(np.float32)
        if job.size < RAW_SIZE:  # the box filter is the average over each new pixel's area
            values = np.asarray(Image.fromarray(values).resize((job.size, job.size), Image.Resampling.BOX))
        write_png(target, np.rint(values.astype(np.float64) * 65535 / _TOP).astype(np.uint16))
    return target


def read_raw(path: Path) -> NDArray[np.uint16]:
    """Read a raw image of the JSRT database.

    Returns:
        Shape (2048, 2048), 0 to 4095, bones bright.

    Raises:
        InputError: when the file cannot be read, has another size, or values of more than 12 bits.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None
    if len(content) != 2 * RAW_SIZE**2:
        raise InputError(
            f"{path}: this file has {len(content)} bytes, an image of JSRT has {2 * RAW_SIZE**2}. Copy it again from "
            "its source."
        )
    values = np.frombuffer(content, dtype=">u2").reshape(RAW_SIZE, RAW_SIZE)
    if values.max() > _TOP:
        raise InputError(
            f"{path}: this file has values of more than 12 bits, so that it is no image of JSRT. Copy it again from "
            "its source."
        )
    return (_TOP - values).astype(np.uint16)


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path}: this image cannot be read ({error.strerror}). Copy it again from its source.")
