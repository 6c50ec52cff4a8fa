"""Random flips and affine transforms of a batch."""

from collections.abc import Sequence

import numpy as np
import torch
from monai.config import KeysCollection
from torch import Tensor
from torch.nn import functional as F

from monai_ssl.transforms.batch import BatchTransform

__all__ = ["BatchRandAffined", "BatchRandFlipd"]


class BatchRandFlipd(BatchTransform):
    """Flip each image of a batch along a spatial axis with probability ``prob``.

    Args:
        keys: keys of tensors ``(B, C, *spatial)``.
        prob: probability for each image.
        spatial_axis: the spatial axis, counted from 0; -1 (the last) is left-right in an image as displayed.
    """

    def __init__(self, keys: KeysCollection, prob: float = 0.5, spatial_axis: int = -1) -> None:
        super().__init__(keys, prob)
        self.spatial_axis = spatial_axis

    def sample(self, batch: Tensor) -> None:
        """Draw which images are flipped."""
        self.flipped = torch.from_numpy(self.chosen(len(batch)))

    def apply(self, batch: Tensor, key_index: int) -> Tensor:  # noqa: ARG002
        """Flip them."""
        axis = self.spatial_axis if self.spatial_axis < 0 else self.spatial_axis + 2
        chosen = self.flipped.to(batch.device).view(-1, *[1] * (batch.ndim - 1))
        return torch.where(chosen, batch.flip(axis), batch)


class BatchRandAffined(BatchTransform):
    """Rotate, scale and shift each image of a batch about its centre, in one resampling.

    2D images turn in their plane, 3D volumes about each axis. What comes in from outside is 0.

    Args:
        keys: keys of tensors ``(B, C, *spatial)``.
        prob: probability for each image.
        rotate: largest angle, in radians.
        scale: largest relative change of size, < 1: 0.1 draws a factor in [0.9, 1.1].
        translate: largest shift, as a fraction of the image's size.
        mode: ``"bilinear"``, or ``"nearest"`` for masks; one for all keys or one a key.
    """

    def __init__(
        self,
        keys: KeysCollection,
        prob: float = 1.0,
        rotate: float = 0.0,
        scale: float = 0.0,
        translate: float = 0.0,
        mode: str | Sequence[str] = "bilinear",
    ) -> None:
        super().__init__(keys, prob)
        if not 0 <= scale < 1:
            raise ValueError(f"`scale` must be in [0, 1), got {scale!r}.")
        self.rotate, self.scale, self.translate = rotate, scale, translate
        self.modes = [mode] * len(self.keys) if isinstance(mode, str) else list(mode)
        if len(self.modes) != len(self.keys):
            raise ValueError(f"`mode` must be one or one a key, got {len(self.modes)} for {len(self.keys)} keys.")

    def sample(self, batch: Tensor) -> None:
        """Draw an affine matrix ``(B, D, D + 1)`` for each image, in the coordinates of ``affine_grid``."""
        size, dims = len(batch), batch.ndim - 2
        chosen = self.chosen(size)[:, None]
        angles = self.uniform(self.rotate, (size, 1 if dims == 2 else 3)) * chosen
        factors = 1.0 + self.uniform(self.scale, (size, 1)) * chosen
        # A grid runs from -1 to 1, hence the factor of 2.
        shifts = 2.0 * self.uniform(self.translate, (size, dims)) * chosen
        linear = _rotations(angles) / factors[..., None]
        # In pixels an image may be wider than high: rotate there, not in the grid's square.
        extent = np.asarray(batch.shape[:1:-1], dtype=np.float64)
        linear = linear * extent[None, None, :] / extent[None, :, None]
        matrix = np.concatenate([linear, shifts[..., None]], axis=-1)
        self.matrix = torch.from_numpy(matrix.astype(np.float32))

    def apply(self, batch: Tensor, key_index: int) -> Tensor:
        """Resample each image."""
        matrix = self.matrix.to(batch.device)
        grid = F.affine_grid(matrix, list(batch.shape), align_corners=False).to(batch.dtype)
        return F.grid_sample(batch, grid, mode=self.modes[key_index], align_corners=False)


def _rotations(angles: np.ndarray) -> np.ndarray:
    """Return matrices ``(B, D, D)`` for angles ``(B, 1)`` in 2D, or ``(B, 3)`` about the three axes in 3D."""
    dims = 2 if angles.shape[1] == 1 else 3
    planes = [(0, 1)] if dims == 2 else [(0, 1), (0, 2), (1, 2)]
    matrices = np.broadcast_to(np.eye(dims), (len(angles), dims, dims)).copy()
    for (first, second), angle in zip(planes, angles.T, strict=True):
        turn = np.broadcast_to(np.eye(dims), matrices.shape).copy()
        turn[:, first, first] = turn[:, second, second] = np.cos(angle)
        turn[:, first, second], turn[:, second, first] = -np.sin(angle), np.sin(angle)
        matrices = matrices @ turn
    return matrices
