"""Images of data sets whose files the bundles do not read, written as PNG or NIfTI under opaque names."""

from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from monai_ssl.files import write_whole
from monai_ssl.salt import opaque

__all__ = ["converted_path", "is_written", "write_nifti", "write_png"]


def converted_path(output: Path, salt: bytes, source: Path, *parts: object, suffix: str) -> Path:
    """``OUTPUT/images/<hash>.<suffix>`` for an image that is converted from a file.

    The hash is of the file's path, size and time and of ``parts``: a changed source is converted anew, and one that is
    unchanged need not be.

    Args:
        output: the data set's folder.
        salt: of the data set.
        source: the file.
        parts: what else tells the image from others of the same file: its index, the options of the conversion...
        suffix: such as ``".png"``.
    """
    status = source.stat()
    name = opaque(salt, source.absolute(), status.st_size, status.st_mtime_ns, *parts)
    return output / "images" / f"{name}{suffix}"


def is_written(path: Path) -> bool:
    """Whether an earlier run has written a file already."""
    return path.is_file() and path.stat().st_size > 0


def write_png(path: Path, pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
    """Write a picture, whole or not at all.

    Args:
        path: the file.
        pixels: shape (H, W) with 8 or 16 bits, or (H, W, 3) with 8.
    """
    with write_whole(path, flush=False) as temporary:
        Image.fromarray(np.ascontiguousarray(pixels)).save(temporary, format="PNG")


def write_nifti(
    path: Path, volume: NDArray[np.generic], affine: Sequence[Sequence[float]] | NDArray[np.float64]
) -> None:
    """Write a volume as NIfTI, whole or not at all.

    Args:
        path: a .nii or .nii.gz file.
        volume: shape (H, W, D) or (H, W, D, C), of a type that NIfTI has.
        affine: shape (4, 4): from indices to mm, axes to the right, to the front and up (RAS).
    """
    with write_whole(path, flush=False) as temporary:
        image = nib.Nifti1Image(volume, np.asarray(affine, dtype=np.float64))
        image.header.set_xyzt_units("mm")
        image.set_sform(image.affine, code="scanner")
        nib.save(image, temporary)
