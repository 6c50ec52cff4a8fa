"""The healthy anatomy of a phantom, in Hounsfield units."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_prep.demo.fields import Volume
from data_prep.demo.head import Head

__all__ = ["Anatomy", "Mask", "make_anatomy"]

Mask = NDArray[np.bool_]

_AIR, _FAT, _SKIN, _CSF, _WHITE, _GREY, _FALX, _DIPLOE, _BONE = -1000, -80, 30, 8, 28, 37, 50, 500, 1100


@dataclass(frozen=True)
class Anatomy:
    """A head in Hounsfield units and the spaces in which blood collects.

    Args:
        hu: the head without noise, shape (slices, rows, columns), like the masks.
        brain: everything inside the skull but the bones of its base.
        ventricles: the lateral, third and fourth ventricles.
        cisterns: sulci, fissures and basal cisterns, the subarachnoid space.
    """

    hu: Volume
    brain: Mask
    ventricles: Mask
    cisterns: Mask


def make_anatomy(rng: np.random.Generator, head: Head) -> Anatomy:
    """Draw the tissues of one head; its atrophy widens ventricles, sulci and the space beneath the skull together."""
    atrophy = rng.beta(1.6, 2.4)
    inside = head.depth > 0
    base = _base_bones(rng, head) & inside
    brain = inside & ~base
    ventricles = _ventricles(rng, head, atrophy) & brain
    cisterns = _cisterns(rng, head, atrophy) & brain & ~ventricles
    falx = _falx(rng, head) & brain & ~ventricles

    hu = np.full(head.shape, _AIR, np.float32)
    hu[head.scalp > 0] = _SKIN
    hu[(head.scalp > 2) & (head.depth + head.bone < -1)] = _FAT
    table = np.minimum(head.depth + head.bone, -head.depth)  # mm from the nearer of the two tables
    skull = (table > 0) & ~inside
    hu[skull] = np.where(table > 0.3 * head.bone, _DIPLOE, _BONE)[skull]
    hu[brain] = _parenchyma(rng, head)[brain]
    hu[cisterns | ventricles] = _CSF
    hu[falx] = _FALX
    hu[base] = _BONE
    sinus = base & (np.abs(head.x) < 16) & (head.y < -42)
    hu[sinus] = _AIR
    return Anatomy(hu=hu, brain=brain, ventricles=ventricles, cisterns=cisterns)


def _parenchyma(rng: np.random.Generator, head: Head) -> Volume:
    """White matter with a folded cortex, the deep nuclei and a finely textured cerebellum."""
    side = np.abs(head.x)
    cortex = head.depth + 2.5 * head.noise(rng, 8.0) < rng.uniform(6.0, 9.0)
    nuclei = ((side - 21) / 8) ** 2 + ((head.y + 6) / 20) ** 2 + ((head.z - 4) / 14) ** 2 < 1
    thalami = ((side - 11) / 8) ** 2 + ((head.y - 12) / 12) ** 2 + ((head.z - 4) / 11) ** 2 < 1
    cerebellum = (head.z < -14 - 0.15 * (head.y - 40)) & (head.y > 22)
    tissue = np.where(cortex | nuclei | thalami, _GREY, _WHITE + rng.normal(0, 1)).astype(np.float32)
    tissue[cerebellum] = (_GREY - 3 + 2.5 * head.noise(rng, 3.0))[cerebellum]
    return tissue + np.float32(1.2) * head.noise(rng, 5.0)


def _ventricles(rng: np.random.Generator, head: Head, atrophy: float) -> Mask:
    """Two curved horns from front to back, the slit of the third ventricle and the fourth."""
    found = np.zeros(head.shape, bool)
    top, tall = rng.uniform(15, 20), 11 + 7 * atrophy
    for sign in (-1, 1):
        wide = (3.0 + 7.0 * atrophy) * rng.uniform(0.8, 1.25)  # the two sides are never quite equal
        middle = 5 + wide + 13 * (np.maximum(head.y - 5, 0) / 40) ** 1.5 + 6 * np.clip(-head.y - 15, 0, None) / 25
        ends = np.clip(1 - ((head.y - 4) / (44 + 8 * atrophy)) ** 4, 0, None)
        thick = wide * ends * (1 + 0.5 * (head.y > 22) * np.clip((head.y - 22) / 15, 0, 1))
        level = top - 0.25 * np.abs(head.y - 4)
        found |= ((sign * head.x - middle) / np.maximum(thick, 1e-3)) ** 2 + ((head.z - level) / tall) ** 2 < 1
    slit = 1.0 + 3.0 * atrophy * rng.uniform(0.3, 1.2)
    found |= (np.abs(head.x) < slit) & (np.abs(head.y - 4) < 14) & (np.abs(head.z - 1) < 9)
    fourth = 5 + 3 * atrophy
    return found | ((head.x / (1.4 * fourth)) ** 2 + ((head.y - 36) / fourth) ** 2 + ((head.z + 28) / 10) ** 2 < 1)


def _cisterns(rng: np.random.Generator, head: Head, atrophy: float) -> Mask:
    """Sulci, the zero lines of a random field near the surface, and fissures and cisterns at their places."""
    side = np.abs(head.x)
    gap = head.depth < 0.6 + 2.2 * atrophy
    reach = 18 + 5 * head.noise(rng, 12.0)
    sulci = (np.abs(head.noise(rng, 6.5)) < 0.11 + 0.13 * atrophy) & (head.depth < reach) & (head.z > -22)
    fissure = (side < 0.7 + 1.5 * atrophy) & ((head.y < -35) | (head.y > 45) | (head.z > 42)) & (head.z > -15)
    sylvian = np.abs(head.y + 4 + 0.35 * (side - 30)) < 1.3 + 2.2 * atrophy
    sylvian &= (side > 28) & (np.abs(head.z - 2) < 16)
    angle, radius = np.arctan2(head.y + 8, head.x), np.hypot(head.x, head.y + 8)
    star = (radius < 9 + 4 * np.cos(5 * angle - np.pi / 2)) & (np.abs(head.z + 17) < 8)
    midbrain = np.hypot(head.x, head.y - 14)
    ambient = (np.abs(midbrain - 16) < 1.2 + atrophy) & (head.y > 8) & (np.abs(head.z + 11) < 9)
    return gap | sulci | fissure | sylvian | star | ambient


def _falx(rng: np.random.Generator, head: Head) -> Mask:
    """The falx, and the superior sagittal sinus behind, of the density of thin blood."""
    falx = (np.abs(head.x) < rng.uniform(0.5, 1.1)) & (head.z > 0)
    falx &= (head.y < -38) | (head.y > 42) | (head.z > 45)
    sinus = (np.abs(head.x) < 0.8 * (8 - head.depth)) & (head.depth < 7) & (head.y > 30) & (head.z > -12)
    return falx | sinus


def _base_bones(rng: np.random.Generator, head: Head) -> Mask:
    """Petrous and sphenoid ridges that grow towards the base, and the frontal bone around its sinus."""
    side = np.abs(head.x)
    low = np.clip(-(head.z + rng.uniform(20, 24)) / 8, 0, 1.5)
    wobble = 1 + 0.25 * head.noise(rng, 9.0)
    petrous = (np.abs(head.y - 4 - 0.35 * (side - 15)) < 7 * low * wobble) & (side > 14)
    sphenoid = (np.abs(head.y + 22 + 0.3 * (side - 12)) < 4 * low * wobble) & (side > 8)
    clivus = (side < 12 * low) & (np.abs(head.y + 10) < 9 * low)
    frontal = (head.depth < 14 * low) & (head.y < -45)
    return petrous | sphenoid | clivus | frontal
