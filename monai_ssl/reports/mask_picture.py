"""A slice of an image in a file, with the outlines of masks."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from monai_ssl.errors import InputError
from monai_ssl.readers import Paths, read_image
from monai_ssl.readers.file_kind import kind_of
from monai_ssl.readers.grids import first_path, voxel_spacing
from monai_ssl.reports.figures import OverlayRow, overlay_row

__all__ = ["mask_picture"]

_PERCENTILES = (0.5, 99.5)


def mask_picture(
    image: Paths,
    prediction: NDArray[np.integer],
    truth: NDArray[np.integer] | None,
    regions: Mapping[str, Sequence[int]],
    label: str,
    caption: str = "",
) -> OverlayRow:
    """Cut the slice to look at out of an image and its masks; see :func:`monai_ssl.reports.overlay_row`.

    Args:
        image: the file; of several the first is shown.
        prediction: mask values (*spatial) on the grid of the image as it is read.
        truth: the same, or None.
        regions: the mask values of each region.
        label: stands beside the row.
        caption: stands below the prediction.
    """
    file = first_path(image)
    return overlay_row(
        _viewed(file),
        prediction,
        truth,
        regions,
        nifti=kind_of(file) == "nifti",
        spacing=voxel_spacing(file),
        label=label,
        caption=caption,
    )


def _viewed(file: str | os.PathLike[str]) -> NDArray[np.floating]:
    """The image as it is looked at; one whose file does not say how between two percentiles of its values."""
    try:
        return read_image(file)
    except InputError:
        values = read_image(file, windows=("raw",))
        return np.clip(values, *np.percentile(values, _PERCENTILES))
