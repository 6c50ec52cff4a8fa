"""A photograph of a lesion: the view, the light, the sensor, and nothing that depends on the diagnosis."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from data_prep.demo.dermoscopy.artifacts import add_bubbles, add_hairs, add_ruler
from data_prep.demo.drawing.canvas import EXTENT, make_canvas, soft

__all__ = ["take_photograph"]

_FINER = 2  # positions a pixel and axis, which are averaged


def take_photograph(
    rng: np.random.Generator, lesion: NDArray[np.floating], size: int, hairy: float
) -> NDArray[np.uint8]:
    """Photograph a lesion from another distance, direction and side, in another light, each time.

    Args:
        rng: the source of randomness of this photograph.
        lesion: as :func:`~data_prep.demo.dermoscopy.lesion.make_lesion` gives it.
        size: rows and columns of the photograph.
        hairy: how many hairs the skin has, from 0 to 1.

    Returns:
        Red, green and blue, shape (size, size, 3).
    """
    frame = make_canvas(_FINER * size)
    x, y = frame.x / EXTENT, frame.y / EXTENT
    seen = add_hairs(rng, _view(rng, lesion, x, y), hairy)
    if rng.random() < 0.06:
        seen = add_ruler(rng, seen)
    if rng.random() < 0.15:
        seen = add_bubbles(rng, seen)

    tilt = rng.uniform(0, 2 * np.pi)
    light = 1 + rng.uniform(0, 0.16) * (math.cos(tilt) * x + math.sin(tilt) * y) - rng.uniform(0, 0.16) * (x**2 + y**2)
    balance = np.exp(rng.normal(0, 0.045, 3) + rng.normal(0, 0.06)).astype(np.float32)
    seen = seen * light[..., None] * balance
    if rng.random() < 0.15:  # the round field of view of an older dermoscope
        seen = seen * soft(rng.uniform(1.02, 1.25) - np.hypot(x, y), 0.012)[..., None]
    seen = np.clip(seen, 0, 1) ** math.exp(rng.normal(0, 0.12))
    seen = seen.reshape(size, _FINER, size, _FINER, 3).mean(axis=(1, 3))
    blur = 1.2 * rng.beta(1.2, 2.5) * size / 96
    seen = ndimage.gaussian_filter(seen, (blur, blur, 0))
    seen = seen + rng.uniform(0.004, 0.018) * rng.standard_normal(seen.shape, dtype=np.float32)
    return np.clip(np.rint(255 * seen), 0, 255).astype(np.uint8)


def _view(
    rng: np.random.Generator, lesion: NDArray[np.floating], x: NDArray[np.floating], y: NDArray[np.floating]
) -> NDArray[np.floating]:
    """The lesion at positions (x, y) of a photograph from -1 to 1; skin beyond its canvas is mirrored."""
    turn, reach = rng.uniform(0, 2 * np.pi), math.exp(rng.normal(0, 0.14))
    right, down = rng.normal(0, 0.1, 2)
    side = lesion.shape[0]
    cosine, sine, scale = math.cos(turn), math.sin(turn), reach * side / (2 * EXTENT)
    rows = scale * (sine * x + cosine * y + float(down)) + (side - 1) / 2
    columns = scale * (cosine * x - sine * y + float(right)) + (side - 1) / 2
    channels = [ndimage.map_coordinates(lesion[..., c], [rows, columns], order=1, mode="mirror") for c in range(3)]
    return np.stack(channels, axis=-1)
