"""The plane of slices whose files do not tell it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from data_prep.series.geometry import MAX_UNEVEN
from monai_ssl.errors import InputError

__all__ = ["AXIAL", "Plane", "guess_plane"]


@dataclass(frozen=True)
class Plane:
    """A plane with the usual directions in it.

    Attributes:
        name: of the plane.
        orientation: directions (x, y, z) of a row, then of a column, in the patient (LPS).
    """

    name: str
    orientation: tuple[float, ...]


AXIAL = Plane("axial", (1.0, 0.0, 0.0, 0.0, 1.0, 0.0))
_ACROSS = (
    Plane("sagittal", (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)),
    Plane("coronal", (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)),
    AXIAL,
)


def guess_plane(positions: Sequence[ArrayLike]) -> Plane:
    """The plane across the line on which the slices lie: what they are sorted by, and no more than likely.

    Args:
        positions: ImagePositionPatient of each slice, in any order.

    Raises:
        InputError: when they lie on no line, to a tenth of the way from one to the next.
    """
    places = np.asarray(positions, dtype=np.float64)
    centred = places - places.mean(axis=0)
    line = np.linalg.svd(centred)[2][0]
    along = centred @ line
    beside = np.linalg.norm(centred - np.outer(along, line), axis=1)
    if beside.max() > MAX_UNEVEN * np.ptp(along) / max(1, len(places) - 1):
        raise InputError("the slices have no orientation, and their positions are not on a line. Export them again.")
    return _ACROSS[int(np.abs(line).argmax())]
