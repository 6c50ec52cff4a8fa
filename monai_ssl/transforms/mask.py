"""Masks to one channel a region."""

import os
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform

from monai_ssl.errors import InputError
from monai_ssl.readers.mask import read_mask

__all__ = ["LoadRegionsd"]


class LoadRegionsd(MapTransform):
    """Replace the path of a mask by its regions: a float32 tensor (R, *spatial) of 0 and 1.

    Args:
        keys: keys of paths.
        regions: the values of a mask that make up each region, as in a data list's ``masks``; regions may overlap.
        allow_missing_keys: whether a key may be missing, as in unlabeled images.

    Raises:
        InputError: for no regions; on reading, for a mask that cannot be read or has a value of no region.
    """

    def __init__(
        self, keys: KeysCollection, regions: Mapping[str, Sequence[int]], allow_missing_keys: bool = False
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        if not regions:
            raise InputError("The data list names no regions of masks. Give one whose task is segmentation.")
        self.regions = {name: list(values) for name, values in regions.items()}
        self.known = sorted({0, *(value for values in self.regions.values() for value in values)})

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of ``data`` with regions."""
        output = dict(data)
        for key in self.key_iterator(output):
            if not isinstance(output[key], str | os.PathLike):
                raise InputError(f"{key} is {output[key]!r}, not the path of a mask. Give a data list of segmentation.")
            mask = read_mask(output[key])
            odd = np.setdiff1d(mask, self.known)
            if odd.size:
                raise InputError(
                    f"{output[key]}: this mask has the values {odd[:5].tolist()}, which are of no region. Mend it, or "
                    "name them in the data list."
                )
            regions = [np.isin(mask, values) for values in self.regions.values()]
            output[key] = torch.from_numpy(np.stack(regions).astype(np.float32))
        return output
