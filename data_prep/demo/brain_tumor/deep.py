"""What lies deep in a brain: the ventricles and the grey nuclei.

Every function gives depths in mm beneath a surface, negative outside, shape (left, back, up).
"""

import numpy as np

from data_prep.demo.brain_tumor.frame import Frame
from data_prep.demo.fields import Volume

__all__ = ["deep_nuclei", "ventricles"]


def ventricles(rng: np.random.Generator, frame: Frame, atrophy: float) -> Volume:
    """Two curved horns from front to back, those of the temporal lobes, the third and the fourth ventricle."""
    depth = np.full(frame.shape, -np.inf, np.float32)
    top, tall, long = rng.uniform(12, 15), 5.5 + 4 * atrophy, 40 + 8 * atrophy
    behind = np.abs(frame.y - 4)
    ends = np.sqrt(np.clip(1 - (behind / long) ** 4, 0, None))
    level = top - 0.22 * behind - 0.006 * np.maximum(frame.y - 10, 0) ** 2
    spread = 11 * (np.maximum(frame.y - 5, 0) / 40) ** 1.5 + 5 * np.clip(-frame.y - 12, 0, None) / 25
    for sign in (-1, 1):
        wide = (2.4 + 4.6 * atrophy) * rng.uniform(0.8, 1.25)  # the two sides are never quite equal
        thick = wide * ends * (1 + 0.6 * np.clip((frame.y - 20) / 15, 0, 1))
        outward = sign * frame.x - 2.5 - 0.8 * wide - spread
        upward = (frame.z - level) * np.maximum(thick / tall, 0.5)
        depth = np.maximum(depth, thick - np.hypot(outward, upward) - np.maximum(behind - 0.94 * long, 0))
    horn = 1.6 + 2.0 * atrophy
    depth = np.maximum(depth, frame.ellipsoid((31, 8, -14), (horn, 18, horn), mirrored=True))
    depth = np.maximum(depth, frame.ellipsoid((0, 6, 0), (1.0 + 2.5 * atrophy, 15, 9)))
    fourth = 4 + 2 * atrophy
    return np.maximum(depth, frame.ellipsoid((0, 34, -35), (1.5 * fourth, fourth, 9))).astype(np.float32)


def deep_nuclei(frame: Frame) -> Volume:
    """The heads of the caudate nuclei, the lentiform nuclei and the thalami, with the internal capsules between."""
    caudate = frame.ellipsoid((13.5, -17, 9), (5, 13, 9), mirrored=True)
    lentiform = frame.ellipsoid((25, -1, 2), (6.5, 17, 10), mirrored=True)
    thalamus = frame.ellipsoid((10.5, 13, 4), (8, 14, 9), mirrored=True)
    return np.maximum(np.maximum(caudate, lentiform), thalamus)
