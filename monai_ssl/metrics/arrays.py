"""The form that all metrics take: probabilities and labels as (N, C) arrays, missing labels as NaN."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monai_ssl.errors import InputError

__all__ = ["check_arrays", "one_against_rest"]

# A softmax in single precision may exceed 1 by a few units in the last place.
_TOLERANCE = 1e-6


def one_against_rest(labels: ArrayLike, num_classes: int) -> NDArray[np.float64]:
    """Turn class indices into one column of 0 and 1 a class.

    Args:
        labels: class indices (N,) from 0 to ``num_classes`` - 1; -1 is a missing label.
        num_classes: number of classes C.

    Returns:
        labels (N, C) in {0, 1}; the row of a missing label is NaN throughout.

    Raises:
        InputError: for labels that are no vector of such indices.
    """
    indices = np.asarray(labels)
    if indices.ndim != 1:
        raise InputError(f"class indices have shape {indices.shape}. Give a vector with one index an image.")
    wrong = ~np.isin(indices, np.arange(-1, num_classes))
    if wrong.any():
        raise InputError(
            f"{indices[wrong][0]} is no class index. Give whole numbers from 0 to {num_classes - 1}, or -1 for missing."
        )
    columns = (indices[:, None] == np.arange(num_classes)).astype(np.float64)
    columns[indices == -1] = np.nan
    return columns


def check_arrays(probabilities: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Check probabilities and labels, and write every missing label as NaN.

    Args:
        probabilities: (N, C), each from 0 to 1.
        labels: (N, C) in {0, 1}; -1 or NaN is a missing label.

    Returns:
        both as float64 (N, C), the missing labels as NaN. The inputs are left as they are.

    Raises:
        InputError: when the shapes differ, a probability is no number from 0 to 1, or a label is none of the above.
    """
    p = np.asarray(probabilities, dtype=np.float64)
    y = np.array(labels, dtype=np.float64)
    if p.ndim != 2 or p.shape != y.shape:
        raise InputError(
            f"probabilities have shape {p.shape} and labels {y.shape}. Give both as (images, classes), of one shape."
        )
    if not np.isfinite(p).all():
        raise InputError(
            f"{np.count_nonzero(~np.isfinite(p))} of {p.size} probabilities are NaN or infinite. "
            "The network has diverged or read broken images: lower the learning rate or check the images."
        )
    if (p < -_TOLERANCE).any() or (p > 1 + _TOLERANCE).any():
        raise InputError(
            f"probabilities reach from {p.min():g} to {p.max():g}, not from 0 to 1. "
            "Apply a sigmoid (multi-label) or a softmax (multi-class) to the network's output."
        )
    y[y == -1] = np.nan
    wrong = ~(np.isnan(y) | (y == 0) | (y == 1))
    if wrong.any():
        raise InputError(f"{y[wrong][0]:g} is no label. Give 0, 1, or -1 for a missing one.")
    return p, y
