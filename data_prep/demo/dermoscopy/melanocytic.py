"""Lesions of melanocytes: nevus (NV) and melanoma (MEL)."""

import math

import numpy as np

from data_prep.demo.dermoscopy.pigments import Skin
from data_prep.demo.drawing.canvas import Canvas, Plane, soft
from data_prep.demo.drawing.lines import draw_lines, radial_streaks
from data_prep.demo.drawing.patterns import blobs, honeycomb, places

__all__ = ["paint_melanoma", "paint_nevus"]

_SIGNS = ("network", "dots", "streaks", "veil", "regression")


def paint_nevus(rng: np.random.Generator, canvas: Canvas, skin: Skin) -> None:
    """Round and symmetric, of one or two browns, with an even network, even globules or neither.

    Some are atypical: uneven in outline and color, as a melanoma is.
    """
    atypical = rng.beta(1.1, 3.2)
    radius = rng.uniform(0.3, 0.72)
    depth = canvas.border(
        rng, radius, stretch=rng.uniform(1, 1.35), ragged=0.3 + 0.9 * atypical, lobes=0.03 + 0.08 * atypical
    )
    inside = soft(depth, rng.uniform(0.02, 0.06))
    tone = rng.uniform(0.35, 1.25)
    rim = np.clip(1 - depth / radius, 0, 1)
    shade = 1 + rng.uniform(-0.45, 0.4) * rim  # two browns, one around the other
    shade += 0.35 * atypical * np.tanh(canvas.noise(rng, 0.2) + rng.normal(0, 1) * canvas.x / radius)
    pattern = rng.choice(["network", "globules", "plain", "dermal"], p=[0.45, 0.2, 0.25, 0.1])
    if pattern == "network":
        holes = honeycomb(rng, canvas, rng.uniform(0.075, 0.12), 0.25 + 0.4 * atypical)
        fading = np.clip(0.35 + rim, 0, 1)
        shade += rng.uniform(0.35, 0.95) * fading * (0.45 - holes)
    elif pattern == "globules":
        holes = honeycomb(rng, canvas, rng.uniform(0.11, 0.17), 0.35 + 0.3 * atypical)
        shade += rng.uniform(0.5, 0.9) * (soft(holes - 0.5, 0.05) - 0.3)
    elif pattern == "dermal":
        tone *= 0.4
        skin.blood += 0.2 * inside
    skin.melanin += tone * inside * np.clip(shade + 0.07 * canvas.noise(rng, 0.03), 0.05, None)
    skin.veil += inside * soft(tone * shade - 1.5, 0.2) * rng.uniform(0, 0.35)


def paint_melanoma(rng: np.random.Generator, canvas: Canvas, skin: Skin) -> None:
    """Asymmetric, with a ragged border, several colors and some of five further signs.

    The signs are a broken network, black dots in such a network, streaks at the border, a blue-white veil, and white
    regression; an early melanoma has few of them.
    """
    severity = rng.beta(2.2, 1.6)
    radius = rng.uniform(0.38, 0.78)
    depth = canvas.border(
        rng, radius, stretch=rng.uniform(1.05, 1.6), ragged=0.7 + 1.1 * severity, lobes=0.06 + 0.09 * severity
    )
    inside = soft(depth, rng.uniform(0.015, 0.05))
    tilt = rng.uniform(0, 2 * np.pi)
    slope = (math.cos(tilt) * canvas.x + math.sin(tilt) * canvas.y) / radius
    zones = np.tanh(1.2 * slope + 0.8 * canvas.noise(rng, 0.14))
    shade = 1 + (0.25 + 0.45 * severity) * zones
    signs = rng.choice(_SIGNS, size=1 + rng.binomial(len(_SIGNS) - 1, 0.25 + 0.5 * severity), replace=False)
    if "network" in signs or "dots" in signs:
        holes = honeycomb(rng, canvas, rng.uniform(0.10, 0.18), 0.7)
        broken = soft(canvas.noise(rng, 0.15), 0.4)
        shade += rng.uniform(0.6, 1.2) * broken * (0.45 - holes)
    skin.melanin += rng.uniform(0.5, 1.25) * inside * np.clip(shade + 0.1 * canvas.noise(rng, 0.03), 0.08, None)
    skin.blood += 0.15 * inside * soft(canvas.noise(rng, 0.15) - 0.8, 0.2)
    if "dots" in signs:
        spots = blobs(rng, canvas, places(rng, canvas, depth, (6, 16), 0.02), (0.018, 0.045), 0.008)
        skin.melanin += 1.3 * spots * soft(canvas.noise(rng, 0.2) + slope, 0.3)
    if "streaks" in signs:
        skin.melanin += rng.uniform(0.7, 1.4) * draw_lines(canvas, radial_streaks(rng, canvas, depth, (8, 18)))
    if "veil" in signs:
        patch = _patch(rng, canvas, depth, radius)
        skin.veil += rng.uniform(0.5, 0.85) * patch * (0.75 + 0.12 * canvas.noise(rng, 0.05))
        skin.melanin += 0.4 * patch
    if "regression" in signs:
        patch = _patch(rng, canvas, depth, radius)
        skin.melanin *= 1 - 0.75 * patch
        skin.white += rng.uniform(0.2, 0.5) * patch * (0.7 + 0.3 * soft(canvas.noise(rng, 0.04), 0.5))


def _patch(rng: np.random.Generator, canvas: Canvas, depth: Plane, radius: float) -> Plane:
    """An area without a sharp border somewhere beside the middle of the lesion."""
    angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.6) * radius
    distance = np.hypot(canvas.x - away * math.cos(angle), canvas.y - away * math.sin(angle))
    size = rng.uniform(0.3, 0.55) * radius
    return soft(size - distance + 0.09 * canvas.noise(rng, 0.08), 0.05) * soft(depth - 0.04, 0.025)
