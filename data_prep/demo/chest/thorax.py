"""The cavity of the chest and what is in it: lungs, heart, mediastinum and the domes of the diaphragm."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from data_prep.demo.chest.frame import LEFT, RIGHT
from data_prep.demo.drawing.canvas import Canvas, Plane

__all__ = ["Thorax", "make_thorax"]

# Distances from the midline, by level: pairs (y, mm).
_WALL = ((-141, 46), (-139, 58), (-133, 72), (-118, 91), (-92, 108), (-50, 122), (0, 131), (50, 136), (140, 138))
_MEDIASTINUM = {
    RIGHT: ((-141, 46), (-138, 33), (-128, 25), (-105, 22), (-60, 24), (-25, 25), (10, 27), (60, 25), (140, 22)),
    LEFT: (
        (-141, 46),
        (-138, 33),
        (-128, 24),
        (-100, 21),
        (-77, 24),
        (-63, 34),
        (-48, 29),
        (-30, 35),
        (-5, 43),
        (25, 52),
        (140, 25),
    ),
}


@dataclass(frozen=True)
class Thorax:
    """Where the organs of one chest lie.

    Args:
        x: mm to the patient's left of the midline, shape (rows, columns), like all planes here.
        y: mm below the hila.
        side: mm from the midline on either side.
        wall: mm inside the wall of the chest; negative outside.
        mediastinum: mm inside the mediastinum, without the heart.
        heart: mm inside the heart.
        abdomen: mm below the domes of the diaphragm.
        lungs: mm inside the lungs as they are outlined on radiographs: less than the cavity by all of the former.
        reach: the half width of the chest at each row, shape (rows, 1).
        hila: positions (x, y) of the right and the left one.
    """

    x: Plane
    y: Plane
    side: Plane
    wall: Plane
    mediastinum: Plane
    heart: Plane
    abdomen: Plane
    lungs: Plane
    reach: Plane
    hila: tuple[tuple[float, float], tuple[float, float]]


def make_thorax(rng: np.random.Generator, frame: Canvas) -> Thorax:
    """Draw a chest: its build, the depth of the breath, and the size and the turn of the heart."""
    wide, long = rng.normal(1, 0.05), rng.normal(1, 0.04)
    bend = 1.3  # mm: the small asymmetries of every chest
    x = (frame.x + bend * frame.noise(rng, 22.0)).astype(np.float32)
    y = (frame.y + bend * frame.noise(rng, 22.0)).astype(np.float32)
    rows = frame.y[:, :1] / np.float32(long)  # of these curves, the level alone
    right = x < 0
    side = np.abs(x)

    reach, slope = _curve(_WALL, rows, wide)
    wall = np.minimum((reach - side) / slope, rows - _WALL[0][0])
    edges = {hand: _curve(_MEDIASTINUM[hand], rows, rng.normal(1, 0.07)) for hand in (RIGHT, LEFT)}
    mediastinum = np.where(right, *((edge - side) / steep for edge, steep in edges.values()))
    heart = _heart(rng, x, y)
    top = rng.normal(84, 9)  # of the right dome: how deep the breath is
    abdomen = _below_domes(rng, side, y, np.where(right, top, top + rng.normal(11, 4)).astype(np.float32), wide)
    lungs = np.minimum.reduce([wall, -mediastinum, -heart, -abdomen])
    level = rng.normal(-8, 4)
    hila = ((-rng.normal(34, 2), level), (rng.normal(38, 2), level - rng.uniform(4, 12)))
    return Thorax(x, y, side, wall, mediastinum, heart, abdomen, lungs, reach, hila)


def _curve(points: tuple[tuple[float, float], ...], rows: Plane, scale: float) -> tuple[Plane, Plane]:
    """A smooth curve through points, and by how much a distance along a row exceeds that from the curve.

    Above the first point, which is the top of the lungs, the curve has no inside.
    """
    levels, values = np.array(points, float).T
    curve = PchipInterpolator(levels, scale * values, extrapolate=True)
    inside = np.clip(rows, levels[0], levels[-1])
    return curve(inside).astype(np.float32), np.hypot(1, curve(inside, 1)).astype(np.float32)


def _heart(rng: np.random.Generator, x: Plane, y: Plane) -> Plane:
    """About the depth inside an ellipse whose long axis points to the left and down."""
    size, turn = rng.normal(1, 0.07), math.radians(rng.normal(35, 6))
    dx, dy = x - float(rng.normal(27, 4)), y - float(rng.normal(50, 5))
    dy = np.where(dy > 0, 0.65 * dy, dy)  # it rests on the diaphragm, with no lung between
    along, across = math.cos(turn) * dx + math.sin(turn) * dy, math.cos(turn) * dy - math.sin(turn) * dx
    half = 53 * size
    return (1 - np.sqrt((along / (69 * size)) ** 2 + (across / half) ** 2)) * half


def _below_domes(rng: np.random.Generator, side: Plane, y: Plane, top: Plane, wide: float) -> Plane:
    """How far each position lies below the domes, whose outer ends are the costophrenic angles."""
    middle, drop = rng.normal(66, 4), rng.normal(46, 6)
    outer = np.maximum(side - middle, 0) / (137 * wide - middle)
    inner = np.maximum(middle - side, 0) / middle
    steep = outer**1.6
    return (y - top - drop * outer * steep - 11 * inner**2) / np.hypot(1, 2.6 * drop / (137 * wide - middle) * steep)
