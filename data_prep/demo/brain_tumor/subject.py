"""One subject: a brain, its tumor, and its scans."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_prep.demo.brain_tumor.brain import make_brain
from data_prep.demo.brain_tumor.distractors import add_findings
from data_prep.demo.brain_tumor.foci import PATTERNS, displace, draw_foci
from data_prep.demo.brain_tumor.frame import make_frame
from data_prep.demo.brain_tumor.scanner import scan
from data_prep.demo.brain_tumor.tumor import grow_tumor

__all__ = ["Subject", "make_subject"]


@dataclass(frozen=True)
class Subject:
    """The scans of one subject, with axes to the left, to the back and up.

    Args:
        images: the volume of each modality; 0 outside the brain.
        mask: 0, 1 (necrotic and non-enhancing), 2 (edema) or 4 (enhancing), of the same shape.
        spacing: distance of neighbouring voxels in mm.
    """

    images: dict[str, NDArray[np.int16]]
    mask: NDArray[np.int16]
    spacing: float


def make_subject(seed: int, subject: int, size: int) -> Subject:
    """Draw subject number ``subject`` of the set with this seed; the same arguments give the same subject.

    The kinds of tumors take turns, so that a small set has them all: one in six does not enhance.

    Args:
        seed: the seed of the set.
        subject: number of the subject, from 0.
        size: voxels along the longest side.
    """
    rng = np.random.default_rng([seed, subject, size])
    frame = make_frame(rng, size)
    brain = make_brain(rng, frame)
    findings = add_findings(rng, frame, brain)
    foci = draw_foci(rng, frame, brain, PATTERNS[subject % len(PATTERNS)])
    brain, findings = displace(frame, brain, findings, foci)
    tumor = grow_tumor(rng, frame, brain, foci)
    return Subject(scan(rng, frame, brain, findings, tumor), tumor.mask, frame.spacing)
