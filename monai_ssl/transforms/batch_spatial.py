"""Random flips and affine transforms of a batch."""

from collections.abc import Sequence

import numpy as np
import torch
from monai.config import KeysCollection
from torch import Tensor

from monai_ssl.transforms.batch import BatchTransform
from monai_ssl.transforms.chosen import on_chosen
from monai_ssl.transforms.resample import grid_type, modes_of_keys, resample

__all__ = ["BatchRandAffined", "BatchRandFlipd"]


class BatchRandFlipd(BatchTransform):
    """Flip each image of a batch along a spatial axis with probability ``prob``.

    Args:
        keys: keys of tensors ``(B, C, *spatial)``.
        prob: probability for each image.
        spatial_axis: the spatial axis, counted from 0, or from -1, the last. Left-right is -1 in pictures and DICOM
            images as displayed, but 0 in NIfTI images, whose axes are in the order of RAS.
        allow_missing_keys: whether a key may be missing.
    """

    def __init__(
        self, keys: KeysCollection, prob: float = 0.5, spatial_axis: int = -1, allow_missing_keys: bool = False
    ) -> None:
        super().__init__(keys, prob, allow_missing_keys)
        self.spatial_axis = spatial_axis

    def randomize(self, data: Tensor) -> None:
        """Draw which images are flipped."""
        self.index = torch.from_numpy(np.flatnonzero(self.chosen(len(data))))

    def apply(self, batch: Tensor, key_index: int) -> Tensor:  # noqa: ARG002
        """Flip them."""
        dims = batch.ndim - 2
        if not -dims <= self.spatial_axis < dims:
            raise ValueError(f"`spatial_axis` is {self.spatial_axis}, but the images have {dims} spatial axes.")
        return on_chosen(batch, self.index, lambda images, _: images.flip(2 + self.spatial_axis % dims))


class BatchRandAffined(BatchTransform):
    """Rotate, scale and shift each image of a batch about its centre, in one resampling.

    With ``p`` a position in pixels from the centre, ``output(p) = input(R p / s + t)``, linearly interpolated. R turns
    2D images in their plane and 3D volumes about each axis in turn; ``s`` enlarges; ``t`` is the shift. What comes in
    from outside is 0.

    Args:
        keys: keys of tensors ``(B, C, *spatial)``, 2D or 3D.
        prob: probability for each image.
        rotate: largest angle, in radians, at least 0.
        scale: largest relative change of size, in [0, 1): 0.1 draws ``s`` in [0.9, 1.1].
        translate: largest shift along each axis, as a fraction of the image's size, at least 0.
        mode: ``"bilinear"``, or ``"nearest"`` for masks; one for all keys or one a key.
        allow_missing_keys: whether a key may be missing.
    """

    def __init__(
        self,
        keys: KeysCollection,
        prob: float = 1.0,
        rotate: float = 0.0,
        scale: float = 0.0,
        translate: float = 0.0,
        mode: str | Sequence[str] = "bilinear",
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, prob, allow_missing_keys)
        for name, value in (("rotate", rotate), ("translate", translate)):
            if value < 0:
                raise ValueError(f"`{name}` must be at least 0, got {value!r}.")
        if not 0 <= scale < 1:
            raise ValueError(f"`scale` must be in [0, 1), got {scale!r}.")
        self.rotate, self.scale, self.translate = rotate, scale, translate
        self.modes = modes_of_keys(mode, self.keys)

    def randomize(self, data: Tensor) -> None:
        """Draw an affine matrix ``(B, D, D + 1)`` for each image, in coordinates from -1 to 1 (x first)."""
        size, dims = len(data), data.ndim - 2
        if dims not in (2, 3):
            raise ValueError(f"Images must have 2 or 3 spatial axes, got a batch of shape {tuple(data.shape)}.")
        chosen = self.chosen(size)[:, None]
        angles = self.uniform(self.rotate, (size, 1 if dims == 2 else 3)) * chosen
        factors = 1.0 + self.uniform(self.scale, (size, 1)) * chosen
        # From -1 to 1 is a length of 2.
        shifts = 2.0 * self.uniform(self.translate, (size, dims)) * chosen
        linear = _rotations(angles) / factors[..., None]
        # In pixels an image may be wider than high: rotate there, not in the square from -1 to 1.
        extent = np.asarray(data.shape[:1:-1], dtype=np.float64)
        linear = linear * extent[None, None, :] / extent[None, :, None]
        self.matrix = torch.from_numpy(np.concatenate([linear, shifts[..., None]], axis=-1))

    def apply(self, batch: Tensor, key_index: int) -> Tensor:
        """Resample each image."""
        grid = _affine_grid(self.matrix.to(batch.device, grid_type(batch)), batch.shape[2:])
        return resample(batch, grid, self.modes[key_index], self.keys[key_index])


def _affine_grid(matrix: Tensor, spatial: Sequence[int]) -> Tensor:
    """``F.affine_grid`` with ``align_corners=False``, as a sum over the axes, which is about ten times as fast.

    Args:
        matrix: ``(B, D, D + 1)``.
        spatial: the D sizes.

    Returns:
        ``(B, *spatial, D)``.
    """
    dims = len(spatial)
    columns = [column.reshape(-1, dims, *[1] * dims) for column in matrix.unbind(-1)]
    grid = columns[-1]
    # The last axis, x, comes last, so that all but one sum are of few numbers.
    for axis, size in enumerate(spatial):
        centres = (2 * torch.arange(size, dtype=matrix.dtype, device=matrix.device) + 1) / size - 1
        grid = grid + columns[dims - 1 - axis] * centres.view(-1, *[1] * (dims - 1 - axis))
    return grid.movedim(1, -1)


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
