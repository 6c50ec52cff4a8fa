"""What makes a chest ill: the opacities of tuberculosis, or a nodule."""

from collections.abc import Callable

import numpy as np

from data_prep.demo.chest.frame import LEFT, RIGHT
from data_prep.demo.chest.thorax import Thorax
from data_prep.demo.drawing.canvas import Canvas, Plane, soft
from data_prep.demo.drawing.lines import draw_lines, wander

__all__ = ["FINDINGS"]


def _tuberculosis(rng: np.random.Generator, frame: Canvas, thorax: Thorax) -> Plane:
    """Fluffy, patchy opacities and streaks of the upper zones; cavities, a scatter, or an effusion beside some."""
    found = np.zeros_like(thorax.x)
    sides = [RIGHT, LEFT] if rng.random() < 0.35 else [int(rng.choice([RIGHT, LEFT]))]
    for hand in sides:
        x, y = hand * rng.uniform(48, 88), rng.uniform(-112, -55)
        radius = rng.uniform(20, 42)
        reach = np.hypot(thorax.x - x, (thorax.y - y) / 1.15) / radius
        cloud = frame.noise(rng, rng.uniform(4.5, 8)) + 0.6 * frame.noise(rng, 2.5)
        strength = rng.uniform(0.12, 0.26)
        found += strength * soft(1.1 - 1.5 * reach**2 + 0.8 * cloud, 0.25)
        found += 0.04 * _streaks(rng, frame, (x, y), thorax.hila[0 if hand == RIGHT else 1])
        if rng.random() < 0.35:
            found += _cavity(rng, frame, thorax, (x, y))
        if rng.random() < 0.3:
            found += _effusion(rng, thorax, hand)
    if rng.random() < 0.4:
        found += _scatter(rng, frame, thorax)
    return found


def _streaks(rng: np.random.Generator, frame: Canvas, start: tuple[float, float], end: tuple[float, float]) -> Plane:
    """Strands that run from an opacity towards the hilum."""
    lines = []
    for _ in range(rng.integers(3, 8)):
        at = (start[0] + rng.normal(0, 12), start[1] + rng.normal(0, 12))
        heading = np.arctan2(end[1] - at[1], end[0] - at[0]) + rng.normal(0, 0.35)
        lines.append((wander(rng, at, heading, rng.uniform(20, 55), 0.08, step=5.0), rng.uniform(1.5, 3.0)))
    return draw_lines(frame, lines)


def _cavity(rng: np.random.Generator, frame: Canvas, thorax: Thorax, middle: tuple[float, float]) -> Plane:
    """A ring around air."""
    x, y = middle[0] + rng.normal(0, 8), middle[1] + rng.normal(0, 8)
    away = np.hypot(thorax.x - x, thorax.y - y) + 1.5 * frame.noise(rng, 7.0)
    radius, rim = rng.uniform(9, 17), rng.uniform(2.5, 5)
    return 0.10 * np.exp(-(((away - radius) / rim) ** 2)) - 0.08 * soft(radius - rim - away, 1.5)


def _effusion(rng: np.random.Generator, thorax: Thorax, hand: int) -> Plane:
    """Fluid that blunts the costophrenic angle, higher at the wall."""
    height = rng.uniform(15, 45)
    rise = height * np.exp(-np.maximum(thorax.wall, 0) / rng.uniform(14, 30))
    return 0.3 * soft(thorax.abdomen + rise, 2.0) * (hand * thorax.x > 0)


def _scatter(rng: np.random.Generator, frame: Canvas, thorax: Thorax) -> Plane:
    """Small nodules in both lungs, fewer below."""
    grains = frame.noise(rng, 2.0)
    return 0.05 * soft(grains - 1.2, 0.25) * soft(30 - thorax.y, 25.0)


def _nodule(rng: np.random.Generator, frame: Canvas, thorax: Thorax) -> Plane:
    """One ball, of a size and a density that vary, somewhere in the lungs or at their edges."""
    radius = rng.uniform(9.0, 14.0)
    places = np.argwhere(thorax.lungs > rng.uniform(2, 8))
    row, column = places[rng.integers(len(places))]
    dx, dy = frame.x - frame.x[row, column], frame.y - frame.y[row, column]
    away, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
    lobed = radius * (1 + rng.uniform(0, 0.12) * np.cos(int(rng.integers(2, 6)) * angle + rng.uniform(0, 6.3)))
    ball = np.sqrt(np.clip(1 - (away / lobed) ** 2, 0, None))
    return rng.uniform(0.5, 0.8) * (0.55 + 0.45 * radius / 13) * ball


FINDINGS: dict[str, Callable[[np.random.Generator, Canvas, Thorax], Plane]] = {
    "tuberculosis": _tuberculosis,
    "nodule": _nodule,
}
"""What each illness adds to the attenuation of the lungs, in units of the middle of the body."""
