"""Masks to the targets of a network."""

import os
from collections.abc import Hashable, Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import MapTransform
from torch import Tensor

from monai_ssl.errors import InputError
from monai_ssl.masks import MaskCoding, MaskForm
from monai_ssl.readers.file_kind import kind_of
from monai_ssl.readers.grids import image_affine, same_places
from monai_ssl.readers.mask import read_mask
from monai_ssl.readers.mask_size import OtherSize, check_other_size, fit_mask

__all__ = ["LoadMaskd"]


class LoadMaskd(MapTransform):
    """Replace the path of a mask by a target, see :meth:`monai_ssl.masks.MaskCoding.encode`.

    Where the image has been loaded before, the mask must have its shape, and its affine where both have one, but for
    the rounding of headers (see :func:`~monai_ssl.readers.grids.same_places`).

    Args:
        keys: keys of paths.
        regions: the values of a mask that make up each region, as in a data list's ``masks``; regions may overlap.
        form: ``"classes"`` for float32 (1, *spatial) of class indices, ``"regions"`` for float32 (R, *spatial) of 0
            and 1.
        image_key: key of the image that the masks belong to. If it is a ``MetaTensor``, the target is one with its
            affine and meta, but for the name of the file.
        other_size: ``"refuse"`` or ``"resample"`` masks of another size, see
            :func:`~monai_ssl.readers.mask_size.fit_mask`.
        allow_missing_keys: whether a key may be missing, as in unlabeled images.

    Raises:
        InputError: for no regions, or another ``other_size``; on reading, for a mask that cannot be read, has a value
            of no region, or lies on another grid than its image.
    """

    def __init__(
        self,
        keys: KeysCollection,
        regions: Mapping[str, Sequence[int]],
        form: MaskForm = "classes",
        image_key: str = "image",
        other_size: OtherSize = "refuse",
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        check_other_size(other_size)
        self.coding = MaskCoding(regions, form)
        self.image_key, self.other_size = image_key, other_size

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of ``data`` with targets."""
        output = dict(data)
        image = output.get(self.image_key)
        for key in self.key_iterator(output):
            path = output[key]
            if not isinstance(path, str | os.PathLike):
                raise InputError(f"{key} is {path!r}, not the path of a mask. Give a data list of segmentation.")
            target = self._target(path, image)
            if isinstance(image, MetaTensor):
                target = MetaTensor(target, meta=deepcopy(image.meta) | {"filename_or_obj": str(path)})
            output[key] = target
        return output

    def _target(self, path: str | os.PathLike[str], image: Any) -> Tensor:
        """Read the target of an image, which may have been loaded before."""
        mask = read_mask(path)
        if isinstance(image, (Tensor, np.ndarray)):
            source = image.meta.get("filename_or_obj") if isinstance(image, MetaTensor) else None
            mask = fit_mask(mask, tuple(image.shape[1:]), path, source or "its image", self.other_size)
            if isinstance(image, MetaTensor) and source is not None:
                _check_grid(path, image, source)
        try:
            return self.coding.encode(torch.from_numpy(mask))
        except InputError as error:
            raise InputError(f"{path}: {error}") from None


def _check_grid(path: str | os.PathLike[str], image: MetaTensor, source: str) -> None:
    """The mask lies where the image does."""
    kinds = {kind_of(path), kind_of(source)}
    if "nifti" in kinds and len(kinds) > 1:
        raise InputError(
            f"{path}: either this mask or {source} is NIfTI, and the other is not: their axes run differently. Save "
            "them in one kind of file."
        )
    affine, own = image.affine.numpy(), image_affine(path, image.ndim - 1)
    if not same_places(affine, own):
        raise InputError(
            f"{path}: the affine of this mask differs from that of {source} by up to {np.abs(own - affine).max():.3g} "
            "mm. Resample the mask to the grid of its image."
        )
