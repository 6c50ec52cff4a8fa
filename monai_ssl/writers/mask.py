"""Writing masks and maps on the grid of the image that they were made of."""

import os
from typing import Any

import numpy as np
from monai.utils import convert_to_numpy
from numpy.typing import NDArray
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.readers import Paths, read_image
from monai_ssl.readers.file_kind import kind_of
from monai_ssl.readers.grids import first_path
from monai_ssl.writers.nifti import write_nifti
from monai_ssl.writers.whole import save_whole

__all__ = ["mask_suffix", "write_map", "write_mask"]

_NIFTI_TYPES = (np.uint8, np.int16, np.uint16, np.int32)
_PNG_TYPES = (np.uint8, np.uint16)
# Interpolation leaves [0, 1] by a rounding error.
_ROUNDING = 1e-3


def mask_suffix(like: Paths) -> str:
    """The suffix of a mask of an image: ``".nii.gz"`` for NIfTI, ``".png"`` for all other files.

    Args:
        like: the file of the image; of several the first counts, here and below.

    Raises:
        InputError: when the file is not there or of no known kind.
    """
    return ".nii.gz" if kind_of(first_path(like)) == "nifti" else ".png"


def write_mask(path: str | os.PathLike[str], values: Any, like: Paths) -> None:
    """Write a mask so that it lies on its image, and that :func:`~monai_ssl.readers.mask.read_mask` gives it back.

    The mask of a NIfTI image is NIfTI with the axes, the affine, the qform and the sform of the image's file. That of a
    picture or a DICOM image is a grey PNG as the picture is shown: an EXIF orientation has been applied. The type is
    the smallest one that holds the values.

    Args:
        path: the file, which ends as :func:`mask_suffix` says; it is written whole or not at all.
        values: array or tensor (*spatial) of whole numbers from 0, on the grid of
            :func:`~monai_ssl.readers.read_image`.
        like: the file of the image.

    Raises:
        InputError: when ``like`` cannot be read, is DICOM of several frames, or ``path`` cannot be written.
        ValueError: for another suffix, another shape than the image's, and other values.
    """
    mask = convert_to_numpy(values)
    types = _NIFTI_TYPES if mask_suffix(like) == ".nii.gz" else _PNG_TYPES
    low, high = (int(mask.min()), int(mask.max())) if mask.dtype.kind in "iu" and mask.size else (-1, -1)
    fitting = [dtype for dtype in types if low >= 0 and high <= np.iinfo(dtype).max]
    if not fitting:
        raise ValueError(
            f"A mask is made of whole numbers from 0 to {np.iinfo(types[-1]).max}, got {mask.dtype} from {low} to "
            f"{high}."
        )
    _write(path, mask.astype(fitting[0]), like)


def write_map(path: str | os.PathLike[str], probabilities: Any, like: Paths) -> None:
    """Write a map of probabilities, to 1/510, so that it lies on its image: see :func:`write_mask`.

    NIfTI has 8 bits and the slope 1/255, so that viewers show the probabilities; PNG has 0 for 0 and 255 for 1.

    Args:
        path: the file, which ends as :func:`mask_suffix` says; it is written whole or not at all.
        probabilities: array or tensor (*spatial) in [0, 1], on the grid of :func:`~monai_ssl.readers.read_image`.
        like: the file of the image.

    Raises:
        InputError: as :func:`write_mask`.
        ValueError: for another suffix, another shape than the image's, and values that are no probabilities.
    """
    given = convert_to_numpy(probabilities, dtype=np.float32)
    if not (given.size and given.min() >= -_ROUNDING and given.max() <= 1 + _ROUNDING):
        raise ValueError(f"Probabilities are in [0, 1], got values from {given.min():g} to {given.max():g}.")
    _write(path, np.rint(given.clip(0, 1) * 255).astype(np.uint8), like, slope=1 / 255)


def _write(path: str | os.PathLike[str], values: NDArray[Any], like: Paths, slope: float | None = None) -> None:
    suffix, image = mask_suffix(like), first_path(like)
    if not str(path).lower().endswith(suffix):
        raise ValueError(f"The mask of {image} is a file that ends in {suffix}, got {path}.")
    if suffix == ".nii.gz":
        write_nifti(path, values, image, slope)
        return
    shape = read_image(image, windows=("raw",)).shape[1:]
    if len(shape) > 2:
        raise InputError(
            f"{image}: this image has {shape[2]} frames, and no PNG holds a mask of them. Convert it to NIfTI, with "
            "`python -m data_prep folder --series` for instance."
        )
    if values.shape != shape:
        raise ValueError(f"{image} has the shape {shape}, but the values to be written have {values.shape}.")
    save_whole(path, lambda temporary: Image.fromarray(values).save(temporary, format="PNG"))
