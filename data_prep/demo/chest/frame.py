"""The frame in which a chest is drawn: coordinates in mm, as a radiologist looks at the patient.

x is to the right of the picture, which is the patient's left, y downwards; the origin lies in the midline, at the level
of the hila.
"""

import numpy as np
from scipy import fft

from data_prep.demo.drawing.canvas import Canvas, Plane

__all__ = ["FIELD_OF_VIEW", "LEFT", "RIGHT", "make_frame", "taken_twice"]

FIELD_OF_VIEW = 340.0
"""mm along a side of the image."""
RIGHT, LEFT = -1, 1
"""The patient's sides, as the sign of x."""

_MARGIN = 1.12  # what is drawn beyond the field of view, for patients that stand askew


def make_frame(size: int) -> Canvas:
    """Coordinates on twice the rows and columns of an image, and somewhat beyond its borders.

    Args:
        size: rows and columns of the image.
    """
    pixel = FIELD_OF_VIEW / (2 * size)
    side = fft.next_fast_len(round(2 * size * _MARGIN), real=True)
    ticks = ((np.arange(side) - (side - 1) / 2) * pixel).astype(np.float32)
    y, x = np.meshgrid(ticks, ticks, indexing="ij")
    return Canvas(x=x, y=y, pixel=pixel)


def taken_twice(plane: Plane) -> Plane:
    """Mean of two by two neighbors, shape (2 n, 2 n) to (n, n)."""
    side = plane.shape[0] // 2
    return plane.reshape(side, 2, side, 2).mean(axis=(1, 3))
