"""From attenuation to a picture: the stand of the patient, the exposure, the film, and what is written on it."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import expit

from data_prep.demo.chest.frame import FIELD_OF_VIEW, LEFT, RIGHT, taken_twice
from data_prep.demo.drawing.canvas import Canvas, Plane
from data_prep.demo.drawing.lines import draw_lines

__all__ = ["expose", "view"]

_LETTERS = {
    RIGHT: [(0.0, 1.0), (0.0, 0.0), (0.6, 0.0), (0.6, 0.5), (0.0, 0.5), (0.6, 1.0)],
    LEFT: [(0.0, 0.0), (0.0, 1.0), (0.6, 1.0)],
}
"""The strokes of an R and an L."""


def view(rng: np.random.Generator, frame: Canvas, planes: tuple[Plane, ...], size: int) -> list[Plane]:
    """Place the patient before the detector, a little turned, shifted, nearer or farther.

    Args:
        rng: the source of randomness.
        frame: of the planes.
        planes: attenuation, masks...
        size: rows and columns of the image.

    Returns:
        The planes on twice the rows and columns of the image.
    """
    turn, zoom = math.radians(rng.normal(0, 2.2)), math.exp(rng.normal(0.0, 0.055))
    right, down = rng.normal(0, 6, 2)
    ticks = ((np.arange(2 * size) - (2 * size - 1) / 2) * FIELD_OF_VIEW / (2 * size)).astype(np.float32)
    y, x = np.meshgrid(ticks, ticks, indexing="ij")
    cosine, sine, middle = math.cos(turn) * zoom, math.sin(turn) * zoom, (frame.side - 1) / 2
    columns = (cosine * x - sine * y + float(right)) / frame.pixel + middle
    rows = (sine * x + cosine * y + float(down)) / frame.pixel + middle
    return [ndimage.map_coordinates(plane, [rows, columns], order=1, mode="nearest") for plane in planes]


def expose(rng: np.random.Generator, attenuation: Plane) -> NDArray[np.uint8]:
    """Take the picture, bones bright.

    Args:
        rng: the source of randomness.
        attenuation: on twice the rows and columns of the image, in units of the middle of the body.

    Returns:
        The image, shape (rows, columns).
    """
    size = attenuation.shape[0] // 2
    pixel = FIELD_OF_VIEW / (2 * size)
    blur = rng.uniform(0.5, 1.5) / pixel  # mm
    image = taken_twice(ndimage.gaussian_filter(attenuation, blur))
    contrast, level = rng.normal(5.2, 0.5), rng.normal(0.62, 0.04)
    image = expit(contrast * (image - level))
    low, high = expit(-contrast * level), expit(contrast * (1.3 - level))
    image = np.clip((image - low) / (high - low), 0, None) ** math.exp(rng.normal(0, 0.13))
    noise = rng.uniform(0.006, 0.022)
    grain = ndimage.gaussian_filter(rng.standard_normal(image.shape, dtype=np.float32), 0.35)
    image = image * rng.uniform(0.82, 1.0) + rng.uniform(0, 0.06) + noise * grain
    image = _write_letter(rng, _collimate(rng, image))
    return np.clip(np.rint(255 * image), 0, 255).astype(np.uint8)


def _collimate(rng: np.random.Generator, image: Plane) -> Plane:
    """Shut the field at some sides of one picture in four; film is bright there, a detector's picture dark."""
    if rng.random() > 0.25:
        return image
    size, value = image.shape[0], rng.choice([0.02, 0.95], p=[0.75, 0.25])
    for edge in range(4):
        if rng.random() < 0.5:
            image = np.rot90(image, edge).copy()
            image[: 1 + int(rng.uniform(0, 0.035) * size)] = value
            image = np.rot90(image, -edge)
    return image


def _write_letter(rng: np.random.Generator, image: Plane) -> Plane:
    """Put a side marker into an upper corner of one picture in three."""
    if rng.random() > 0.35:
        return image
    hand, size = int(rng.choice([RIGHT, LEFT])), image.shape[0]
    ticks = ((np.arange(size) - (size - 1) / 2) * 2 / size).astype(np.float32)
    y, x = np.meshgrid(ticks, ticks, indexing="ij")
    x0, y0, height = hand * rng.uniform(0.78, 0.88) - 0.03, rng.uniform(-0.92, -0.7), 0.09
    letter = np.array([(x0 + height * u, y0 + height * v) for u, v in _LETTERS[hand]])
    drawn = draw_lines(Canvas(x=x, y=y, pixel=2 / size), [(letter, 0.02)])
    return image + drawn * (0.97 - image)
