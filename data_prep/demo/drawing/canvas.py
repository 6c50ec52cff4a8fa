"""The frame in which a phantom is drawn: coordinates, random fields, soft steps and borders."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage, special

__all__ = ["EXTENT", "Canvas", "Plane", "make_canvas", "soft"]

Plane = NDArray[np.floating]
"""One value for each position, shape (rows, columns)."""
EXTENT = 1.4
"""Half the side of a canvas, in half sides of a photograph: what a turned and shifted photograph may show."""


@dataclass(frozen=True)
class Canvas:
    """Coordinates in half sides of a picture, with (0, 0) in its middle.

    Args:
        x: to the right, shape (side, side).
        y: downwards, of the same shape.
        pixel: distance of neighbors.
    """

    x: Plane
    y: Plane
    pixel: float

    @property
    def side(self) -> int:
        """Rows and columns."""
        return self.x.shape[0]

    def noise(self, rng: np.random.Generator, scale: float) -> Plane:
        """White noise filtered by a Gaussian of standard deviation ``scale``; zero mean, unit deviation, periodic.

        It is filtered as a spectrum, which takes the same time at every scale.
        """
        white = fft.rfft2(rng.standard_normal(self.x.shape, dtype=np.float32))
        field = fft.irfft2(ndimage.fourier_gaussian(white, scale / self.pixel, n=self.side), s=self.x.shape)
        return ((field - field.mean()) / field.std()).astype(np.float32)

    def border(
        self, rng: np.random.Generator, radius: float, *, stretch: float = 1.0, ragged: float = 0.2, lobes: float = 0.1
    ) -> Plane:
        """How deep each position lies inside a closed border around (0, 0); negative outside.

        The border is an ellipse times a sum of angular harmonics, and bent by noise.

        Args:
            rng: the source of randomness.
            radius: mean distance of the border from (0, 0).
            stretch: length by width.
            ragged: strength of the small notches, from 0 (smooth) to 1.
            lobes: relative height of the harmonics, which make the lesion asymmetric.
        """
        turn = rng.uniform(0, np.pi)
        cosine, sine, long = math.cos(turn), math.sin(turn), math.sqrt(stretch)
        u, v = cosine * self.x + sine * self.y, cosine * self.y - sine * self.x
        distance, angle = np.hypot(u / long, v * long), np.arctan2(v, u)
        reach = np.ones_like(distance)
        for order in range(1, 6):
            height, phase = rng.normal(0, lobes / np.sqrt(order)), rng.uniform(0, 2 * np.pi)
            reach += height * np.cos(order * angle + phase)
        notches = 0.03 * self.noise(rng, 0.06) + 0.02 * self.noise(rng, 0.03)
        return (radius * reach - distance + ragged * notches).astype(np.float32)


def make_canvas(side: int) -> Canvas:
    """The frame of ``side`` rows and columns."""
    pixel = 2 * EXTENT / side
    ticks = ((np.arange(side) - (side - 1) / 2) * pixel).astype(np.float32)
    y, x = np.meshgrid(ticks, ticks, indexing="ij")
    return Canvas(x=x, y=y, pixel=pixel)


def soft(height: Plane, width: float) -> Plane:
    """A step from 0 (``height`` below 0) to 1 (above 0) that takes about ``width`` to each side."""
    return special.expit(height / width)
