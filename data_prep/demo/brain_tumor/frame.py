"""The frame of a brain: where each voxel lies.

Coordinates are in mm in the brain's own frame: x to the patient's left, y to the back, z to the top; the origin lies in
the midline, at the level of the third ventricle.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_prep.demo.fields import Volume, smooth_noise

__all__ = ["FIELD_OF_VIEW", "Frame", "make_frame"]

FIELD_OF_VIEW = 172.8
"""mm along the longest side of the image, from front to back."""

_SIDES = (64 / 72, 1.0, 56 / 72)  # of the longest one
_MIDDLE = (0.0, 0.0, 2.0)  # mm: the point of the brain in the middle of the image


@dataclass(frozen=True)
class Frame:
    """Coordinates of every voxel of one subject.

    Args:
        x: mm to the patient's left of the midline, shape (left, back, up), like all volumes here.
        y: mm behind the middle.
        z: mm above the level of the third ventricle.
        spacing: distance of neighbouring voxels in mm, along every axis.
    """

    x: Volume
    y: Volume
    z: Volume
    spacing: float

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels to the left, to the back and up."""
        return self.x.shape

    def noise(self, rng: np.random.Generator, scale: float) -> Volume:
        """A smooth random field with zero mean and unit deviation; ``scale`` is the size of its blobs in mm."""
        return smooth_noise(rng, self.shape, scale, (self.spacing,) * 3)

    def ellipsoid(
        self, center: tuple[float, float, float], axes: tuple[float, float, float], mirrored: bool = False
    ) -> Volume:
        """About the depth in mm beneath the surface of an ellipsoid; negative outside.

        Args:
            center: in mm.
            axes: half of its length along each axis, in mm.
            mirrored: whether there is one on either side of the midline.
        """
        x = (np.abs(self.x) if mirrored else self.x) - np.float32(center[0])
        y, z = self.y - np.float32(center[1]), self.z - np.float32(center[2])
        a, b, c = (np.float32(axis) for axis in axes)
        return (1 - np.sqrt((x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2)) * np.float32(min(axes))

    def share(self, depth: NDArray[np.floating]) -> Volume:
        """How much of each voxel lies beneath a surface, from 0 to 1, by its depth in mm."""
        return np.clip(depth / self.spacing + 0.5, 0, 1).astype(np.float32)


def make_frame(rng: np.random.Generator, size: int) -> Frame:
    """Draw the size, the pose and the small asymmetries of a brain, which an atlas has been registered to.

    Args:
        rng: the source of randomness of this subject.
        size: voxels along the longest side, from front to back.
    """
    spacing = FIELD_OF_VIEW / size
    ticks = [
        (np.arange(count) - (count - 1) / 2) * spacing + middle
        for count, middle in zip((round(side * size) for side in _SIDES), _MIDDLE, strict=True)
    ]
    x, y, z = np.meshgrid(*(tick.astype(np.float32) for tick in ticks), indexing="ij")
    turn, lean, nod = np.radians(rng.normal(0, 2.0, 3)).astype(np.float32)
    x, y = x - turn * y, y + turn * x
    x, z = x - lean * z, z + lean * x
    y, z = y - nod * z, z + nod * y
    shift, scale = rng.normal(0, 1.2, 3), rng.normal(1, 0.025, 3)
    bend = rng.normal(0, 1.6, (3, 2)).astype(np.float32)
    waves = [np.sin(axis / np.float32(rng.uniform(22, 34)) + np.float32(rng.uniform(0, 6.3))) for axis in (y, z, x)]
    moved = [
        (axis - np.float32(move)) / np.float32(stretch) + amount[0] * waves[index] + amount[1] * waves[(index + 1) % 3]
        for index, (axis, move, stretch, amount) in enumerate(zip((x, y, z), shift, scale, bend, strict=True))
    ]
    return Frame(x=moved[0], y=moved[1], z=moved[2], spacing=spacing)
