"""The five types of intracranial hemorrhage, with the shapes that tell them apart.

Every function draws one bleed and gives its mask, shape (slices, rows, columns).
"""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from data_prep.demo.anatomy import Anatomy, Mask
from data_prep.demo.head import Head

__all__ = ["BLEEDS"]


def _epidural(rng: np.random.Generator, head: Head, anatomy: Anatomy) -> Mask:
    """A lens under the inner table, of limited extent: its thickness falls as 1 - (distance / radius)^2."""
    sign = rng.choice([-1, 1])
    angle = np.pi / 2 - sign * (np.pi / 2 + rng.uniform(-0.9, 0.9))
    radius, thickness = rng.uniform(28, 44), rng.uniform(16, 28)
    reach = (head.arc(angle) / radius) ** 2 + ((head.z - rng.uniform(-5, 40)) / rng.uniform(28, 42)) ** 2
    return anatomy.brain & (head.depth < thickness * (1 - reach))


def _subdural(rng: np.random.Generator, head: Head, anatomy: Anatomy) -> Mask:
    """A crescent over one hemisphere, nearly even in thickness; on some, a strip along the falx instead."""
    sign = rng.choice([-1, 1])
    one_side = anatomy.brain & (sign * head.x > 0)
    level, height = rng.uniform(5, 45), rng.uniform(34, 54)
    if rng.random() < 0.15:
        strip = sign * head.x < rng.uniform(5, 8) * (1 + 0.2 * head.noise(rng, 10.0))
        half = (head.y < -15) if rng.random() < 0.5 else (head.y > 30)
        return one_side & strip & half & (head.z > 5) & (np.abs(head.z - level) < height)
    angle = np.pi / 2 - sign * (np.pi / 2 + rng.uniform(-0.35, 0.35))
    reach = (head.arc(angle) / rng.uniform(75, 120)) ** 2 + ((head.z - level) / height) ** 2
    even = np.sqrt(np.clip(1 - reach**2, 0, None)) * (1 + 0.15 * head.noise(rng, 12.0))
    return one_side & (head.depth < rng.uniform(8, 13) * even)


def _subarachnoid(rng: np.random.Generator, head: Head, anatomy: Anatomy) -> Mask:
    """Blood that fills and widens the sulci of one region, or the basal cisterns and the Sylvian fissures."""
    if rng.random() < 0.4:
        x, y, z, radius = 0.0, -5.0, -10.0, rng.uniform(42, 60)
    else:
        x, y, z = rng.choice([-1, 1]) * rng.uniform(30, 50), rng.uniform(-45, 45), rng.uniform(5, 45)
        radius = rng.uniform(38, 60)
    distance = np.sqrt((head.x - x) ** 2 + (head.y - y) ** 2 + (head.z - z) ** 2)
    swollen = ndimage.distance_transform_edt(~anatomy.cisterns, sampling=head.spacing) < 2  # mm
    # The sheet beneath the skull is left out: filled, it would be a subdural bleed.
    within = (head.depth > 3) & (distance + 6 * head.noise(rng, 10.0) < radius)
    return anatomy.brain & ~anatomy.ventricles & swollen & within


def _intraventricular(rng: np.random.Generator, head: Head, anatomy: Anatomy) -> Mask:
    """A level in the occipital horns of a patient who lies on the back, or a cast of one lateral ventricle."""
    if rng.random() < 0.6:
        return anatomy.ventricles & (head.y + 1.5 * head.noise(rng, 12.0) > rng.uniform(8, 28))
    sign = rng.choice([-1, 1])
    return anatomy.ventricles & (sign * head.x > -2) & (head.noise(rng, 12.0) > rng.uniform(-1.5, -0.4))


def _intraparenchymal(rng: np.random.Generator, head: Head, anatomy: Anatomy) -> Mask:
    """An uneven ball, in the deep nuclei or in a lobe."""
    sign = rng.choice([-1, 1])
    if rng.random() < 0.45:
        x, y, z = sign * rng.uniform(14, 28), rng.uniform(-16, 16), rng.uniform(0, 14)
    else:
        x, y, z = sign * rng.uniform(22, 44), rng.uniform(-50, 55), rng.uniform(5, 48)
    wide, long, tall = rng.uniform(12, 23, 3)
    reach = ((head.x - x) / wide) ** 2 + ((head.y - y) / long) ** 2 + ((head.z - z) / (1.3 * tall)) ** 2
    ball = np.sqrt(reach) + 0.18 * head.noise(rng, 7.0) < 1
    return anatomy.brain & ~anatomy.ventricles & (head.depth > 5) & ball


BLEEDS: dict[str, Callable[[np.random.Generator, Head, Anatomy], Mask]] = {
    "subarachnoid": _subarachnoid,
    "intraventricular": _intraventricular,
    "intraparenchymal": _intraparenchymal,
    "subdural": _subdural,
    "epidural": _epidural,
}
"""The types in the order in which they are painted: a later one covers an earlier one."""
