"""Gliomas: where they lie, how they grow, and what their masks are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from data_prep.demo.brain_tumor.brain import Brain
from data_prep.demo.brain_tumor.foci import Focus
from data_prep.demo.brain_tumor.frame import Frame
from data_prep.demo.fields import Volume

__all__ = ["CORE", "EDEMA", "RIM", "Tumor", "grow_tumor"]

CORE, EDEMA, RIM = 1, 2, 4
"""The values of masks, as in BraTS: necrotic and non-enhancing tumor, edema, enhancing tumor."""

_FADES = 5.0  # mm over which edema becomes normal


@dataclass(frozen=True)
class Tumor:
    """One tumor, in one place or two.

    Args:
        core: share of each voxel, from 0 to 1, that is necrotic or does not enhance, shape (left, back, up).
        rim: share that enhances.
        edema: how much water there is in each voxel around the two, from 0 to 1.
        mask: 0, :data:`CORE`, :data:`EDEMA` or :data:`RIM`.
    """

    core: Volume
    rim: Volume
    edema: Volume
    mask: NDArray[np.int16]


def grow_tumor(rng: np.random.Generator, frame: Frame, brain: Brain, foci: list[Focus]) -> Tumor:
    """Let a tumor grow from its foci.

    With r the distance from a focus along the axes of its ellipsoid, R its radius and n smooth random fields, the
    tumor's surface is where R (1 + n) - r = 0. Beneath it, down to the thickness of the rim, it enhances, where the
    focus does so at all; around it edema reaches out along the white matter, and hardly into cortex. Neither gets
    across a fissure or into a ventricle.

    Args:
        rng: the source of randomness of this subject.
        frame: of the subject.
        brain: its tissues, displaced already.
        foci: one or two.
    """
    lobes = 0.24 * frame.noise(rng, 7.5) + 0.08 * frame.noise(rng, 3.5)
    ragged, uneven, patches = frame.noise(rng, 5.5), frame.noise(rng, 6.0), frame.noise(rng, 7.0)
    surface = np.full(frame.shape, -np.inf, np.float32)  # mm beneath the surface of the tumor without its edema
    reach, inner = surface.copy(), surface.copy()
    enhancing = np.zeros(frame.shape, bool)
    for focus in foci:
        depth = focus.radius * (1 + lobes) - focus.distance(frame)
        nearest = depth > surface
        thick = focus.rim * np.clip(1 + 0.45 * uneven, 0.4, 2)
        surface, inner = np.where(nearest, depth, surface), np.where(nearest, depth - thick, inner)
        enhancing = np.where(nearest, patches > focus.patchiness, enhancing)
        spread = focus.edema * np.clip(0.75 + 0.6 * ragged, 0.15, 1.9) * (1 - 0.75 * brain.grey)
        reach = np.maximum(reach, depth + spread)

    tissue = brain.inside & (brain.csf < 0.5) & (brain.cerebrum > 0)
    region = _connected(tissue & (reach > 0), [focus.voxel for focus in foci])
    solid = region & (surface > 0)
    rim = solid & enhancing & (inner <= 0)
    mask = np.zeros(frame.shape, np.int16)
    mask[region], mask[solid], mask[rim] = EDEMA, CORE, RIM

    inside = frame.share(surface) * ndimage.binary_dilation(region)
    shell = np.where(enhancing, 1 - frame.share(inner), 0)
    return Tumor(
        core=(inside * (1 - shell)).astype(np.float32),
        rim=(inside * shell).astype(np.float32),
        edema=(np.clip(0.35 + 0.65 * reach / _FADES, 0.0, 1) * region).astype(np.float32),
        mask=mask,
    )


def _connected(region: NDArray[np.bool_], voxels: list[tuple[int, ...]]) -> NDArray[np.bool_]:
    """What of a region is connected with one of these voxels."""
    numbers, _ = ndimage.label(region)
    wanted = [numbers[voxel] for voxel in voxels if numbers[voxel]]
    return np.isin(numbers, wanted)
