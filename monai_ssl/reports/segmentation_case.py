"""One image's predicted mask compared with the file of the true one."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from monai.utils import convert_to_numpy
from numpy.typing import NDArray

from monai_ssl.errors import InputError
from monai_ssl.masks import MaskCoding
from monai_ssl.metrics import RegionScore, region_scores
from monai_ssl.readers.grids import check_one_grid, voxel_spacing
from monai_ssl.readers.mask import read_mask
from monai_ssl.readers.mask_size import OtherSize, fit_mask
from monai_ssl.reports.figures import OverlayRow
from monai_ssl.reports.mask_picture import mask_picture

__all__ = ["SegmentationCase", "compare_with_file"]

_MOST_LINES = 5  # below a picture

PathLike = str | os.PathLike[str]


@dataclass(frozen=True, eq=False)
class SegmentationCase:
    """What is kept of one image.

    Attributes:
        image: its name.
        patient: a pseudonym, never the real identifier.
        scores: by region.
        units: of distances and volumes.
        picture: for the figure, where there is to be one of this image.
        label: index of its true class, -1 where not known.
    """

    image: str
    patient: str
    scores: Mapping[str, RegionScore]
    units: tuple[str, str]
    picture: OverlayRow | None = None
    label: int = -1


def compare_with_file(
    prediction: Any,
    truth: PathLike,
    image: PathLike,
    regions: Mapping[str, Sequence[int]],
    *,
    name: str,
    patient: str,
    with_picture: bool = False,
    other_size: OtherSize = "refuse",
) -> SegmentationCase:
    """Compare a prediction with the mask in a file, on the grid of that file.

    Args:
        prediction: array or tensor of mask values (1, *spatial).
        truth: the file of the true mask.
        image: the file of the image, or the first of several.
        regions: the mask values of each region.
        name: of the image, for reports.
        patient: a pseudonym.
        with_picture: whether to cut out a slice for the figure.
        other_size: ``"refuse"`` or ``"resample"`` a mask of another size than the image, and so than the prediction,
            see :func:`~monai_ssl.readers.mask_size.fit_mask`.

    Raises:
        InputError: when the mask cannot be read, is of another place than the image, has values of no region or another
            shape than the prediction, or the prediction holds no mask values.
    """
    check_one_grid([image, truth])
    true, found = _read_truth(truth, regions), _mask_values(prediction, image)
    if other_size == "resample":
        true = fit_mask(true, found.shape[1:], truth, image, other_size)
    if found.shape != (1, *true.shape):
        raise InputError(
            f"{image}: the prediction has shape {found.shape}, its mask {truth} {(1, *true.shape)}. Give the mask on "
            "the grid of its image (or `--mask_of_other_size resample`, where a bundle has it), and bring "
            "predictions back to it (Invertd)."
        )
    spacing = voxel_spacing(truth)
    scores = region_scores(found[0], true, regions, spacing)
    picture = mask_picture(image, found[0], true, regions, patient, _caption(scores)) if with_picture else None
    return SegmentationCase(
        name, patient, scores, ("pixels", "pixels") if spacing is None else ("mm", f"mm{true.ndim}"), picture
    )


def _read_truth(path: PathLike, regions: Mapping[str, Sequence[int]]) -> NDArray[np.int32]:
    truth = read_mask(path)
    try:
        MaskCoding(regions).encode(truth)  # finds values of no region
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return truth


def _mask_values(prediction: Any, image: PathLike) -> NDArray[np.int32]:
    values = convert_to_numpy(prediction)
    whole = values.astype(np.int32)
    if values.dtype.kind == "f" and not np.array_equal(values, whole):
        raise InputError(f"{image}: the prediction holds no mask values. Make them of probabilities with DecodeMaskd.")
    return whole


def _caption(scores: Mapping[str, RegionScore]) -> str:
    """The Dice of a few regions; of many, how many are found."""
    if len(scores) > _MOST_LINES:
        outcomes = [score.outcome for score in scores.values()]
        return "regions: " + ", ".join(
            f"{outcomes.count(kind)} {kind}" for kind in ("found", "missed", "false positive")
        )
    return "\n".join(
        f"{name}: " + (f"Dice {score.dice:.2f}" if score.outcome == "found" else score.outcome)
        for name, score in scores.items()
    )
