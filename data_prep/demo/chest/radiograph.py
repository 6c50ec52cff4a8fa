"""One radiograph: a chest, its findings, and the picture that is taken of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from data_prep.datasets.chest_layout import DIAGNOSES
from data_prep.demo.chest.body import draw_body
from data_prep.demo.chest.bones import draw_bones
from data_prep.demo.chest.detector import expose, view
from data_prep.demo.chest.distractors import draw_metal, draw_shadows
from data_prep.demo.chest.findings import FINDINGS
from data_prep.demo.chest.frame import make_frame, taken_twice
from data_prep.demo.chest.thorax import make_thorax
from data_prep.demo.chest.vessels import draw_vessels
from data_prep.demo.drawing.canvas import soft

__all__ = ["Radiograph", "make_radiograph"]


@dataclass(frozen=True)
class Radiograph:
    """A frontal chest radiograph and its lungs.

    Args:
        image: bones bright, shape (rows, columns).
        mask: 255 in both lungs, 0 elsewhere, of the same shape.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]


def make_radiograph(rng: np.random.Generator, diagnosis: int, size: int) -> Radiograph:
    """Draw a patient with a diagnosis and take the picture.

    Args:
        rng: the source of randomness of this patient.
        diagnosis: an index of ``DIAGNOSES``.
        size: rows and columns.
    """
    frame = make_frame(size)
    thorax = make_thorax(rng, frame)
    body, air = draw_body(rng, frame, thorax)
    within = np.sqrt(air)
    attenuation = (
        body
        + draw_bones(rng, frame, thorax)
        + within * draw_vessels(rng, frame, thorax)
        + draw_shadows(rng, frame, thorax)
        + draw_metal(rng, frame, thorax)
    )
    if (draw_finding := FINDINGS.get(DIAGNOSES[diagnosis])) is not None:
        attenuation += within * draw_finding(rng, frame, thorax)
    seen, lungs = view(rng, frame, (attenuation, soft(thorax.lungs, 0.3)), size)
    return Radiograph(expose(rng, seen), _outline(taken_twice(lungs) > 0.5))


def _outline(lungs: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The mask of the two largest regions, without the splinters that pixels leave in the narrow angles."""
    regions, count = ndimage.label(lungs)
    areas = ndimage.sum_labels(lungs, regions, np.arange(1, count + 1))
    return np.where(np.isin(regions, 1 + np.argsort(-areas, kind="stable")[:2]), 255, 0).astype(np.uint8)
