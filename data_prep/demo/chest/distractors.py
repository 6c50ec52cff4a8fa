"""What any chest may show: shadows of nipples and breasts, vessels seen end on, leads and buttons on the skin."""

import numpy as np

from data_prep.demo.chest.frame import LEFT, RIGHT
from data_prep.demo.chest.thorax import Thorax
from data_prep.demo.drawing.canvas import Canvas, Plane, soft
from data_prep.demo.drawing.lines import draw_lines, wander
from data_prep.demo.drawing.patterns import blobs

__all__ = ["draw_metal", "draw_shadows"]


def draw_shadows(rng: np.random.Generator, frame: Canvas, thorax: Thorax) -> Plane:
    """Draw breasts, nipples and the ends of vessels, in units of the attenuation of the middle of the body."""
    found = np.zeros_like(thorax.x)
    female = rng.random() < 0.45
    across, level = rng.normal(84, 6), rng.normal(52 if not female else 66, 8)
    if female:
        size = rng.uniform(44, 62)
        away = np.hypot(thorax.side - across, (thorax.y - level + 12) / 0.95)
        found += rng.uniform(0.06, 0.16) * np.sqrt(np.clip(1 - (away / size) ** 2, 0, None))
    if rng.random() < 0.25:
        nipples = [(hand * across, level + rng.normal(0, 4)) for hand in (RIGHT, LEFT)]
        found += rng.uniform(0.02, 0.05) * blobs(rng, frame, nipples, (3.5, 5.0), 0.6)
    ends = [(x + rng.normal(0, 14), y + rng.normal(0, 18)) for x, y in thorax.hila for _ in range(rng.poisson(1.5))]
    return found + rng.uniform(0.04, 0.10) * blobs(rng, frame, ends, (1.5, 3.0), 0.5)


def draw_metal(rng: np.random.Generator, frame: Canvas, thorax: Thorax) -> Plane:
    """Draw a lead with its electrode, or a button, outside of the lungs, on one chest in eight."""
    found = np.zeros_like(thorax.x)
    if rng.random() > 0.125:
        return found
    places = np.argwhere((thorax.lungs < -12) & (thorax.lungs > -40) & (np.abs(frame.y) < 130))
    row, column = places[rng.integers(len(places))]
    x, y = float(frame.x[row, column]), float(frame.y[row, column])
    away = np.hypot(frame.x - x, frame.y - y)
    if rng.random() < 0.5:
        found += 0.25 * soft(6 - away, 0.4) - 0.15 * soft(1.6 - away, 0.4)
        return found
    lead = wander(rng, (x, y), np.arctan2(y, x), 160, 0.06, step=5.0)
    return found + 0.35 * soft(5 - away, 0.4) + 0.2 * draw_lines(frame, [(lead, 1.6)])
