"""Findings that look a little like a fresh bleed, or hide one, and are none."""

import numpy as np

from data_prep.demo.anatomy import Anatomy
from data_prep.demo.fields import Volume
from data_prep.demo.head import Head

__all__ = ["add_artifacts", "add_findings"]


def add_findings(rng: np.random.Generator, head: Head, anatomy: Anatomy) -> Volume:
    """Give the anatomy old infarcts and calcifications, each on some patients.

    Returns:
        Hounsfield units, shape (slices, rows, columns).
    """
    hu = anatomy.hu.copy()
    tissue = anatomy.brain & ~anatomy.ventricles & ~anatomy.cisterns
    side = np.abs(head.x)
    if rng.random() < 0.35:  # an old infarct, at the surface or lacunar
        radius = rng.uniform(6, 24)
        x, y, z = rng.uniform(18, 50) * rng.choice([-1, 1]), rng.uniform(-45, 50), rng.uniform(0, 40)
        distance = np.sqrt((head.x - x) ** 2 + (head.y - y) ** 2 + (head.z - z) ** 2) + 4 * head.noise(rng, 9.0)
        hu[tissue & (distance < radius)] -= np.float32(rng.uniform(6, 18))
    spots = np.full(head.shape, np.inf, np.float32)
    if rng.random() < 0.45:  # the pineal gland
        spots = np.minimum(spots, _distance(head, head.x, 0, 22, 2) / rng.uniform(1.5, 3.5))
    if rng.random() < 0.45:  # the choroid plexus
        spots = np.minimum(spots, _distance(head, side, 21, 30, 12) / rng.uniform(2.0, 5.0))
    if rng.random() < 0.2:  # the basal ganglia
        spots = np.minimum(spots, _distance(head, side, 20, -6, 3) / rng.uniform(2.0, 5.0))
    hu[anatomy.brain & (spots < 1)] = rng.uniform(75, 260)
    if rng.random() < 0.2:  # a stretch of the falx
        plaque = (side < 1.5) & (np.abs(head.y + rng.uniform(40, 65)) < rng.uniform(4, 12)) & (head.z > 5)
        hu[anatomy.brain & plaque] = rng.uniform(90, 300)
    return hu


def add_artifacts(rng: np.random.Generator, head: Head, anatomy: Anatomy, hu: Volume) -> Volume:
    """What the scanner does to the head: beam hardening, and noise that is finer than the anatomy.

    Returns:
        Hounsfield units, shape (slices, rows, columns).
    """
    low = np.clip(-(head.z + 12) / 16, 0, 1.3)
    band = np.exp(-(((head.y - 2) / 9) ** 2)) * low * rng.uniform(0, 14)
    streaks = head.noise(rng, 1.0).mean(axis=2, keepdims=True) * low * rng.uniform(0, 25)
    cupping = rng.uniform(1, 5) * np.exp(-np.clip(head.depth, 0, None) / 3.5)
    noise = rng.uniform(1.8, 3.6) * head.noise(rng, 0.45 * head.spacing[1])
    drift = rng.normal(0, 1.5)  # scanners disagree by a little
    changed = hu + noise + np.where(anatomy.brain, cupping - band + streaks + drift, 0)
    return changed.astype(np.float32)


def _distance(head: Head, x: Volume, at_x: float, at_y: float, at_z: float) -> Volume:
    """Distance in mm, with z counted at half, since calcifications reach through more than one thick slice."""
    return np.sqrt((x - at_x) ** 2 + (head.y - at_y) ** 2 + ((head.z - at_z) / 2) ** 2)
