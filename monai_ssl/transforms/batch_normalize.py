"""Normalize the channels of a batch by given means and standard deviations."""

from collections.abc import Hashable, Mapping, Sequence

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform
from torch import Tensor

from monai_ssl.errors import InputError

__all__ = ["BatchNormalized"]


class BatchNormalized(MapTransform):
    """Return ``(x - mean) / std`` by channel, as networks pretrained on ImageNet expect it.

    For each image it is MONAI's ``NormalizeIntensity(mean, std, channel_wise=True)``, of a whole batch at once.

    Args:
        keys: keys of tensors ``(B, C, *spatial)`` of floats.
        mean: one number a channel.
        std: one number above 0 a channel.
        allow_missing_keys: whether a key may be missing.

    Raises:
        InputError: at the first batch, for another number of channels.
    """

    def __init__(
        self, keys: KeysCollection, mean: Sequence[float], std: Sequence[float], allow_missing_keys: bool = False
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        if len(mean) != len(std) or not len(mean):
            raise ValueError(f"`mean` and `std` must have one number a channel, got {mean!r} and {std!r}.")
        if not all(value > 0 for value in std):
            raise ValueError(f"`std` must be above 0, got {std!r}.")
        self.mean, self.std = tuple(mean), tuple(std)

    def __call__(self, data: Mapping[Hashable, Tensor]) -> dict[Hashable, Tensor]:
        """Return a copy of ``data`` with its keys normalized."""
        result = dict(data)
        for key in self.key_iterator(result):
            result[key] = self._normalize(result[key], key)
        return result

    def _normalize(self, batch: Tensor, key: Hashable) -> Tensor:
        if batch.shape[1] != len(self.mean):
            raise InputError(
                f"{key!r} has {batch.shape[1]} channels, but `mean` and `std` are of {len(self.mean)}. "
                "Give one number a channel."
            )
        shape = (-1, *[1] * (batch.ndim - 2))
        mean, std = (batch.new_tensor(values).view(shape) for values in (self.mean, self.std))
        # One pass over the images instead of two.
        return torch.addcmul(-mean / std, batch, 1 / std)
