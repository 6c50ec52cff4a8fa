"""Masks for images that have none, so that they fit into a batch with images that have one."""

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform
from torch import Tensor

__all__ = ["MissingMaskd", "has_mask"]

MISSING = -1.0


def has_mask(masks: Tensor) -> Tensor:
    """Tell which images of a batch have a mask, ``(B,)``: those without any negative value or NaN.

    Any, and not all: an affine transform brings 0 into what stands in for a missing mask.

    Args:
        masks: ``(B, K, *spatial)``.
    """
    return (masks >= 0).flatten(1).all(dim=1)


class MissingMaskd(MapTransform):
    """Give images without a mask one that is -1 everywhere, which methods take for none.

    Args:
        keys: keys of masks; those that are there stay as they are.
        channels: of a mask, as :class:`~monai_ssl.transforms.LoadMaskd` makes it.
        image_key: key of the image, (C, *spatial), whose sides the mask gets.

    Raises:
        ValueError: for fewer channels than one.
    """

    def __init__(self, keys: KeysCollection, channels: int = 1, image_key: str = "image") -> None:
        super().__init__(keys, allow_missing_keys=True)
        if channels < 1:
            raise ValueError(f"`channels` must be at least 1, got {channels!r}.")
        self.channels, self.image_key = channels, image_key

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of ``data`` with all masks."""
        output = dict(data)
        for key in self.keys:
            if key not in output:
                # Expanded, it takes no memory for each of many unlabeled images that a cache holds.
                output[key] = torch.tensor(MISSING).expand(self.channels, *output[self.image_key].shape[1:])
        return output
