"""The soft tissues and the air of a chest as thickness along the beam, in units of the middle of the body."""

import numpy as np
from scipy import ndimage

from data_prep.demo.chest.thorax import Thorax
from data_prep.demo.drawing.canvas import Canvas, Plane, soft

__all__ = ["draw_body"]


def draw_body(rng: np.random.Generator, frame: Canvas, thorax: Thorax) -> tuple[Plane, Plane]:
    """Draw the body with its organs but without bones, vessels and findings.

    Returns:
        The attenuation, and the share of the beam that is air of the lungs, from 0 to 1.
    """
    fat = rng.uniform(14, 34)  # mm of soft tissue around the chest
    outline = _outline(rng, thorax, fat)
    tissue = 1.02 * np.sqrt(np.clip(1 - np.exp(-np.maximum(outline, 0) / 26), 0, None)) * soft(outline, 1.0)
    tissue *= 1 + 0.05 * (fat - 24) / 10 + 0.08 * np.clip(thorax.y / 150, -1, 1) + 0.06 * soft(thorax.abdomen, 6.0)

    inside = 1 - np.exp(-np.maximum(thorax.wall, 0) / 20)
    beside = 1 - soft(thorax.mediastinum, 1.0)
    behind_heart = 1 - 0.85 * np.clip(thorax.heart / 16, 0, 1) ** 0.5
    recess = np.where(thorax.abdomen > 0, 0.30 * np.exp(-np.maximum(thorax.abdomen, 0) / 22), 1)
    recess = ndimage.gaussian_filter(recess, 0.8 / frame.pixel)
    lungs = inside * beside * behind_heart * recess
    air = rng.uniform(0.58, 0.70) * lungs * (1 + 0.10 * np.clip(-thorax.y / 140, -1, 1))
    tissue -= air + _airways(rng, thorax) + _gas(rng, thorax)
    return np.maximum(tissue, 0), lungs


def _outline(rng: np.random.Generator, thorax: Thorax, fat: float) -> Plane:
    """How far inside the skin, in mm: the trunk, the neck, and shoulders that run into the arms."""
    trunk = thorax.reach + fat - thorax.side
    neck = rng.normal(58, 4)
    slope = rng.normal(0.42, 0.06)
    shoulder = thorax.y + rng.normal(176, 6) - slope * np.maximum(thorax.side - neck, 0)
    arms = 0.75 * (rng.normal(-65, 12) - thorax.y) + 0.66 * (thorax.side - 150)
    throat = np.minimum(neck - thorax.side, -120 - thorax.y)
    return np.maximum(np.minimum(shoulder, np.maximum(arms, trunk)), throat)


def _airways(rng: np.random.Generator, thorax: Thorax) -> Plane:
    """The windpipe and the two main bronchi."""
    bend, fork = rng.normal(-2, 2.5), rng.normal(-42, 4)
    down = np.clip((thorax.y + 150) / 100, 0, 1)
    half = 8.5
    pipe = np.sqrt(np.clip(1 - ((thorax.x - bend * down) / half) ** 2, 0, None)) * soft(fork - thorax.y, 2)
    below = np.clip(thorax.y - fork + 4, 0, None)
    course = np.where(thorax.x < bend, 0.75, 1.15) * below
    bronchi = np.exp(-(((thorax.side - course) / 5) ** 2)) * soft(30 - below, 3) * (below > 0)
    return 0.17 * pipe + 0.06 * bronchi


def _gas(rng: np.random.Generator, thorax: Thorax) -> Plane:
    """The bubble of the stomach under the left dome, on half of the chests."""
    if rng.random() < 0.5:
        return np.zeros_like(thorax.x)
    x, wide, tall = rng.normal(68, 10), rng.uniform(18, 34), rng.uniform(9, 18)
    depth = thorax.abdomen - rng.uniform(4, 7)
    bubble = np.clip(1 - ((thorax.x - x) / wide) ** 2 - ((depth - tall) / tall) ** 2, 0, None) ** 0.5
    return rng.uniform(0.15, 0.3) * bubble * soft(depth, 1.0)
