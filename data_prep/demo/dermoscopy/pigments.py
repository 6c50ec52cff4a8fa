"""From what is in the skin to the color that a dermoscope sees."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from data_prep.demo.drawing.canvas import Canvas, Plane

__all__ = ["Skin", "make_skin"]

# Absorbance of red, green and blue light by one unit, and colors of what scatters light. By eye, not measured.
_DERMIS = (0.97, 0.90, 0.86)
_MELANIN = (0.62, 1.02, 1.40)
_BLOOD = (0.10, 0.92, 0.72)
_KERATIN = (0.05, 0.22, 0.85)
_VEIL = (0.41, 0.45, 0.54)
_WHITE = (0.95, 0.89, 0.88)


@dataclass
class Skin:
    """What is in the skin at each position; every diagnosis adds to it.

    Args:
        melanin: brown pigment near the surface, about 0.1 for fair skin and 2 for black; shape (side, side), like all.
        blood: vessels and their surroundings, about 0.15 for healthy skin.
        keratin: yellow horn.
        veil: blue-gray, from 0 to 1: pigment in the depth, through which short waves are scattered back.
        white: scar, scale or horn cysts over it all, from 0 to 1.
    """

    melanin: Plane
    blood: Plane
    keratin: Plane
    veil: Plane
    white: Plane

    def fade(self, healthy: "Skin", strength: float) -> "Skin":
        """Between healthy skin (strength 0) and this (1): no lesion shows its signs as clearly as the next."""
        mixed = {
            field.name: (1 - strength) * getattr(healthy, field.name) + strength * getattr(self, field.name)
            for field in fields(self)
        }
        return Skin(**mixed)

    def color(self) -> NDArray[np.floating]:
        """Reflectance of red, green and blue from 0 to 1, shape (side, side, 3).

        ``dermis * exp(-(melanin, blood and keratin times their absorbances))``, as by Beer and Lambert, then blended
        with the color of the veil and with white.
        """
        absorbed = np.zeros((*self.melanin.shape, 3), np.float32)
        for amount, spectrum in ((self.melanin, _MELANIN), (self.blood, _BLOOD), (self.keratin, _KERATIN)):
            absorbed += np.maximum(amount, 0)[..., None] * np.array(spectrum, np.float32)
        seen: NDArray[np.floating] = np.array(_DERMIS, np.float32) * np.exp(-absorbed)
        for amount, color in ((self.veil, _VEIL), (self.white, _WHITE)):
            share = np.clip(amount, 0, 1)[..., None]
            seen = (1 - share) * seen + share * np.array(color, np.float32)
        return seen


def make_skin(rng: np.random.Generator, canvas: Canvas) -> Skin:
    """Draw healthy skin: its tone, its redness, and the uneven texture of both."""
    tone, redness = 0.08 + 0.35 * rng.beta(1.3, 3.0), rng.uniform(0.10, 0.26)
    grain = canvas.noise(rng, 0.03)
    melanin = tone * (1 + 0.10 * canvas.noise(rng, 0.25) + 0.05 * grain)
    blood = redness * (1 + 0.18 * canvas.noise(rng, 0.15) - 0.06 * grain)
    nothing = np.zeros_like(canvas.x)
    return Skin(melanin=melanin, blood=blood, keratin=nothing, veil=nothing.copy(), white=nothing.copy())
