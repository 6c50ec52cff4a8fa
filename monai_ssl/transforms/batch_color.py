"""Random colors of a batch."""

import math

import numpy as np
import torch
from monai.config import KeysCollection
from torch import Tensor

from monai_ssl.errors import InputError
from monai_ssl.transforms import color
from monai_ssl.transforms.batch import BatchTransform
from monai_ssl.transforms.chosen import on_chosen

__all__ = ["BatchRandColorJitterd", "BatchRandGrayscaled"]

ADJUSTMENTS = {
    "brightness": color.adjust_brightness_,
    "contrast": color.adjust_contrast_,
    "saturation": color.adjust_saturation_,
    "hue": color.adjust_hue_,
}


class BatchRandColorJitterd(BatchTransform):
    """Change brightness, contrast, saturation and hue of each image of a batch, as contrastive views are made.

    Each image has factors of its own for the first three, uniform in ``[max(0, 1 - x), 1 + x]``, and a turn of the hue,
    uniform in ``[-hue, hue]``. They blend the image with black, with its mean grey and with its grey image, and turn
    the hue of HSV, as torchvision's ``ColorJitter`` does (the equations are in :mod:`monai_ssl.transforms.color`); each
    result is clipped to [0, 1]. The order of the four is drawn for each batch, and is the same for all its images. Used
    for views by T. Chen et al., "A simple framework for contrastive learning", 2020, with
    ``brightness=0.8, contrast=0.8, saturation=0.8, hue=0.2``.

    Images of one channel are treated as grey images in color are: saturation and hue have nothing to change.

    Args:
        keys: keys of tensors ``(B, C, *spatial)`` of floats in [0, 1], with 3 channels (RGB) or 1 (grey).
        prob: probability for each image.
        brightness: largest relative change of brightness, at least 0; 0 leaves it as it is, here and below.
        contrast: largest relative change of contrast, at least 0.
        saturation: largest relative change of saturation, at least 0.
        hue: largest turn, in parts of the circle, in [0, 0.5].
        allow_missing_keys: whether a key may be missing.

    Raises:
        InputError: at the first batch, for another number of channels.
    """

    def __init__(
        self,
        keys: KeysCollection,
        prob: float = 0.8,
        brightness: float = 0.0,
        contrast: float = 0.0,
        saturation: float = 0.0,
        hue: float = 0.0,
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, prob, allow_missing_keys)
        factors = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
        for name, value in factors.items():
            if not 0 <= value < math.inf:
                raise ValueError(f"`{name}` must be at least 0, got {value!r}.")
        if not 0 <= hue <= 0.5:
            raise ValueError(f"`hue` must be in [0, 0.5], got {hue!r}.")
        self.bounds = {name: (max(0.0, 1.0 - value), 1.0 + value) for name, value in factors.items() if value > 0}
        if hue > 0:
            self.bounds["hue"] = (-hue, hue)

    def randomize(self, data: Tensor) -> None:
        """Draw the order of the adjustments, and the amount of each for each chosen image."""
        index = np.flatnonzero(self.chosen(len(data)))
        names = list(self.bounds)
        order = [names[place] for place in self.R.permutation(len(names))]
        self.index = torch.from_numpy(index)
        self.amounts = {name: torch.from_numpy(self.R.uniform(*self.bounds[name], len(index))) for name in order}

    def apply(self, batch: Tensor, key_index: int) -> Tensor:
        """Adjust the chosen images, in the order drawn."""
        _check(batch, self.keys[key_index])
        return on_chosen(batch, self.index, self._adjust)

    def _adjust(self, images: Tensor, rows: slice) -> Tensor:
        for name, amounts in self.amounts.items():
            ADJUSTMENTS[name](images, amounts[rows].to(images))
        return images


class BatchRandGrayscaled(BatchTransform):
    """Make each image of a batch grey with probability ``prob``: ``0.299 R + 0.587 G + 0.114 B`` on all channels.

    Images of one channel stay as they are.

    Args:
        keys: keys of tensors ``(B, C, *spatial)`` of floats, with 3 channels (RGB) or 1 (grey).
        prob: probability for each image.
        allow_missing_keys: whether a key may be missing.

    Raises:
        InputError: at the first batch, for another number of channels.
    """

    def __init__(self, keys: KeysCollection, prob: float = 0.2, allow_missing_keys: bool = False) -> None:
        super().__init__(keys, prob, allow_missing_keys)

    def randomize(self, data: Tensor) -> None:
        """Draw which images become grey."""
        self.index = torch.from_numpy(np.flatnonzero(self.chosen(len(data))))

    def apply(self, batch: Tensor, key_index: int) -> Tensor:
        """Make them grey."""
        _check(batch, self.keys[key_index])
        return on_chosen(batch, self.index, lambda images, _: images.copy_(color.luma(images)))


def _check(batch: Tensor, key: object) -> None:
    if batch.shape[1] not in (1, 3):
        raise InputError(
            f"{key!r} has {batch.shape[1]} channels, but colors are of 3 (RGB) or 1 (grey). "
            "Use BatchRandScaleShiftd, which takes any number of channels."
        )
    if not batch.is_floating_point():
        raise ValueError(f"{key!r} is of {batch.dtype}. Colors are floats in [0, 1].")
