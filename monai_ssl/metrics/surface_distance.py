r"""Distances between the surfaces of two masks.

.. math:: HD_{95} &= \max(q_{95}\{d(p, \partial T)\}_{p \in \partial P}, q_{95}\{d(t, \partial P)\}_{t \in \partial T})

    HD_{average} &= \max\Bigl(\tfrac{1}{|\partial P|} \sum_{p \in \partial P} d(p, \partial T),
    \tfrac{1}{|\partial T|} \sum_{t \in \partial T} d(t, \partial P)\Bigr)

for the voxels :math:`P` that are predicted and the true ones :math:`T`: the 95th percentile (:math:`q_{95}`) and the
average Hausdorff distance, the latter the larger of the two directed means as in Taha and Hanbury (BMC Medical Imaging,
2015), but of the surfaces, not of all voxels. The surface :math:`\partial` of a region is its voxels with a face on the
outside, :math:`d` the distance of a voxel's center from the nearest one of a surface. Edges and distances are MONAI's.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from monai.metrics.utils import get_mask_edges, get_surface_distance
from numpy.typing import NDArray

__all__ = ["SurfaceDistances", "surface_distances"]

_PERCENTILE = 95


class SurfaceDistances(NamedTuple):
    """Two summaries of the same distances.

    Attributes:
        hd95: 95th percentile Hausdorff distance.
        average_hausdorff: average Hausdorff distance.
    """

    hd95: float
    average_hausdorff: float


def surface_distances(
    prediction: NDArray[np.bool_], truth: NDArray[np.bool_], spacing: Sequence[float]
) -> SurfaceDistances:
    """Measure how far the surfaces of two masks are from each other.

    Args:
        prediction: mask (*spatial).
        truth: of the same shape.
        spacing: the size of a voxel along each axis.

    Returns:
        the distances in the unit of ``spacing``.

    Raises:
        ValueError: when a mask is empty, which no distance can be measured from.
    """
    if not prediction.any() or not truth.any():
        raise ValueError("An empty mask has no surface.")
    edges = get_mask_edges(prediction, truth)
    directed = [get_surface_distance(one, other, spacing=spacing) for one, other in (edges, edges[::-1])]
    return SurfaceDistances(
        # MONAI's `compute_hausdorff_distance` takes the quantile in torch, which refuses more than 2^24 distances.
        hd95=max(float(np.percentile(distances, _PERCENTILE)) for distances in directed),
        average_hausdorff=max(float(np.mean(distances, dtype=np.float64)) for distances in directed),
    )
