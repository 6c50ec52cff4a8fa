"""Medical images as pictures in figures."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

__all__ = ["as_picture", "show_picture"]

_EQUAL = 1e-3  # a quarter of a step of 8 bits


def as_picture(image: NDArray[np.floating]) -> NDArray[np.floating]:
    """Scale an image from its smallest to its largest value, by one scale for all its channels.

    Args:
        image: (C, *spatial), of any range.

    Returns:
        values from 0 to 1: (*spatial, 3) for three channels that differ; else (*spatial), of the first channel.
    """
    if len(image) == 3 and not np.allclose(image, image[:1], rtol=0, atol=_EQUAL * np.ptp(image)):
        return np.moveaxis(_min_max(image), 0, -1)
    return _min_max(image[0])


def show_picture(panel: Axes, values: NDArray[np.floating], **look: Any) -> None:
    """Draw values from 0 to 1, pixel by pixel, without axes."""
    panel.imshow(values, vmin=0, vmax=1, interpolation="nearest", **look)
    panel.set(xticks=(), yticks=())
    panel.spines[:].set_visible(False)


def _min_max(values: NDArray[np.floating]) -> NDArray[np.floating]:
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.zeros_like(values)
