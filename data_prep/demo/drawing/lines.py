"""Curved lines: vessels that branch, streaks and hairs."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from data_prep.demo.drawing.canvas import Canvas, Plane

__all__ = ["draw_lines", "grow_vessels", "radial_streaks", "wander"]

Line = tuple[NDArray[np.float64], float]
"""Points (x, y), shape (N, 2), and the width of the line through them."""
_FINER = 3  # lines are drawn on this many times the rows and columns, then averaged: PIL's have hard edges


def draw_lines(canvas: Canvas, lines: Iterable[Line]) -> Plane:
    """Coverage of each position by lines, from 0 to 1."""
    side = _FINER * canvas.side
    sheet = Image.new("L", (side, side))
    pen = ImageDraw.Draw(sheet)
    for points, width in lines:
        ticks = (points / canvas.pixel + canvas.side / 2) * _FINER
        pen.line([(float(x), float(y)) for x, y in ticks], fill=255, width=max(1, round(width / canvas.pixel * _FINER)))
    return np.asarray(sheet.reduce(_FINER), np.float32) / 255


def wander(
    rng: np.random.Generator, start: tuple[float, float], heading: float, length: float, curl: float, step: float = 0.04
) -> NDArray[np.float64]:
    """A path that turns a little at each step.

    Args:
        rng: the source of randomness.
        start: position (x, y).
        heading: first direction in radians.
        length: of the path.
        curl: standard deviation of the turn at each step, in radians.
        step: length of a step.
    """
    count = max(2, round(length / step))
    headings = heading + np.cumsum(rng.normal(0, curl, count))
    steps = step * np.stack([np.cos(headings), np.sin(headings)], axis=1)
    return np.concatenate([[start], start + np.cumsum(steps, axis=0)])


def grow_vessels(rng: np.random.Generator, start: tuple[float, float], heading: float, width: float) -> list[Line]:
    """A trunk that gives off ever thinner branches, as the vessels of a basal cell carcinoma do."""
    found: list[Line] = []
    buds = [(start, heading, width, rng.uniform(0.3, 0.6))]
    while buds:
        start, heading, width, length = buds.pop()
        path = wander(rng, start, heading, length, 0.22)
        found.append((path, width))
        if length < 0.14:
            continue
        for at in rng.integers(1, len(path), size=rng.integers(2, 4)):
            turn = heading + rng.choice([-1, 1]) * rng.uniform(0.5, 1.1)
            buds.append(((path[at, 0], path[at, 1]), turn, 0.65 * width, length * rng.uniform(0.35, 0.65)))
    return found


def radial_streaks(rng: np.random.Generator, canvas: Canvas, depth: Plane, count: tuple[int, int]) -> list[Line]:
    """Short lines across a stretch of the border, outwards, as pseudopods are.

    Args:
        rng: the source of randomness.
        canvas: of the lesion.
        depth: how deep each position lies inside the border.
        count: range of the number of lines, the upper end excluded.
    """
    rows, columns = np.nonzero(np.abs(depth) < 2 * canvas.pixel)
    angles = np.arctan2(canvas.y[rows, columns], canvas.x[rows, columns])
    middle, breadth = rng.uniform(-np.pi, np.pi), rng.uniform(0.5, 1.2)
    near = np.flatnonzero(np.abs((angles - middle + np.pi) % (2 * np.pi) - np.pi) < breadth)
    found = []
    for index in rng.choice(near, size=min(int(rng.integers(*count)), len(near)), replace=False):
        start = (canvas.x[rows[index], columns[index]] * 0.88, canvas.y[rows[index], columns[index]] * 0.88)
        path = wander(rng, start, float(angles[index]) + rng.normal(0, 0.2), rng.uniform(0.12, 0.26), 0.08)
        found.append((path, rng.uniform(0.025, 0.05)))
    return found
