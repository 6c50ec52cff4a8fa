"""Where the slices of a series are, whether they are evenly spaced, and the affine of their volume."""

from dataclasses import dataclass

import nibabel as nib
import numpy as np
from numpy.typing import ArrayLike, NDArray

from monai_ssl.errors import InputError

__all__ = [
    "FEWEST_SLICES",
    "MAX_UNEVEN",
    "REPORTED_TILT",
    "SAME_DIRECTION",
    "Geometry",
    "find_places",
    "measure_stack",
    "plane_axes",
    "refuse_few",
    "refuse_uneven",
]

FEWEST_SLICES = 3
"""Slices of a volume, at least."""

MAX_UNEVEN = 0.1
"""Share of the usual gap that the gap between two slices may differ by: beyond, the affine would be wrong."""

REPORTED_TILT = 0.5
"""Degrees between the line of the positions and the normal of the slices that are told of."""

SAME_DIRECTION = 1e-3
"""Numbers of two directions that differ by no more are the same: headers round them."""

_REPORTED_SHARE = 0.01
_REPORTED_MM = 0.01
# Positions in mm are written with three decimals at least, directions with four.
_SAME_PLACE = 1e-3
_ORTHONORMAL = 1e-3
_LISTED = 5
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Geometry:
    """Where a stack of slices is.

    Attributes:
        affine: shape (4, 4): from (column, row, slice) to mm in RAS. The slices are apart as their positions are on
            average, in the direction of these: with a tilted gantry the last axis is not at right angles to the others.
        tilt: degrees between that direction and the normal of the slices.
        uneven: mm by which the step from a slice to the next differs from the median step, at most.
        gap: mm between neighbouring slices along their normal, the median.
        gaps: the least and the greatest of them.
        missing: (number of the slice before, how many) for each gap in which whole slices seem to be missing.
    """

    affine: NDArray[np.float64]
    tilt: float
    uneven: float
    gap: float
    gaps: tuple[float, float]
    missing: tuple[tuple[int, int], ...]

    @property
    def spacing(self) -> tuple[float, float, float]:
        """The lengths of the voxel's edges in mm."""
        x, y, z = np.linalg.norm(self.affine[:3, :3], axis=0).tolist()
        return x, y, z

    @property
    def orientation(self) -> str:
        """Where the axes go to, nearly: ``"LPS"`` is to the left, to the back and up."""
        return "".join(nib.aff2axcodes(self.affine))

    @property
    def is_uneven(self) -> bool:
        """Whether the steps differ enough to be told of."""
        return self.uneven > max(_REPORTED_SHARE * self.gap, _REPORTED_MM)


def plane_axes(orientation: ArrayLike) -> NDArray[np.float64]:
    """The directions of rows, of columns and of the normal that is at right angles to both, in the patient (LPS).

    Args:
        orientation: ImageOrientationPatient, 6 numbers.

    Returns:
        shape (3, 3): a unit vector a row.

    Raises:
        InputError: when the first two are no unit vectors at right angles.
    """
    axes = np.asarray(orientation, dtype=np.float64).reshape(2, 3)
    if np.abs(axes @ axes.T - np.eye(2)).max() > _ORTHONORMAL:
        raise InputError("ImageOrientationPatient is no pair of unit vectors at right angles. Export the files again.")
    axes = axes / np.linalg.norm(axes, axis=1, keepdims=True)
    normal = np.cross(*axes)
    return np.array([*axes, normal / np.linalg.norm(normal)])


def find_places(along: ArrayLike) -> list[list[int]]:
    """Sort slices by their coordinate along the normal.

    Args:
        along: a coordinate in mm for each slice.

    Returns:
        the slices at each place, by their index; places in ascending order.
    """
    coordinates = np.asarray(along, dtype=np.float64)
    order = np.argsort(coordinates, kind="stable")
    starts = np.flatnonzero(np.diff(coordinates[order]) >= _SAME_PLACE) + 1
    return [part.tolist() for part in np.split(order, starts)]


def measure_stack(positions: ArrayLike, orientation: ArrayLike, spacing: ArrayLike) -> Geometry:
    """Measure slices that are in order, one a place.

    Args:
        positions: shape (N, 3): ImagePositionPatient of each, in ascending order along the normal.
        orientation: ImageOrientationPatient, 6 numbers.
        spacing: PixelSpacing: between rows, between columns, in mm.

    Raises:
        InputError: when they are no stack: too few, in one place or of an impossible orientation.
    """
    places = np.asarray(positions, dtype=np.float64)
    axes = plane_axes(orientation)
    between_rows, between_columns = np.asarray(spacing, dtype=np.float64).tolist()
    refuse_few(len(places))
    if min(between_rows, between_columns) <= 0:
        raise InputError("PixelSpacing is not positive. Export the files again.")
    steps = np.diff(places, axis=0)
    gaps = steps @ axes[2]
    gap = float(np.median(gaps))
    if gap < _SAME_PLACE:
        raise InputError("the slices are in one place, as those of a film are. Leave the series out.")
    # A step to the side counts as one ahead does: in both cases voxels are elsewhere than the affine says.
    uneven = float(np.linalg.norm(steps - np.median(steps, axis=0), axis=1).max())
    missing = tuple(
        (number, round(ratio) - 1)
        for number, ratio in enumerate((gaps / gap).tolist(), start=1)
        if round(ratio) > 1 and abs(ratio - round(ratio)) <= MAX_UNEVEN
    )
    mean_step = (places[-1] - places[0]) / (len(places) - 1)
    affine = np.eye(4)
    affine[:3] = np.column_stack([axes[0] * between_columns, axes[1] * between_rows, mean_step, places[0]])
    cosine = float(mean_step @ axes[2] / np.linalg.norm(mean_step))
    return Geometry(
        affine=_LPS_TO_RAS @ affine,
        tilt=float(np.degrees(np.arccos(min(1.0, cosine)))),
        uneven=uneven,
        gap=gap,
        gaps=(float(gaps.min()), float(gaps.max())),
        missing=missing,
    )


def refuse_few(count: int) -> None:
    """Refuse too few slices for a volume.

    Raises:
        InputError: when there are fewer than ``FEWEST_SLICES``.
    """
    if count < FEWEST_SLICES:
        raise InputError(f"there are fewer than {FEWEST_SLICES} slices ({count}). Leave the series out.")


def refuse_uneven(geometry: Geometry) -> None:
    """Refuse slices that an affine cannot place, because steps differ by more than ``MAX_UNEVEN`` of the usual gap.

    Raises:
        InputError: when they do, with the places where slices seem to be missing.
    """
    if geometry.uneven <= MAX_UNEVEN * geometry.gap:
        return
    if geometry.missing:
        listed = ", ".join(f"{count} after slice {number}" for number, count in geometry.missing[:_LISTED])
        dots = ", ..." if len(geometry.missing) > _LISTED else ""
        raise InputError(
            f"slices seem to be missing ({listed}{dots}), as gaps are {geometry.gaps[0]:.4g} to "
            f"{geometry.gaps[1]:.4g} mm. Add them, or resample the series to one spacing."
        )
    raise InputError(
        f"the slices are unevenly spaced, as gaps are {geometry.gaps[0]:.4g} to {geometry.gaps[1]:.4g} mm and steps "
        f"differ by up to {geometry.uneven:.4g} mm. Resample the series to one spacing, or leave it out."
    )
