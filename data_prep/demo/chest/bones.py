"""The bones of a chest: the two arcs of each rib, collarbones, shoulder blades and the spine."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from data_prep.demo.chest.thorax import Thorax
from data_prep.demo.drawing.canvas import Canvas, Plane, soft

__all__ = ["draw_bones"]

_POSTERIOR, _ANTERIOR = 11, 7  # arcs that are seen
_FIRST, _DISTANCE = -126.0, 23.5  # mm: where the first rib leaves the spine, and how far below the next one does
_VERTEBRA = 24.0  # mm


def draw_bones(rng: np.random.Generator, frame: Canvas, thorax: Thorax) -> Plane:
    """Draw what bones add to the attenuation, in units of the middle of the body.

    Args:
        rng: the source of randomness.
        frame: of the chest.
        thorax: whose bones they are.
    """
    density = rng.normal(1, 0.15)
    ribs = _ribs(rng, frame, thorax)
    collarbones, blades = _collarbones(rng, thorax), _blades(rng, thorax)
    spine = 0.07 * soft(17 - thorax.side, 1.2) * (1 + 0.35 * np.cos(2 * np.pi * thorax.y / _VERTEBRA))
    spine += 0.04 * soft(3.0 - thorax.side, 1.0)  # the spinous processes
    return density * (rng.uniform(0.8, 1.2) * ribs + collarbones + blades + spine)


def _ribs(rng: np.random.Generator, frame: Canvas, thorax: Thorax) -> Plane:
    """Ribs leave the spine, run outwards and down, turn at the wall and come forwards, steeper and fainter."""
    found = np.zeros_like(thorax.x)
    first, distance = _FIRST + rng.normal(0, 4), _DISTANCE * rng.normal(1, 0.03)
    droop, steep = rng.normal(1, 0.15), rng.normal(1, 0.12)
    columns = np.abs(frame.x[0])
    levels = frame.y[:, 0]
    for rib in range(_POSTERIOR):
        root = first + distance * rib + rng.normal(0, 0.8)
        wall = float(np.interp(root, levels, thorax.reach[:, 0])) + 3.0
        share = np.clip(columns / wall, 0, 1)
        end = root + droop * (4 + 2.6 * rib) + 20
        back = root - 9 * np.sin(np.pi * share) + droop * (4 + 2.6 * rib) * share**2 + 20 * share**6
        half = rng.normal(5.4, 0.3) * (0.85 + 0.15 * share)
        ends = expit((wall - columns) / 1.2) * expit((columns - 15) / 2)
        _add_arc(found, thorax, back, half, 0.060 * ends)
        if rib < _ANTERIOR:
            inwards = 1 - share
            front = end + 2 + steep * (46 + 3 * rib) * inwards - 10 * inwards**2 - 18 * inwards**0.5 + 6
            fade = expit((columns - (38 + 4 * rib)) / 7) * expit((wall - columns) / 1.2)
            _add_arc(found, thorax, front, half * 1.15, 0.046 * fade)
    return found


def _add_arc(
    found: Plane,
    thorax: Thorax,
    middle: NDArray[np.floating],
    half: NDArray[np.floating],
    strength: NDArray[np.floating],
) -> None:
    """Add a tube with a denser rim along a curve y(column)."""
    step = thorax.y[1, 0] - thorax.y[0, 0]
    slope = np.hypot(1, np.gradient(middle) / step)
    shown = strength > 1e-4
    reach = 3 * float(half.max()) * float(slope[shown].max())
    rows = np.flatnonzero(
        (thorax.y.max(axis=1) > middle[shown].min() - reach) & (thorax.y.min(axis=1) < middle[shown].max() + reach)
    )
    if not len(rows):
        return
    band = slice(rows[0], rows[-1] + 1)
    away = np.abs(thorax.y[band] - middle.astype(np.float32)) / slope.astype(np.float32)
    inside = half.astype(np.float32) - away
    tube = np.clip(inside / 1.6 + 0.5, 0, 1) * (0.8 + 0.45 * np.exp(-(((inside - 1.5) / 1.4) ** 2)))
    found[band] += tube * strength.astype(np.float32)


def _collarbones(rng: np.random.Generator, thorax: Thorax) -> Plane:
    """Two S-shaped bars from the breastbone to the shoulders."""
    level, rise = rng.normal(-104, 7), rng.normal(26, 6)
    share = np.clip((thorax.side - 16) / 130, 0, 1)
    middle = level - rise * share - 6 * np.sin(2 * np.pi * share)
    half = 5.5 + 2.0 * np.abs(share - 0.5)
    inside = half - np.abs(thorax.y - middle)
    bar = np.clip(inside / 1.6 + 0.5, 0, 1) * (0.8 + 0.4 * np.exp(-(((inside - 1.5) / 1.5) ** 2)))
    return 0.13 * bar * soft(thorax.side - 13, 1.5) * soft(150 - thorax.side, 3)


def _blades(rng: np.random.Generator, thorax: Thorax) -> Plane:
    """Shoulder blades, turned out of the lungs more or less."""
    inner = rng.normal(116, 9)
    edge = thorax.side - inner + 0.1 * (thorax.y + 60) - 0.004 * (thorax.y + 60) ** 2
    inside = soft(edge, 2.5) * soft(thorax.y + 112, 8.0) * soft(-5 - thorax.y, 8.0)
    return inside * (0.02 + 0.02 * np.exp(-(((edge - 4) / 3) ** 2)))
