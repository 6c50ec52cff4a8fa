"""Lesions of keratinocytes: benign keratosis (BKL), actinic keratosis (AKIEC) and basal cell carcinoma (BCC)."""

import numpy as np

from data_prep.demo.dermoscopy.pigments import Skin
from data_prep.demo.drawing.canvas import Canvas, soft
from data_prep.demo.drawing.lines import draw_lines, grow_vessels
from data_prep.demo.drawing.patterns import blobs, honeycomb, places, ridges

__all__ = ["paint_actinic_keratosis", "paint_basal_cell_carcinoma", "paint_benign_keratosis"]


def paint_benign_keratosis(rng: np.random.Generator, canvas: Canvas, skin: Skin) -> None:
    """A waxy plaque with a sharp, moth-eaten border, furrows, white horn cysts and brown plugs.

    A third are flat: with a faint network, as a nevus has, and few cysts.
    """
    flat = rng.random() < 0.33
    depth = canvas.border(
        rng, rng.uniform(0.32, 0.76), stretch=rng.uniform(1, 1.5), ragged=rng.uniform(0.4, 1.3), lobes=0.07
    )
    inside = soft(depth, rng.uniform(0.008, 0.018))
    tone = rng.uniform(0.25, 1.15)
    shade = 1 + 0.15 * canvas.noise(rng, 0.12)
    if flat:
        shade += rng.uniform(0.4, 0.7) * (0.45 - honeycomb(rng, canvas, rng.uniform(0.09, 0.13), 0.5))
    else:
        shade += rng.uniform(0.35, 0.8) * (ridges(rng, canvas, rng.uniform(0.035, 0.06)) - 0.25)
        shade += 0.45 * soft(0.06 - depth, 0.015)  # the wall of a plaque that is stuck on
    skin.melanin += tone * inside * np.clip(shade, 0.05, None)
    skin.keratin += rng.uniform(0.1, 0.55) * inside
    cysts = blobs(
        rng,
        canvas,
        places(rng, canvas, depth, (0, 5) if flat else (4, 16), 0.06),
        (0.018, 0.04),
        0.008,
    )
    skin.white += rng.uniform(0.5, 0.85) * cysts
    plugs = blobs(
        rng,
        canvas,
        places(rng, canvas, depth, (0, 4) if flat else (2, 12), 0.05),
        (0.022, 0.055),
        0.01,
        1.8,
    )
    skin.melanin += rng.uniform(0.5, 1.1) * plugs * (1 - cysts)
    skin.keratin += 0.5 * plugs


def paint_actinic_keratosis(rng: np.random.Generator, canvas: Canvas, skin: Skin) -> None:
    """Red and scaly without a clear border; in some a net of red around pale follicles (a strawberry), in some brown.

    Some have coiled vessels in groups, as Bowen's disease has.
    """
    depth = canvas.border(rng, rng.uniform(0.4, 0.8), stretch=rng.uniform(1, 1.5), ragged=1.2, lobes=0.1)
    inside = soft(depth, rng.uniform(0.06, 0.13))
    patchy = np.clip(1 + 0.35 * canvas.noise(rng, 0.12), 0.2, None)
    skin.blood += rng.uniform(0.25, 0.7) * inside * patchy
    if rng.random() < 0.6:
        holes = honeycomb(rng, canvas, rng.uniform(0.14, 0.22), 0.45)
        follicles = soft(holes - 0.7, 0.06)
        skin.blood += inside * (0.25 * (0.6 - holes) - 0.3 * follicles)
        skin.white += rng.uniform(0.15, 0.4) * inside * follicles
        skin.keratin += 0.25 * inside * follicles
    else:
        coils = blobs(rng, canvas, places(rng, canvas, depth, (15, 45), 0.03), (0.014, 0.026), 0.006)
        skin.blood += rng.uniform(0.5, 1.0) * coils
    if rng.random() < 0.4:
        skin.melanin += rng.uniform(0.2, 0.6) * inside * soft(canvas.noise(rng, 0.1), 0.5)
    flakes = soft(canvas.noise(rng, 0.035) + 0.9 * canvas.noise(rng, 0.16) - rng.uniform(1.0, 1.9), 0.15)
    skin.white += rng.uniform(0.45, 0.8) * inside * flakes
    skin.keratin += 0.4 * inside * flakes


def paint_basal_cell_carcinoma(rng: np.random.Generator, canvas: Canvas, skin: Skin) -> None:
    """Pink and shiny, with sharp vessels that branch and blue-gray ovoid nests; in some a sore."""
    depth = canvas.border(rng, rng.uniform(0.36, 0.76), stretch=rng.uniform(1, 1.4), ragged=0.6, lobes=0.07)
    inside = soft(depth, rng.uniform(0.03, 0.08))
    skin.blood += rng.uniform(0.06, 0.32) * inside * np.clip(1 + 0.3 * canvas.noise(rng, 0.15), 0.2, None)
    skin.melanin *= 1 - 0.4 * inside
    skin.white += rng.uniform(0.08, 0.28) * inside * soft(canvas.noise(rng, 0.09), 0.4)
    pigmented = rng.random() < 0.45
    nests = blobs(
        rng,
        canvas,
        places(rng, canvas, depth, (3, 11) if pigmented else (0, 3), 0.02),
        (0.035, 0.11),
        0.025,
        2.2,
    )
    skin.veil += rng.uniform(0.45, 0.85) * nests
    skin.melanin += (0.25 + 0.5 * pigmented) * nests + rng.uniform(0, 0.35) * pigmented * inside
    trees = places(rng, canvas, depth, (0, 3) if pigmented else (1, 5), 0.0)
    lines = [
        line
        for x, y in trees
        for line in grow_vessels(rng, (x, y), np.arctan2(-y, -x) + rng.normal(0, 0.8), rng.uniform(0.014, 0.028))
    ]
    skin.blood += rng.uniform(0.6, 1.1) * draw_lines(canvas, lines) * soft(depth + 0.1, 0.04)
    if rng.random() < 0.25:
        sore = blobs(rng, canvas, places(rng, canvas, depth, (1, 2), 0.15), (0.08, 0.17), 0.02, 1.6)
        sore *= soft(canvas.noise(rng, 0.05) + 1, 0.3)
        skin.blood += 0.9 * sore
        skin.melanin += 0.5 * sore
