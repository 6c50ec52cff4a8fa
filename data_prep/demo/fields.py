"""Smooth random fields: the source of everything irregular in a phantom."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["Volume", "smooth_noise"]

Volume = NDArray[np.float32]
"""A volume of shape (slices, rows, columns)."""


def smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], scale: float, spacing: tuple[float, ...]) -> Volume:
    """White noise filtered by a Gaussian of standard deviation ``scale``, with zero mean and unit deviation.

    Args:
        rng: the source of randomness.
        shape: the shape of the field.
        scale: standard deviation of the filter in mm.
        spacing: distance of neighbours along each axis in mm.
    """
    white = rng.standard_normal(shape, dtype=np.float32)
    field = ndimage.gaussian_filter(white, [scale / step for step in spacing], mode="wrap", truncate=3.0)
    return (field - field.mean()) / field.std()
