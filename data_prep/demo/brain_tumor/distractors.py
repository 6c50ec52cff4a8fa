"""Findings that are as bright as a tumor in one of the modalities, and are none."""

from dataclasses import dataclass

import numpy as np

from data_prep.demo.brain_tumor.brain import Brain
from data_prep.demo.brain_tumor.frame import Frame
from data_prep.demo.fields import Volume

__all__ = ["Findings", "add_findings"]

_COURSE = 9.0  # mm: the scale of the two fields whose common zeros the vessels are


@dataclass(frozen=True)
class Findings:
    """Shares of each voxel from 0 to 1, shape (left, back, up).

    Args:
        vessels: arteries, veins and sinuses, which take up contrast as a tumor's rim does.
        plexus: the choroid plexus in the ventricles, which does so too.
        lesions: white matter that is as bright as edema on FLAIR: caps of the ventricles, and scattered spots.
    """

    vessels: Volume
    plexus: Volume
    lesions: Volume


def add_findings(rng: np.random.Generator, frame: Frame, brain: Brain) -> Findings:
    """Draw the vessels, the plexus and the white matter lesions of one subject."""
    plexus = frame.ellipsoid((19, 28, 7), (4.0, 9.0, 4.5), mirrored=True)
    plexus = np.minimum(plexus, brain.ventricles + 0.5)
    return Findings(
        vessels=_vessels(rng, frame, brain),
        plexus=(frame.share(plexus) * np.float32(rng.uniform(0.5, 1))).astype(np.float32),
        lesions=_lesions(rng, frame, brain),
    )


def _vessels(rng: np.random.Generator, frame: Frame, brain: Brain) -> Volume:
    """Curves in the sulci and fissures, where two random fields are zero, the large arteries, and the sinuses."""
    course = np.hypot(frame.noise(rng, _COURSE), frame.noise(rng, _COURSE)) * (_COURSE / 1.22)  # mm, about
    small = frame.share(rng.uniform(0.7, 1.3) - course) * (brain.fluid < 4)
    side = np.abs(frame.x)
    middle = np.hypot(frame.y + 18 - 0.35 * side, frame.z + 9 + 3 * np.sin(side / 5)) + np.maximum(
        np.abs(side - 18) - 13, 0
    )
    front = np.hypot(frame.x, frame.y + 30 - 0.1 * frame.z) + np.maximum(np.abs(frame.z) - 14, 0)
    sagittal = np.hypot(frame.x, brain.depth - 1.0) + 3.0 * ((frame.z < 0) | (frame.y < -60))
    straight = np.hypot(frame.x, frame.z - 8 + 0.5 * (frame.y - 38)) + np.maximum(np.abs(frame.y - 54) - 16, 0)
    large = np.minimum(np.minimum(middle, front), np.minimum(sagittal - 1.2, straight - 0.3))
    dura = 0.35 * (frame.noise(rng, 12.0) > 1.2) * frame.share(1.0 - brain.depth)
    return np.maximum(np.maximum(small, frame.share(1.1 - large)), dura).astype(np.float32)


def _lesions(rng: np.random.Generator, frame: Frame, brain: Brain) -> Volume:
    """Caps of the horns, and spots in the white matter, both more with age."""
    age = rng.beta(1.5, 2.0)
    field = frame.noise(rng, 4.5)
    horns = np.abs(frame.y - 4) > 22
    thick = (1.0 + 5.0 * age) * np.where(horns, 1.0, 0.45) + 1.2 * field
    caps = frame.share(brain.ventricles + thick) * (brain.ventricles < 0.5) * (np.abs(frame.x) > 4)
    spots = np.clip(3 * (field - 2.7 + 1.1 * age), 0, 1) * (brain.fluid > 5)
    white = np.clip(1 - brain.csf - brain.grey, 0, 1)
    return (np.maximum(caps, spots) * white * (brain.cerebrum > 4)).astype(np.float32)
