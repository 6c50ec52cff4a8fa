"""The patterns that dermoscopy names: networks, globules, ridges and lacunae.

Every function gives a plane of about 0 (nothing) to 1 (the pattern in full).
"""

import math
from collections.abc import Sequence

import numpy as np

from data_prep.demo.drawing.canvas import Canvas, Plane, soft

__all__ = ["blobs", "honeycomb", "places", "ridges", "star"]


def honeycomb(rng: np.random.Generator, canvas: Canvas, mesh: float, irregular: float) -> Plane:
    """A hexagonal lattice bent by noise: 0 in the lines of the net, 1 in the middle of its holes.

    The sum of three cosines whose directions lie 120 degrees apart.

    Args:
        rng: the source of randomness.
        canvas: where to draw.
        mesh: distance of holes.
        irregular: by how many meshes the lattice is bent, from 0 to about 1.
    """
    bend = irregular * mesh
    x = canvas.x + bend * canvas.noise(rng, 1.2 * mesh)
    y = canvas.y + bend * canvas.noise(rng, 1.2 * mesh)
    frequency, turn = 4 * math.pi / (math.sqrt(3) * mesh), rng.uniform(0, np.pi)
    waves = np.zeros_like(x)
    for angle in (turn, turn + 2 * math.pi / 3, turn + 4 * math.pi / 3):
        waves += np.cos(frequency * (math.cos(angle) * x + math.sin(angle) * y))
    return (waves + 1.5) / 4.5


def ridges(rng: np.random.Generator, canvas: Canvas, scale: float) -> Plane:
    """Winding ridges and furrows, as on a brain: 1 in the furrows, the zero lines of a random field."""
    return np.exp(-((canvas.noise(rng, scale) / 0.28) ** 2))


def places(
    rng: np.random.Generator, canvas: Canvas, depth: Plane, count: tuple[int, int], least: float
) -> list[tuple[float, float]]:
    """Random positions (x, y) inside a lesion; none where it has no such place.

    Args:
        rng: the source of randomness.
        canvas: of the lesion.
        depth: how deep each position lies inside the border.
        count: range of their number, the upper end excluded.
        least: how deep the positions lie at least.
    """
    found = np.argwhere(depth > least)
    if not len(found):
        return []
    chosen = found[rng.integers(len(found), size=rng.integers(*count))]
    return [(float(canvas.x[row, column]), float(canvas.y[row, column])) for row, column in chosen]


def blobs(
    rng: np.random.Generator,
    canvas: Canvas,
    centers: Sequence[tuple[float, float]],
    radius: tuple[float, float],
    edge: float,
    stretch: float = 1.3,
) -> Plane:
    """Ovals around the centers, the highest where they overlap.

    Args:
        rng: the source of randomness.
        canvas: where to draw.
        centers: positions (x, y).
        radius: range of the mean radius of an oval.
        edge: width of the soft border.
        stretch: length by width of the longest ovals.
    """
    found = np.zeros_like(canvas.x)
    for x, y in centers:
        size, turn, long = rng.uniform(*radius), rng.uniform(0, np.pi), math.sqrt(rng.uniform(1, stretch))
        reach = size * long + 4 * edge
        columns, rows = (slice(*_range(value, reach, canvas)) for value in (x, y))
        dx, dy = canvas.x[rows, columns] - x, canvas.y[rows, columns] - y
        cosine, sine = math.cos(turn), math.sin(turn)
        u, v = cosine * dx + sine * dy, cosine * dy - sine * dx
        oval = soft(size - np.hypot(u / long, v * long), edge)
        found[rows, columns] = np.maximum(found[rows, columns], oval)
    return found


def star(rng: np.random.Generator, canvas: Canvas, radius: float) -> Plane:
    """A patch with fine arms that fade outwards, as a scar has."""
    distance, angle = np.hypot(canvas.x, canvas.y), np.arctan2(canvas.y, canvas.x)
    arms = (
        1 + 0.13 * np.cos(int(rng.integers(5, 9)) * angle + rng.uniform(0, 2 * np.pi)) + 0.3 * canvas.noise(rng, 0.09)
    )
    return soft(radius * arms - distance, 0.07)


def _range(center: float, reach: float, canvas: Canvas) -> tuple[int, int]:
    """The rows or columns that lie within ``reach`` of a coordinate."""
    middle = center / canvas.pixel + (canvas.side - 1) / 2
    return max(0, int(middle - reach / canvas.pixel)), min(canvas.side, int(middle + reach / canvas.pixel) + 2)
