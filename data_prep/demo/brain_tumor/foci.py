"""Where a tumor begins, how large it gets there, and how it pushes the brain aside."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from data_prep.demo.brain_tumor.brain import Brain
from data_prep.demo.brain_tumor.distractors import Findings
from data_prep.demo.brain_tumor.frame import Frame
from data_prep.demo.fields import Volume

__all__ = ["PATTERNS", "Focus", "Pattern", "displace", "draw_foci"]

_LEAST_SHIFT = 0.05  # voxels


@dataclass(frozen=True)
class Pattern:
    """How tumors of one kind grow; ranges are of mm, but the one of patchiness.

    Args:
        radius: of the tumor without its edema.
        rim: thickness of the enhancing rim.
        edema: how far the edema reaches out.
        patchiness: the tumor enhances where a field of unit deviation is above this: nowhere, should it be infinite.
        foci: in how many places it grows.
    """

    radius: tuple[float, float]
    rim: tuple[float, float]
    edema: tuple[float, float]
    patchiness: tuple[float, float]
    foci: int = 1


_RING = Pattern(radius=(13, 23), rim=(3.5, 6.5), edema=(9, 22), patchiness=(-2.5, -1.1))
PATTERNS = (
    _RING,
    Pattern(radius=(14, 24), rim=(1, 2), edema=(3, 8), patchiness=(np.inf, np.inf)),  # of low grade
    replace(_RING, radius=(9, 15), foci=2),
    Pattern(radius=(9, 15), rim=(8, 14), edema=(8, 20), patchiness=(-1.5, -0.7)),  # nearly all of it enhances
    _RING,
    Pattern(radius=(13, 20), rim=(4, 7), edema=(5, 14), patchiness=(0.6, 1.3)),  # hardly any of it does
)
"""The kinds of tumors, which take turns."""


@dataclass(frozen=True)
class Focus:
    """One place in which a tumor grows.

    Args:
        voxel: its middle, by its indices.
        center: the same in mm, in the frame of the brain.
        axes: shape (3, 3): the directions of the ellipsoid's axes in rows, divided by their relative lengths.
        radius: mean radius of the ellipsoid in mm.
        rim: thickness of what enhances in mm.
        edema: reach of the edema in mm.
        patchiness: see :class:`Pattern`.
        push: how far it pushes aside, as a share of the distance from its middle.
    """

    voxel: tuple[int, ...]
    center: tuple[float, float, float]
    axes: np.ndarray
    radius: float
    rim: float
    edema: float
    patchiness: float
    push: float

    def distance(self, frame: Frame) -> Volume:
        """Distance of every voxel from the middle in mm, along the axes of the ellipsoid."""
        offsets = [axis - np.float32(at) for axis, at in zip((frame.x, frame.y, frame.z), self.center, strict=True)]
        turned = [sum(part * offset for part, offset in zip(row, offsets, strict=True)) for row in self.axes]
        return np.sqrt(sum(axis**2 for axis in turned)).astype(np.float32)


def draw_foci(rng: np.random.Generator, frame: Frame, brain: Brain, pattern: Pattern) -> list[Focus]:
    """Draw the foci of one tumor: anywhere in the white matter of the hemispheres, a second one not far away."""
    free = (brain.csf + brain.grey < 0.2) & (brain.cerebrum > 12) & (brain.ventricles < -7)
    free &= (np.abs(frame.x) > 13) & (frame.z > -24)
    foci: list[Focus] = []
    for _ in range(pattern.foci):
        places = np.argwhere(free)
        voxel = tuple(int(index) for index in places[rng.integers(len(places))])
        center = (float(frame.x[voxel]), float(frame.y[voxel]), float(frame.z[voxel]))
        foci.append(
            Focus(
                voxel=voxel,
                center=center,
                axes=_axes(rng),
                radius=rng.uniform(*pattern.radius),
                rim=rng.uniform(*pattern.rim),
                edema=rng.uniform(*pattern.edema),
                patchiness=pattern.patchiness[0]
                if np.isinf(pattern.patchiness[0])
                else rng.uniform(*pattern.patchiness),
                push=rng.uniform(0.25, 0.6),
            )
        )
        away = foci[-1].distance(frame)
        free &= (away > 25) & (away < 55)
    return foci


def _axes(rng: np.random.Generator) -> np.ndarray:
    """Random directions and lengths, whose product is 1."""
    turned, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    lengths = np.exp(rng.normal(0, 0.16, 3))
    return (turned / (lengths / np.prod(lengths) ** (1 / 3))[:, None]).astype(np.float32)


def displace(frame: Frame, brain: Brain, findings: Findings, foci: Sequence[Focus]) -> tuple[Brain, Findings]:
    """Push the tissues away from the foci, but not the surface of the brain, which the skull holds.

    What is at p was at ``c + (p - c) (1 - k exp(-|p - c|^2 / s^2))``, with c the middle of a focus, k its push and s
    the reach of tumor and edema; towards the surface k falls to 0.
    """
    places = np.indices(frame.shape, dtype=np.float32)
    shift = np.zeros_like(places)
    held = np.clip(brain.depth / 15, 0, 1)
    for focus in foci:
        offset = places - np.asarray(focus.voxel, np.float32)[:, None, None, None]
        reach = (1.2 * focus.radius + 0.8 * focus.edema) / frame.spacing
        shift += offset * (focus.push * held * np.exp(-(offset**2).sum(axis=0) / reach**2))
    (box,) = ndimage.find_objects((np.abs(shift).max(axis=0) > _LEAST_SHIFT).astype(np.int8))
    sources = (places - shift)[:, *box]

    def pulled(values: Volume) -> Volume:
        changed = values.copy()
        changed[box] = ndimage.map_coordinates(values, sources, order=1, mode="nearest")
        return changed

    return (
        replace(brain, csf=pulled(brain.csf), grey=pulled(brain.grey)),
        Findings(pulled(findings.vessels), pulled(findings.plexus), pulled(findings.lesions)),
    )
