"""The healthy anatomy of a subject: how much of each voxel is white matter, cortex or fluid."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from data_prep.demo.brain_tumor.deep import deep_nuclei, ventricles
from data_prep.demo.brain_tumor.frame import Frame
from data_prep.demo.fields import Volume

__all__ = ["Brain", "make_brain"]

_CORTEX = 3.0  # mm
_SULCI = 3.9  # mm: the scale of the field whose zeros they are
_SPHERE = 60.0  # mm: the field is drawn on spheres of this radius


@dataclass(frozen=True)
class Brain:
    """A brain without its skull.

    Args:
        inside: what skull stripping keeps, shape (left, back, up), like all volumes here.
        depth: mm beneath the surface of the brain.
        cerebrum: mm beneath the surface of the cerebral hemispheres; negative in cerebellum and brain stem.
        ventricles: mm beneath the surface of the ventricles, negative outside.
        fluid: mm from the nearest sulcus, fissure or surface.
        csf: share of cerebrospinal fluid, from 0 to 1.
        grey: share of grey matter; the rest is white matter.
    """

    inside: NDArray[np.bool_]
    depth: Volume
    cerebrum: Volume
    ventricles: Volume
    fluid: Volume
    csf: Volume
    grey: Volume


def make_brain(rng: np.random.Generator, frame: Frame) -> Brain:
    """Draw the tissues of one brain; its atrophy widens ventricles and sulci together."""
    atrophy = rng.beta(1.6, 2.4)
    body, temporal, cerebellum, stem = _parts(frame)
    cerebrum = np.maximum(body, temporal)
    parts = (body, temporal, cerebellum, stem)
    depth = np.maximum.reduce(parts)
    # The smooth union closes what lies between the parts, which is fluid.
    smooth = 3 * np.log(sum(np.exp(np.clip(part, -60, 60) / 3) for part in parts))

    gap = rng.uniform(0.1, 0.3) + 0.7 * atrophy  # mm: half the width of a sulcus
    fissures = np.minimum(_midline(frame), _sylvian(rng, frame))
    cortical = np.minimum(np.minimum(cerebrum, fissures), _sulci(rng, frame, cerebrum))
    hollow = ventricles(rng, frame, atrophy)
    csf = frame.share(np.maximum(gap - np.where(cerebrum > 0, cortical, np.inf), hollow))
    grey = frame.share(np.maximum(gap + _CORTEX - cortical, deep_nuclei(frame) - 0.5))

    hind = (cerebellum > cerebrum) | (stem > cerebrum)
    folia = np.abs(frame.noise(rng, 3.0))
    branches = cerebellum - 9 + 3 * frame.noise(rng, 5.0)
    grey = np.where(hind, np.where(cerebellum > stem, frame.share(-branches), 0.15), grey)
    csf = np.where(hind, np.maximum(0.45 * (folia < 0.18 + 0.2 * atrophy) * (cerebellum > stem), csf), csf)
    csf = np.maximum(csf, 1 - frame.share(depth))  # between and around the parts
    return Brain(
        inside=smooth > 0.3,
        depth=depth,
        cerebrum=cerebrum,
        ventricles=hollow,
        fluid=cortical,
        csf=csf.astype(np.float32),
        grey=(np.minimum(grey, 1 - csf)).astype(np.float32),
    )


def _parts(frame: Frame) -> tuple[Volume, Volume, Volume, Volume]:
    """Depth beneath the surfaces of the hemispheres, the temporal lobes, the cerebellum and the brain stem."""
    x, y, z = frame.x, frame.y + 1, frame.z - 4
    wide = 65 * (1 + 0.07 * np.tanh(y / 45))
    low = np.where(z > 0, 57, 27 - 5 * np.tanh(y / 30))
    rho = (np.abs(x / wide) ** 2.2 + np.abs(y / 81) ** 2.2 + np.abs(z / low) ** 2.4) ** (1 / 2.3)
    radius = np.sqrt(x**2 + y**2 + z**2)
    body = (radius * (1 / np.maximum(rho, 1e-3) - 1)).astype(np.float32)
    temporal = frame.ellipsoid((41, -2, -19), (21, 38, 17), mirrored=True)
    # Beneath the tentorium, which is 2 mm of fluid here.
    cerebellum = np.minimum(frame.ellipsoid((0, 47, -36), (48, 30, 22)), -2 - np.maximum(body, temporal))
    axis = np.hypot(frame.x, frame.y - 16 + 0.25 * (frame.z + 20))
    medulla = np.minimum(10.5 - axis, np.minimum(frame.z + 62, -frame.z - 2))
    stem = np.maximum(medulla, frame.ellipsoid((0, 17, -31), (16, 13, 14)))
    return body, temporal, cerebellum, stem.astype(np.float32)


def _midline(frame: Frame) -> Volume:
    """Distance in mm from the fissure between the hemispheres, above the corpus callosum and around the brain stem."""
    tall = np.where(frame.z > 2, 27, 45)
    bridge = 27 * (1 - np.sqrt(((frame.y - 3) / 40) ** 2 + ((frame.z - 2) / tall) ** 2))
    return np.hypot(frame.x, np.maximum(bridge, 0)).astype(np.float32)


def _sylvian(rng: np.random.Generator, frame: Frame) -> Volume:
    """Distance in mm from the Sylvian fissures, which rise to the back and reach in to the insula."""
    above = frame.z + 3 - 0.45 * (frame.y + 5) + 3 * frame.noise(rng, 7.0)
    inward = np.maximum(33 - np.abs(frame.x), 0)
    along = np.maximum(np.abs(frame.y + 6) - 28, 0)
    return np.sqrt(above**2 + inward**2 + along**2).astype(np.float32)


def _sulci(rng: np.random.Generator, frame: Frame, depth: Volume) -> Volume:
    """Distance in mm from the nearest sulcus: a zero of a random field that hardly changes towards the surface."""
    field = frame.noise(rng, _SULCI)
    x, y, z = frame.x - 22 * np.tanh(frame.x / 8), frame.y * 0.85, frame.z - 6
    radius = np.maximum(np.sqrt(x**2 + y**2 + z**2), 1)
    grow = (_SPHERE / radius) ** 0.5
    middle = (np.asarray(frame.shape, np.float32) - 1) / 2
    places = [axis * grow / frame.spacing + center for axis, center in zip((x, y, z), middle, strict=True)]
    values = ndimage.map_coordinates(field, places, order=1, mode="grid-wrap")
    # Near a zero, a field of this scale rises by about sqrt(3/2) / scale a mm.
    reach = 20 + 4 * frame.noise(rng, 14.0)
    return (np.abs(values) * (_SULCI / 1.22) + np.maximum(depth - reach, 0)).astype(np.float32)
