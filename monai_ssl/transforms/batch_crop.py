"""Random resized crops of a batch."""

import math
from collections.abc import Hashable, Sequence
from functools import partial

import numpy as np
import torch
from monai.config import KeysCollection
from torch import Tensor

from monai_ssl.transforms.batch import BatchTransform
from monai_ssl.transforms.chosen import on_chosen
from monai_ssl.transforms.resample import grid_type, modes_of_keys, resample

__all__ = ["BatchRandResizedCropd"]

ATTEMPTS = 10


class BatchRandResizedCropd(BatchTransform):
    """Enlarge a random part of each image of a batch to the size of the whole, as contrastive views are made.

    A crop covers a fraction ``v`` of the image's area (in 3D: volume), drawn uniformly from ``scale``. Relative to the
    image's own proportions, each axis after the first is ``r_k`` times as long as the first, drawn log-uniformly from
    ``ratio``; so axis ``k`` of ``n_k`` pixels is cropped to ``round(n_k r_k (v / prod r)^(1/D))``, with ``r_1 = 1``. Of
    ten such draws the first that fits into the image is taken, at a uniformly drawn place, in whole pixels. If none
    fits, it is the largest central crop with ``r_k = 1``, or the bound of ``ratio`` next to 1.

    For square images this is torchvision's ``RandomResizedCrop`` (C. Szegedy et al., "Going deeper with convolutions",
    2015; used for views by T. Chen et al., "A simple framework for contrastive learning", 2020). There ``ratio`` is in
    pixels whatever the image's shape; here the output has that shape, and ``ratio`` is what bounds its distortion. No
    smoothing is needed, since crops are only ever enlarged.

    Args:
        keys: keys of tensors ``(B, C, *spatial)``, 2D or 3D.
        prob: probability for each image.
        scale: bounds of ``v``, in (0, 1].
        ratio: bounds of ``r_k``, above 0.
        mode: ``"bilinear"``, or ``"nearest"`` for masks; one for all keys or one a key.
        allow_missing_keys: whether a key may be missing.
    """

    def __init__(
        self,
        keys: KeysCollection,
        prob: float = 1.0,
        scale: Sequence[float] = (0.2, 1.0),
        ratio: Sequence[float] = (3 / 4, 4 / 3),
        mode: str | Sequence[str] = "bilinear",
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, prob, allow_missing_keys)
        if len(scale) != 2 or not 0 < scale[0] <= scale[1] <= 1:
            raise ValueError(f"`scale` must be two rising numbers in (0, 1], got {scale!r}.")
        if len(ratio) != 2 or not 0 < ratio[0] <= ratio[1] < math.inf:
            raise ValueError(f"`ratio` must be two rising numbers above 0, got {ratio!r}.")
        self.scale, self.ratio = (scale[0], scale[1]), (ratio[0], ratio[1])
        self.modes = modes_of_keys(mode, self.keys)

    def randomize(self, data: Tensor) -> None:
        """Draw where the crop of each chosen image begins and how long it is, as fractions of the axes."""
        dims = data.ndim - 2
        if dims not in (2, 3):
            raise ValueError(f"Images must have 2 or 3 spatial axes, got a batch of shape {tuple(data.shape)}.")
        spatial = np.asarray(data.shape[2:])
        index = np.flatnonzero(self.chosen(len(data)))
        lengths, fitted = self._draw_lengths(len(index), spatial)
        places = np.floor(self.R.random_sample(lengths.shape) * (spatial - lengths + 1))
        starts = np.where(fitted[:, None], places, (spatial - lengths) // 2)
        self.index = torch.from_numpy(index)
        self.starts, self.lengths = torch.from_numpy(starts / spatial), torch.from_numpy(lengths / spatial)

    def _draw_lengths(self, count: int, spatial: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Draw lengths in pixels, ``(count, D)``, and say for which crops a draw has fitted."""
        dims = len(spatial)
        low, high = self.ratio
        parts = self.R.uniform(*self.scale, (count, ATTEMPTS, 1))
        ratios = np.ones((count, ATTEMPTS, dims))
        ratios[..., 1:] = np.exp(self.R.uniform(math.log(low), math.log(high), (count, ATTEMPTS, dims - 1)))
        drawn = np.rint(spatial * ratios * (parts / ratios.prod(-1, keepdims=True)) ** (1 / dims))
        fits = ((drawn >= 1) & (drawn <= spatial)).all(-1)
        first = drawn[np.arange(count), fits.argmax(1)]
        nearest = np.array([1.0] + [min(max(1.0, low), high)] * (dims - 1))
        central = np.maximum(np.rint(spatial * nearest / nearest.max()), 1)
        fitted = fits.any(1)
        return np.where(fitted[:, None], first, central), fitted

    def apply(self, batch: Tensor, key_index: int) -> Tensor:
        """Crop and enlarge."""
        crop = partial(self._crop, mode=self.modes[key_index], key=self.keys[key_index])
        # Sampling makes a new tensor anyway: nothing need be copied when all images are cropped, as they mostly are.
        return crop(batch) if len(self.index) == len(batch) else on_chosen(batch, self.index, crop)

    def _crop(self, images: Tensor, rows: slice = slice(None), *, mode: str, key: Hashable) -> Tensor:
        like = torch.empty(0, dtype=grid_type(images), device=images.device)
        return resample(images, crop_grid(self.starts[rows], self.lengths[rows], images.shape[2:], like), mode, key)


def crop_grid(starts: Tensor, lengths: Tensor, spatial: Sequence[int], like: Tensor) -> Tensor:
    """Return the places where ``grid_sample`` enlarges crops as ``F.interpolate`` would, without ``align_corners``.

    Args:
        starts: ``(B, D)``, where the crops begin, as fractions of the axes.
        lengths: ``(B, D)``, how long they are, as fractions of the axes.
        spatial: the D sizes.
        like: a tensor of the grid's type and device.

    Returns:
        ``(B, *spatial, D)`` in coordinates from -1 to 1, x first.
    """
    dims = len(spatial)
    grid = like.new_empty(len(starts), *spatial, dims)
    for axis, size in enumerate(spatial):
        start, length = starts[:, axis, None], lengths[:, axis, None]
        centres = (torch.arange(size, dtype=starts.dtype) + 0.5) / size
        # Not beyond the centres of the crop's outermost pixels, so that nothing of its surroundings comes in.
        places = (start + length * centres).clamp(start + 0.5 / size, start + length - 0.5 / size)
        shape = (-1, *[1] * axis, size, *[1] * (dims - 1 - axis))
        grid[..., dims - 1 - axis] = (2 * places - 1).to(like).view(shape)
    return grid
