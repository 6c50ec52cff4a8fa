"""What lies between the lens and the skin: hairs, bubbles in the gel, and a ruler."""

import math

import numpy as np
from numpy.typing import NDArray

from data_prep.demo.drawing.canvas import EXTENT, make_canvas
from data_prep.demo.drawing.lines import draw_lines, wander

__all__ = ["add_bubbles", "add_hairs", "add_ruler"]

Picture = NDArray[np.floating]
"""Red, green and blue from 0 to 1, shape (side, side, 3)."""


def add_hairs(rng: np.random.Generator, picture: Picture, hairy: float) -> Picture:
    """Lay hairs of one color and about one direction over the picture.

    Args:
        rng: the source of randomness.
        picture: to draw on.
        hairy: from 0 (no hair) to 1 (some twenty).
    """
    count = rng.poisson(20 * hairy)
    canvas, main = make_canvas(picture.shape[0]), rng.uniform(0, 2 * np.pi)
    lines = []
    for _ in range(count):
        start = rng.uniform(-EXTENT, EXTENT, 2)
        path = wander(rng, (start[0], start[1]), main + rng.normal(0, 0.5), rng.uniform(0.6, 2.4), 0.05)
        lines.append((path, rng.uniform(0.012, 0.028)))
    color = np.asarray(
        rng.choice([(0.10, 0.08, 0.07), (0.26, 0.17, 0.11), (0.72, 0.60, 0.42)], p=[0.5, 0.35, 0.15]), np.float32
    )
    return _blend(picture, 0.85 * draw_lines(canvas, lines), color) if lines else picture


def add_bubbles(rng: np.random.Generator, picture: Picture) -> Picture:
    """Put a few bubbles into the gel: a thin bright rim that is brighter on the side of the lamp."""
    canvas, lamp = make_canvas(picture.shape[0]), rng.uniform(0, 2 * np.pi)
    for x, y in rng.uniform(-0.9 * EXTENT, 0.9 * EXTENT, (rng.integers(1, 7), 2)):
        dx, dy = canvas.x - float(x), canvas.y - float(y)
        distance, size = np.hypot(dx, dy), rng.uniform(0.05, 0.24)
        rim = np.exp(-(((distance - size) / 0.022) ** 2))
        side = 0.55 + 0.45 * (math.cos(lamp) * dx + math.sin(lamp) * dy) / np.maximum(distance, 1e-3)
        picture = _blend(picture, 0.75 * rim * side, np.ones(3, np.float32))
    return picture


def add_ruler(rng: np.random.Generator, picture: Picture) -> Picture:
    """Print the marks of a ruler along one edge."""
    canvas = make_canvas(picture.shape[0])
    edge, step = rng.uniform(0.78, 0.95) * EXTENT, rng.uniform(0.1, 0.16)
    ticks = np.arange(-EXTENT, EXTENT, step)
    lines = [
        (np.array([[tick, edge], [tick, edge - (0.16 if index % 5 == 0 else 0.08)]]), 0.014)
        for index, tick in enumerate(ticks)
    ]
    marks = np.rot90(draw_lines(canvas, lines), int(rng.integers(4)))
    return _blend(picture, 0.8 * marks, np.full(3, 0.08, np.float32))


def _blend(picture: Picture, share: NDArray[np.floating], color: NDArray[np.floating]) -> Picture:
    return (1 - share[..., None]) * picture + share[..., None] * color
