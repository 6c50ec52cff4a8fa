"""Masks that have another size than their image."""

import logging
import os
from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from monai_ssl.errors import InputError
from monai_ssl.readers.file_kind import kind_of

__all__ = ["OtherSize", "check_other_size", "fit_mask"]

OtherSize = Literal["refuse", "resample"]
"""What becomes of a mask that has another size than its image."""

_ROUNDING = 0.02  # of a side, by which proportions may differ

logger = logging.getLogger(__name__)


def check_other_size(other_size: str) -> None:
    """Check the option.

    Raises:
        InputError: for anything else.
    """
    if other_size not in get_args(OtherSize):
        raise InputError(
            f"The option for masks of another size than their image is {other_size!r}. Give one of "
            f"{', '.join(get_args(OtherSize))}."
        )


def fit_mask(
    mask: NDArray[np.int32], shape: tuple[int, ...], path: str | os.PathLike[str], image: Any, other_size: OtherSize
) -> NDArray[np.int32]:
    """Give a mask the size of its image.

    Pictures of the same proportions are taken to show the same field of view: each pixel of the image gets the value of
    the mask's pixel that its center lies in, with a warning. Other proportions are those of a mask that was cropped or
    turned, and NIfTI files say where they lie: they are refused.

    Args:
        mask: (*spatial).
        shape: of the image, spatial.
        path: of the mask.
        image: names the image in messages.
        other_size: ``"refuse"`` or ``"resample"``.

    Raises:
        InputError: for another size that is refused.
    """
    if mask.shape == tuple(shape):
        return mask
    sizes = f"this mask has shape {mask.shape}, but {image} has {tuple(shape)}"
    alike = mask.ndim == len(shape) and _proportions_agree(mask.shape, shape) and kind_of(path) != "nifti"
    if other_size == "refuse" or not alike:
        remedy = "Resample the mask to the grid of its image"
        if alike:
            remedy += ", or have that done while it is read (`--mask_of_other_size resample`, where a bundle has it)"
        raise InputError(f"{path}: {sizes}. {remedy}.")
    logger.warning("%s: %s. It is resampled to the size of the image, by nearest neighbor.", path, sizes)
    for axis, (old, new) in enumerate(zip(mask.shape, shape, strict=True)):
        mask = mask.take(((np.arange(new) + 0.5) * old / new).astype(np.intp), axis=axis)
    return mask


def _proportions_agree(old: Sequence[int], new: Sequence[int]) -> bool:
    ratios = [after / before for before, after in zip(old, new, strict=True)]
    return max(ratios) <= (1 + _ROUNDING) * min(ratios)
