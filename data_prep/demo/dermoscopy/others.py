"""Lesions of fibers and of vessels: dermatofibroma (DF) and vascular lesions (VASC)."""

import numpy as np

from data_prep.demo.dermoscopy.pigments import Skin
from data_prep.demo.drawing.canvas import Canvas, soft
from data_prep.demo.drawing.patterns import blobs, honeycomb, places, star

__all__ = ["paint_dermatofibroma", "paint_vascular_lesion"]


def paint_dermatofibroma(rng: np.random.Generator, canvas: Canvas, skin: Skin) -> None:
    """A white patch like a scar in the middle of a faint brown network; in some the patch is pink or faint."""
    radius = rng.uniform(0.38, 0.66)
    depth = canvas.border(rng, radius, stretch=rng.uniform(1, 1.25), ragged=0.5, lobes=0.04)
    inside = soft(depth, rng.uniform(0.05, 0.1))
    patch = star(rng, canvas, radius * rng.uniform(0.35, 0.6))
    holes = honeycomb(rng, canvas, rng.uniform(0.075, 0.11), 0.3)
    tone = rng.uniform(0.22, 0.7)
    skin.melanin += tone * inside * (1 - 0.85 * patch) * (1 + 1.1 * (0.45 - holes))
    skin.blood += rng.uniform(0, 0.22) * inside
    skin.white += rng.uniform(0.2, 0.65) * patch * (0.85 + 0.15 * canvas.noise(rng, 0.04))


def paint_vascular_lesion(rng: np.random.Generator, canvas: Canvas, skin: Skin) -> None:
    """Round lacunae with sharp borders, red, purple, blue or nearly black, under a whitish haze."""
    depth = canvas.border(rng, rng.uniform(0.28, 0.66), stretch=rng.uniform(1, 1.4), ragged=0.4, lobes=0.06)
    inside = soft(depth, rng.uniform(0.02, 0.05))
    skin.blood += rng.uniform(0.3, 0.9) * inside
    lacunae = blobs(rng, canvas, places(rng, canvas, depth, (8, 28), 0.03), (0.06, 0.14), rng.uniform(0.008, 0.018))
    purple = rng.beta(1.2, 1.4)  # from red to blue, and on to black where blood has clotted
    skin.blood += lacunae * rng.uniform(0.6, 1.4)
    skin.melanin += lacunae * purple * rng.uniform(0.2, 0.7)
    skin.veil += 0.8 * lacunae * purple * soft(canvas.noise(rng, 0.2) + 0.4, 0.5)
    skin.melanin += lacunae * soft(canvas.noise(rng, 0.15) - rng.uniform(0.8, 2.5), 0.2)
    skin.white += rng.uniform(0.05, 0.3) * inside * (1 - lacunae)
