"""Random contrast, brightness and noise of a batch."""

from collections.abc import Sequence

import torch
from monai.config import KeysCollection
from torch import Tensor

from monai_ssl.transforms.batch import BatchTransform

__all__ = ["BatchRandGaussianNoised", "BatchRandScaleShiftd"]


class BatchRandScaleShiftd(BatchTransform):
    """Change contrast and brightness of each image of a batch: ``clip(mean + a (x - mean) + b)``.

    Args:
        keys: keys of tensors ``(B, C, *spatial)``.
        prob: probability for each image.
        contrast: largest relative change of contrast, in [0, 1]; ``a`` is in ``[1 - contrast, 1 + contrast]``.
        brightness: largest shift, at least 0; ``b`` is in ``[-brightness, brightness]``.
        allow_missing_keys: whether a key may be missing.
        value_range: what the result is clipped to; ``None`` for images without bounds, as normalized ones.
    """

    def __init__(
        self,
        keys: KeysCollection,
        prob: float = 1.0,
        contrast: float = 0.0,
        brightness: float = 0.0,
        allow_missing_keys: bool = False,
        value_range: Sequence[float] | None = (0.0, 1.0),
    ) -> None:
        super().__init__(keys, prob, allow_missing_keys)
        if not 0 <= contrast <= 1:
            raise ValueError(f"`contrast` must be in [0, 1], got {contrast!r}.")
        if brightness < 0:
            raise ValueError(f"`brightness` must be at least 0, got {brightness!r}.")
        self.contrast, self.brightness = contrast, brightness
        self.value_range = _check_range(value_range)

    def randomize(self, data: Tensor) -> None:
        """Draw ``a`` and ``b`` for each image."""
        chosen = self.chosen(len(data))
        factors = 1.0 + self.uniform(self.contrast, chosen.shape) * chosen
        shifts = self.uniform(self.brightness, chosen.shape) * chosen
        self.factors, self.shifts = torch.from_numpy(factors), torch.from_numpy(shifts)

    def apply(self, batch: Tensor, key_index: int) -> Tensor:  # noqa: ARG002
        """Scale about each image's mean, shift and clip."""
        shape = (-1, *[1] * (batch.ndim - 1))
        factors = self.factors.to(batch).view(shape)
        shifts = self.shifts.to(batch).view(shape)
        mean = batch.mean(dim=tuple(range(1, batch.ndim)), keepdim=True)
        return _clip(torch.addcmul(mean * (1 - factors) + shifts, batch, factors), self.value_range)


class BatchRandGaussianNoised(BatchTransform):
    """Add Gaussian noise of a standard deviation drawn from [0, ``std``] to each image, and clip.

    Args:
        keys: keys of tensors ``(B, C, *spatial)``.
        prob: probability for each image.
        std: largest standard deviation, at least 0.
        allow_missing_keys: whether a key may be missing.
        value_range: what the result is clipped to; ``None`` for images without bounds, as normalized ones.
    """

    def __init__(
        self,
        keys: KeysCollection,
        prob: float = 1.0,
        std: float = 0.05,
        allow_missing_keys: bool = False,
        value_range: Sequence[float] | None = (0.0, 1.0),
    ) -> None:
        super().__init__(keys, prob, allow_missing_keys)
        if std < 0:
            raise ValueError(f"`std` must be at least 0, got {std!r}.")
        self.std = std
        self.value_range = _check_range(value_range)

    def randomize(self, data: Tensor) -> None:
        """Draw a standard deviation for each image and a seed for the noise, which torch draws faster than NumPy."""
        chosen = self.chosen(len(data))
        self.stds = torch.from_numpy(self.R.uniform(0.0, self.std, chosen.shape) * chosen)
        self.noise_seed = int(self.R.randint(2**31))

    def apply(self, batch: Tensor, key_index: int) -> Tensor:
        """Add the noise."""
        # On the CPU whatever the batch's device is, so that the noise depends on the seed alone.
        generator = torch.Generator().manual_seed(self.noise_seed + key_index)
        noise = torch.randn(batch.shape, generator=generator).to(batch)
        noisy = torch.addcmul(batch, noise, self.stds.to(batch).view(-1, *[1] * (batch.ndim - 1)))
        return _clip(noisy, self.value_range)


def _check_range(value_range: Sequence[float] | None) -> tuple[float, float] | None:
    if value_range is None:
        return None
    if len(value_range) != 2 or not value_range[0] < value_range[1]:
        raise ValueError(f"`value_range` must be two increasing numbers or None, got {value_range!r}.")
    return float(value_range[0]), float(value_range[1])


def _clip(batch: Tensor, value_range: tuple[float, float] | None) -> Tensor:
    """Clip in place."""
    return batch if value_range is None else batch.clamp_(*value_range)
