"""Probabilities of a teacher to the targets of a network."""

import os
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.transforms import MapTransform
from torch import Tensor

from monai_ssl.errors import InputError
from monai_ssl.readers.nifti import read_nifti
from monai_ssl.transforms.mask import LoadMaskd

__all__ = ["CompleteBackgroundd", "LoadSoftMaskd"]


class LoadSoftMaskd(LoadMaskd):
    """Replace the path of a file of probabilities by a soft target: a float32 tensor (K, *spatial).

    The file is one that :func:`~monai_ssl.writers.write_probabilities` wrote, on the grid of the image. For classes the
    probabilities, which it rounds, are made to add up to 1 again.

    Args:
        keys: keys of paths.
        regions: as in a data list's ``masks``.
        form: ``"classes"`` or ``"regions"``, as the teacher's, see :class:`~monai_ssl.masks.MaskCoding`.
        image_key: key of the image that they belong to; if it has been loaded before, they must have its shape. If it
            is a ``MetaTensor``, the target is one with its affine and meta.
        allow_missing_keys: whether a key may be missing.

    Raises:
        InputError: for no regions; on reading, for a file that cannot be read, or is not of these channels or this
            image.
    """

    def _target(self, path: str | os.PathLike[str], image: Any) -> Tensor:
        """Read the probabilities."""
        target = torch.from_numpy(read_nifti(path))
        expected = tuple(image.shape[1:]) if isinstance(image, (Tensor, np.ndarray)) else tuple(target.shape[1:])
        if tuple(target.shape) != (self.coding.num_outputs, *expected):
            raise InputError(
                f"{path}: these probabilities have shape {tuple(target.shape)}, where "
                f"{(self.coding.num_outputs, *expected)} is expected. Make the pseudo-labels of this image again."
            )
        if self.coding.form == "classes":
            target /= target.sum(dim=0, keepdim=True)
        return target


class CompleteBackgroundd(MapTransform):
    """Set the first channel of soft targets in a batch to what the others leave of 1.

    Spatial transforms and padding put 0 into all channels of what comes in from outside of an image. There it is
    background, as it is of masks with one value a position.

    Args:
        keys: keys of tensors (B, K, *spatial) whose channel 0 is the probability of background.
        allow_missing_keys: whether a key may be missing.
    """

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of ``data`` with completed targets."""
        output = dict(data)
        for key in self.key_iterator(output):
            others = output[key][:, 1:]
            output[key] = torch.cat([(1 - others.sum(dim=1, keepdim=True)).clamp(min=0), others], dim=1)
        return output
