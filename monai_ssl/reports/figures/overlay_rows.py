"""The slices that are drawn with the outlines of regions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["OverlayRow", "overlay_row"]

_MOST_PIXELS = 700  # more than a panel shows


@dataclass(frozen=True, eq=False)
class OverlayRow:
    """One slice of an image, as it is looked at; :func:`overlay_row` makes it of a volume.

    Args:
        image: (C, rows, columns), of any range.
        prediction: (R, rows, columns), whether a pixel is of each region.
        truth: the same; None where it is not known.
        label: stands beside the row.
        place: which slice this is, for instance.
        caption: stands below the prediction, for instance its scores.
        aspect: the height of a pixel by its width.
    """

    image: NDArray[np.floating]
    prediction: NDArray[np.bool_]
    truth: NDArray[np.bool_] | None = None
    label: str = ""
    place: str = ""
    caption: str = ""
    aspect: float = 1.0


def overlay_row(
    image: NDArray[np.floating],
    prediction: NDArray[np.integer],
    truth: NDArray[np.integer] | None,
    regions: Mapping[str, Sequence[int]],
    *,
    nifti: bool,
    spacing: Sequence[float] | None = None,
    label: str = "",
    caption: str = "",
) -> OverlayRow:
    """Cut the slice to look at out of an image and its masks; nothing else of them is kept.

    Of a volume it is the slice, across the last axis, where the truth (what is predicted within the patient, where
    there is no truth) has most foreground; the middle one where it has none at all. Large slices are thinned out to
    what a figure can show.

    Args:
        image: (C, *spatial), 2D or 3D.
        prediction: mask values (*spatial).
        truth: the same, or None.
        regions: the mask values of each region.
        nifti: whether the axes go to the patient's right, front and up: the slice is turned as a radiologist expects
            it, the patient's right on the left and the front above.
        spacing: the size of a voxel along each axis.
        label: see :class:`OverlayRow`.
        caption: the same.
    """
    place = ""
    if prediction.ndim == 3:
        # What is predicted in the air says nothing of where to look.
        guide = (prediction > 0) & (image[0] > image[0].min()) if truth is None else truth
        foreground = np.count_nonzero(guide, axis=(0, 1))
        count = len(foreground)
        index = int(foreground.argmax()) if foreground.any() else count // 2
        image, prediction = image[..., index], prediction[..., index]
        truth = None if truth is None else truth[..., index]
        place = f"slice {index + 1} of {count}"
    if nifti:
        place = ", ".join(filter(None, [place, "R on the left"]))
    step = -(-max(prediction.shape) // _MOST_PIXELS)

    def upright(values: NDArray) -> NDArray:
        """(C, *spatial) as it is looked at, in memory of its own."""
        thin = values[:, ::step, ::step]
        return (thin.swapaxes(1, 2)[:, ::-1, ::-1] if nifti else thin).copy()

    def by_region(mask: NDArray[np.integer]) -> NDArray[np.bool_]:
        return upright(np.stack([np.isin(mask, list(values)) for values in regions.values()]))

    height, width = (1.0, 1.0) if spacing is None else (spacing[1::-1] if nifti else spacing[:2])
    return OverlayRow(
        image=upright(image),
        prediction=by_region(prediction),
        truth=None if truth is None else by_region(truth),
        label=label,
        place=place,
        caption=caption,
        aspect=height / width,
    )
