r"""Dice, Hausdorff distance and volumes of the regions of one mask.

.. math:: Dice = \frac{2 |P \cap T|}{|P| + |T|}, \quad
    HD_{95} = \max(q_{95}\{d(p, \partial T)\}_{p \in \partial P}, q_{95}\{d(t, \partial P)\}_{t \in \partial T})

for the voxels :math:`P` that are predicted and the true ones :math:`T`; the surface :math:`\partial` of a region is its
voxels with a face on the outside, :math:`d` the distance in mm of a voxel's center from the nearest one of a surface,
and :math:`q_{95}` the 95th percentile. Edges and distances are MONAI's.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from monai.metrics.utils import get_mask_edges, get_surface_distance
from numpy.typing import NDArray

__all__ = ["RegionScore", "region_scores"]

_PERCENTILE = 95


@dataclass(frozen=True)
class RegionScore:
    """How well one region of one image is found.

    Attributes:
        dice: from 0 to 1; NaN where the truth has no such region.
        hd95: 95th percentile Hausdorff distance; NaN where the truth has no such region.
        volume: of what is predicted.
        true_volume: of the truth.
    """

    dice: float
    hd95: float
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

    Where the truth lacks a region, Dice and distance are undefined for this image, whatever is predicted; a prediction
    there is a false positive. Where the truth has it and nothing is predicted, Dice is 0 and the distance the diagonal
    of the image, as BraTS has it (373.13 mm for 240 x 240 x 155 voxels of 1 mm): never 0, and never left out.

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
    found_voxels, true_voxels = int(np.count_nonzero(found)), int(np.count_nonzero(true))
    dice = hd95 = math.nan
    if true_voxels:
        dice = 2 * int(np.count_nonzero(found & true)) / (found_voxels + true_voxels)
        # The diagonal of the image stands for a region that is not found at all.
        hd95 = _hd95(found, true, sides) if found_voxels else math.hypot(*np.multiply(true.shape, sides))
    voxel = math.prod(sides)
    return RegionScore(dice, hd95, found_voxels * voxel, true_voxels * voxel)


def _hd95(found: NDArray[np.bool_], true: NDArray[np.bool_], sides: tuple[float, ...]) -> float:
    edges = get_mask_edges(found, true)
    # MONAI's `compute_hausdorff_distance` takes the quantile in torch, which refuses more than 2^24 distances.
    return max(
        float(np.percentile(get_surface_distance(one, other, spacing=sides), _PERCENTILE))
        for one, other in (edges, edges[::-1])
    )
