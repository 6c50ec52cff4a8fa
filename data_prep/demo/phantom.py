"""One patient: a head, its bleeds and the label of every slice."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from data_prep.datasets.rsna_labels import HEMORRHAGE_TYPES
from data_prep.demo.anatomy import Anatomy, Mask, make_anatomy
from data_prep.demo.bleeds import BLEEDS
from data_prep.demo.distractors import add_artifacts, add_findings
from data_prep.demo.fields import Volume
from data_prep.demo.head import Head, make_head

__all__ = ["MINIMUM_AREA", "Phantom", "make_phantom"]

MINIMUM_AREA = 100.0
"""mm^2 of one type that a slice must show to count as positive; less is not painted, so that no label is in doubt."""

# How often a second type comes with the first one.
_COMPANIONS = {
    "epidural": {"subdural": 0.4, "subarachnoid": 0.35, "intraparenchymal": 0.3, "intraventricular": 0.2},
    "intraparenchymal": {"intraventricular": 0.6, "subarachnoid": 0.3, "subdural": 0.2},
    "intraventricular": {"intraparenchymal": 0.6, "subarachnoid": 0.3},
    "subarachnoid": {"subdural": 0.35, "intraventricular": 0.5, "intraparenchymal": 0.3},
    "subdural": {"subarachnoid": 0.35, "epidural": 0.45, "intraparenchymal": 0.3},
}


@dataclass(frozen=True)
class Phantom:
    """The scan of one patient.

    Args:
        hu: Hounsfield units, shape (slices, rows, columns).
        labels: 0 or 1 for each slice and type, shape (slices, 5), in the order of ``HEMORRHAGE_TYPES``.
        spacing: distance of slices, rows and columns in mm.
        levels: position of each slice in mm.
    """

    hu: Volume
    labels: np.ndarray
    spacing: tuple[float, float, float]
    levels: tuple[float, ...]


def make_phantom(seed: int, patient: int, size: int, slices: int) -> Phantom:
    """Draw patient number ``patient`` of the set with this seed; the same arguments give the same patient.

    Three of five patients bleed, and the first types of these take turns, so that a small set has them all.

    Args:
        seed: the seed of the set.
        patient: number of the patient, from 0.
        size: rows and columns.
        slices: number of slices.
    """
    rng = np.random.default_rng([seed, patient])
    head = make_head(rng, size, slices)
    anatomy = make_anatomy(rng, head)
    hu = add_findings(rng, head, anatomy)
    kinds = _paint(rng, head, anatomy, hu, _draw_types(rng, patient))
    hu = ndimage.gaussian_filter(hu, (0.25, 0.45, 0.45), mode="nearest")  # partial volume
    hu = add_artifacts(rng, head, anatomy, hu)
    labels = np.stack([(kinds == 1 + index).any(axis=(1, 2)) for index in range(len(HEMORRHAGE_TYPES))], axis=1)
    return Phantom(hu=hu, labels=labels.astype(np.int64), spacing=head.spacing, levels=head.levels)


def _draw_types(rng: np.random.Generator, patient: int) -> set[str]:
    group, place = divmod(patient, 5)
    if place not in (1, 2, 4):
        return set()
    first = HEMORRHAGE_TYPES[(3 * group + (1, 2, 4).index(place)) % len(HEMORRHAGE_TYPES)]
    return {first} | {other for other, chance in _COMPANIONS[first].items() if rng.random() < chance}


def _paint(rng: np.random.Generator, head: Head, anatomy: Anatomy, hu: Volume, types: set[str]) -> np.ndarray:
    """Paint the bleeds into ``hu``; gives 0 or 1 + the index of the type for each voxel."""
    kinds = np.zeros(head.shape, np.int8)
    for name, draw in BLEEDS.items():
        if name in types:
            kinds[draw(rng, head, anatomy)] = 1 + HEMORRHAGE_TYPES.index(name)
    pixel_area = head.spacing[1] * head.spacing[2]
    for name in types:
        kind = 1 + HEMORRHAGE_TYPES.index(name)
        traces = (kinds == kind).sum(axis=(1, 2)) * pixel_area < MINIMUM_AREA
        kinds[traces[:, None, None] & (kinds == kind)] = 0
    for name in (name for name in BLEEDS if name in types):  # a set has no order of its own
        bleed = kinds == 1 + HEMORRHAGE_TYPES.index(name)
        if name == "intraparenchymal":
            hu[_rim(rng, head, bleed) & anatomy.brain & (kinds == 0)] -= np.float32(rng.uniform(6, 14))
        subacute = rng.random() < 0.06
        density = rng.uniform(46, 52) if subacute else rng.uniform(58, 78)
        hu[bleed] = (np.float32(density) + 2.5 * head.noise(rng, 4.0))[bleed]
    return kinds


def _rim(rng: np.random.Generator, head: Head, bleed: Mask) -> Mask:
    """The oedema around a bleed, slice by slice."""
    if not bleed.any():
        return bleed
    reach = rng.uniform(3, 9)
    outside = [
        ndimage.distance_transform_edt(~plane) if plane.any() else np.full(plane.shape, np.inf) for plane in bleed
    ]
    return np.stack(outside) * head.spacing[1] < reach
