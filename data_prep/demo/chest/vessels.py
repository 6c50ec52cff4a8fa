"""The vessels of the lungs, which branch from the hila and grow thinner outwards."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from data_prep.demo.chest.frame import LEFT, RIGHT
from data_prep.demo.chest.thorax import Thorax
from data_prep.demo.drawing.canvas import Canvas, Plane
from data_prep.demo.drawing.lines import draw_lines, wander

__all__ = ["draw_vessels"]

Line = tuple[NDArray[np.float64], float]
_TRUNKS = 9
_FORKS = 2
_STEP = 7.0  # mm


def draw_vessels(rng: np.random.Generator, frame: Canvas, thorax: Thorax) -> Plane:
    """Draw what vessels and hila add to the attenuation, in units of the middle of the body."""
    lines = [line for hand, hilum in zip((RIGHT, LEFT), thorax.hila, strict=True) for line in _tree(rng, hilum, hand)]
    drawn = 0.07 * ndimage.gaussian_filter(draw_lines(frame, lines), 1.0 / frame.pixel)
    hila = sum(np.exp(-(((thorax.x - x) / 11) ** 2) - ((thorax.y - y) / 17) ** 2) for x, y in thorax.hila)
    return rng.uniform(0.7, 1.2) * drawn + 0.07 * rng.uniform(0.7, 1.3) * hila


def _tree(rng: np.random.Generator, hilum: tuple[float, float], hand: int) -> list[Line]:
    """Trunks in all directions but to the midline; the lower lobes have the thicker ones."""
    found: list[Line] = []
    for angle in np.linspace(-1.35, 1.35, _TRUNKS) + rng.normal(0, 0.1, _TRUNKS):
        heading = angle if hand == LEFT else math.pi - angle
        start = (hilum[0] + rng.normal(0, 4), hilum[1] + 12 * math.sin(angle) + rng.normal(0, 4))
        width = rng.uniform(3.2, 5.0) * (1.15 if angle > 0.3 else 0.9)
        _grow(rng, found, start, heading, width, rng.uniform(42, 62), _FORKS)
    return found


def _grow(
    rng: np.random.Generator,
    found: list[Line],
    start: tuple[float, float],
    heading: float,
    width: float,
    length: float,
    forks: int,
) -> None:
    """Add a vessel, and where it still forks its two ends and, of a trunk, a branch aside."""
    path = wander(rng, start, heading, length, 0.14, step=_STEP)
    half = len(path) // 2
    found += [(path[: half + 1], width), (path[half:], 0.75 * width)]
    if not forks:
        return
    last = path[-1] - path[-2]
    end = math.atan2(last[1], last[0])
    for turn in (-1, 1):
        spread = end + turn * rng.uniform(0.15, 0.6)
        _grow(rng, found, (path[-1, 0], path[-1, 1]), spread, 0.62 * width, length * rng.uniform(0.55, 0.8), forks - 1)
    if forks == _FORKS:
        aside = heading + rng.choice([-1, 1]) * rng.uniform(0.5, 0.9)
        _grow(rng, found, (path[half, 0], path[half, 1]), aside, 0.5 * width, length * rng.uniform(0.4, 0.6), 0)
