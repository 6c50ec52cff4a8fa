r"""How well the regions of one mask are found.

.. math:: Dice = \frac{2 |P \cap T|}{|P| + |T|}, \quad Jaccard = \frac{|P \cap T|}{|P \cup T|}, \quad
    precision = \frac{|P \cap T|}{|P|}, \quad recall = \frac{|P \cap T|}{|T|}

for the voxels :math:`P` that are predicted and the true ones :math:`T`. Distances are those of
:mod:`monai_ssl.metrics.surface_distance`, SSIM that of :mod:`monai_ssl.metrics.structural_similarity`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monai_ssl.metrics.structural_similarity import mask_ssim
from monai_ssl.metrics.surface_distance import SurfaceDistances, surface_distances

__all__ = ["RegionScore", "region_scores"]


@dataclass(frozen=True, kw_only=True)
class RegionScore:
    """How well one region of one image is found. All but the volumes are NaN where the truth has no such region.

    Attributes:
        dice: from 0 to 1.
        hd95: 95th percentile Hausdorff distance.
        jaccard: intersection over union, from 0 to 1.
        ssim: structural similarity of the two binary masks, at most 1.
        average_hausdorff: average Hausdorff distance.
        precision: the true part of what is predicted; NaN where nothing is, too.
        recall: the predicted part of what is true.
        volume: of what is predicted.
        true_volume: of the truth.
    """

    dice: float = math.nan
    hd95: float = math.nan
    jaccard: float = math.nan
    ssim: float = math.nan
    average_hausdorff: float = math.nan
    precision: float = math.nan
    recall: float = math.nan
    volume: float
    true_volume: float

    @property
    def outcome(self) -> str:
        """``"found"`` (some of it), ``"missed"``, ``"false positive"``, or ``"absent"`` in truth and prediction."""
        if self.true_volume:
            return "found" if self.volume else "missed"
        return "false positive" if self.volume else "absent"


def region_scores(
    prediction: NDArray[np.integer],
    truth: NDArray[np.integer],
    regions: Mapping[str, Sequence[int]],
    spacing: Sequence[float] | None = None,
) -> dict[str, RegionScore]:
    """Compare a predicted with the true mask, region by region.

    Where the truth lacks a region, its scores are undefined for this image, whatever is predicted; a prediction there
    is a false positive. Where the truth has it and nothing is predicted, Dice, Jaccard and recall are 0, precision is
    undefined, and both distances are the diagonal of the image, as BraTS has it (373.13 mm for 240 x 240 x 155 voxels
    of 1 mm): never 0, and never left out.

    Args:
        prediction: mask values (*spatial), 2D or 3D.
        truth: of the same shape.
        regions: the mask values of each region; a value may belong to several.
        spacing: the size of a voxel along each axis in mm; None where it is not known.

    Returns:
        the scores of each region. Distances are in mm and volumes in mm^3 (2D: mm^2); without ``spacing`` in pixels.

    Raises:
        ValueError: for masks of different shapes, or a spacing that does not fit them.
    """
    if prediction.shape != truth.shape:
        raise ValueError(f"`prediction` has shape {prediction.shape} and `truth` {truth.shape}.")
    sides = (1.0,) * truth.ndim if spacing is None else tuple(float(side) for side in spacing)
    if len(sides) != truth.ndim or not all(side > 0 and math.isfinite(side) for side in sides):
        raise ValueError(f"`spacing` must be {truth.ndim} positive numbers, got {spacing}.")
    # Python's numbers need not fit into the type of the mask.
    return {
        name: _score(np.isin(prediction, list(values)), np.isin(truth, list(values)), sides)
        for name, values in regions.items()
    }


def _score(found: NDArray[np.bool_], true: NDArray[np.bool_], sides: tuple[float, ...]) -> RegionScore:
    found_voxels, true_voxels, both = (int(np.count_nonzero(mask)) for mask in (found, true, found & true))
    voxel = math.prod(sides)
    volumes = {"volume": found_voxels * voxel, "true_volume": true_voxels * voxel}
    if not true_voxels:
        return RegionScore(**volumes)
    # The diagonal of the image stands for a region that is not found at all.
    diagonal = math.hypot(*np.multiply(true.shape, sides))
    distances = surface_distances(found, true, sides) if found_voxels else SurfaceDistances(diagonal, diagonal)
    return RegionScore(
        dice=2 * both / (found_voxels + true_voxels),
        jaccard=both / (found_voxels + true_voxels - both),
        ssim=mask_ssim(found, true),
        precision=both / found_voxels if found_voxels else math.nan,
        recall=both / true_voxels,
        **distances._asdict(),
        **volumes,
    )
