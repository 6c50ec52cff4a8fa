"""The frame of a head: where each voxel lies, and how deep beneath the skull.

Coordinates are in mm in the head's own frame: x to the patient's left, y to the back, z to the top; the origin lies in
the middle of the head at the level of the third ventricle.
"""

from dataclasses import dataclass

import numpy as np

from data_prep.demo.fields import Volume, smooth_noise

__all__ = ["Head", "make_head"]


@dataclass(frozen=True)
class Head:
    """Coordinates of every voxel of one patient.

    Args:
        x: mm to the patient's left of the midline, shape (slices, rows, columns), like all volumes here.
        y: mm behind the middle.
        z: mm above the level of the third ventricle.
        scalp: mm beneath the skin; negative in the air.
        depth: mm beneath the inner table of the skull; negative in bone, scalp and air.
        bone: thickness of the skull in mm.
        spacing: distance of slices, rows and columns in mm.
        levels: position of each slice along the scanner's axis in mm.
    """

    x: Volume
    y: Volume
    z: Volume
    scalp: Volume
    depth: Volume
    bone: Volume
    spacing: tuple[float, float, float]
    levels: tuple[float, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Slices, rows and columns."""
        return self.x.shape

    def noise(self, rng: np.random.Generator, scale: float) -> Volume:
        """A smooth random field over this head; ``scale`` is the size of its blobs in mm."""
        return smooth_noise(rng, self.shape, scale, self.spacing)

    def arc(self, angle: float) -> Volume:
        """Length of the arc in mm along a typical inner table from the direction ``angle`` (radians, 0 = left)."""
        turn = np.arctan2(self.y, self.x) - np.float32(angle)
        return np.abs((turn + np.pi) % (2 * np.pi) - np.pi) * np.float32(72.0)


def make_head(rng: np.random.Generator, size: int, slices: int) -> Head:
    """Draw the size, the shape and the pose of a head.

    The outer surface is a superellipsoid, rho(x, y, z) = (|x/a|^n + |y/b|^n + |z/c|^n)^(1/n) = 1, a little wider at the
    back and with walls that stay steep towards the base. A point p lies |p| (1/rho - 1) beneath it, seen from the
    origin, so that the skull looks thicker where a slice cuts it obliquely, as in a patient.

    Args:
        rng: the source of randomness of this patient.
        size: rows and columns.
        slices: number of slices, from the skull base to the vertex.
    """
    field_of_view = rng.uniform(222.0, 246.0)
    pixel = field_of_view / size
    low, high = rng.uniform(-39.0, -32.0), rng.uniform(60.0, 68.0)
    levels = np.linspace(low, high, slices)
    spacing = ((high - low) / max(slices - 1, 1), pixel, pixel)

    ticks = ((np.arange(size) - (size - 1) / 2) * pixel).astype(np.float32)
    z, y, x = np.meshgrid(levels.astype(np.float32), ticks, ticks, indexing="ij")
    x, y = x - np.float32(rng.normal(0, 4)), y - np.float32(rng.normal(0, 5))
    tilt, lean = np.radians(rng.normal(0, 6)), np.radians(rng.normal(0, 3))
    x, y = np.cos(tilt) * x + np.sin(tilt) * y, np.cos(tilt) * y - np.sin(tilt) * x
    z = z + np.float32(np.tan(lean)) * x
    warp = 1.2  # mm: the small asymmetries of every head
    x = x + np.float32(warp) * smooth_noise(rng, x.shape, 25.0, spacing)
    y = y + np.float32(warp) * smooth_noise(rng, x.shape, 25.0, spacing)

    a, b, c = rng.normal(73, 3), rng.normal(90, 4), rng.normal(84, 3)
    power = rng.uniform(2.05, 2.35)
    width = a * (1 + rng.uniform(0.04, 0.12) * np.tanh(y / 60))
    height = np.where(z > 0, c, 125.0)
    rho = (np.abs(x / width) ** power + np.abs(y / b) ** power + np.abs(z / height) ** power) ** (1 / power)
    radius = np.sqrt(x**2 + y**2 + z**2)
    outer = (radius * (1 / np.maximum(rho, 1e-3) - 1)).astype(np.float32)

    bone = rng.uniform(4.5, 8.5) * (1 + 0.12 * smooth_noise(rng, x.shape, 20.0, spacing)) * (1 + 0.15 * (y / 90) ** 2)
    skin = np.float32(rng.uniform(4.0, 7.0))
    return Head(
        x=x.astype(np.float32),
        y=y.astype(np.float32),
        z=z.astype(np.float32),
        scalp=outer + skin,
        depth=(outer - bone).astype(np.float32),
        bone=bone.astype(np.float32),
        spacing=spacing,
        levels=tuple(float(level) for level in levels),
    )
