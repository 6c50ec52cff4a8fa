"""Probabilities and targets back to values of a mask, and to its regions."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal, get_args

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform
from monai.utils import convert_to_dst_type

from monai_ssl.errors import InputError
from monai_ssl.masks import MaskCoding, MaskForm

__all__ = ["DecodeMaskd", "RegionsOfd"]

Source = Literal["probabilities", "values", "label"]


class DecodeMaskd(MapTransform):
    """Replace probabilities (K, *spatial) by values of a mask, int32 (1, *spatial); a ``MetaTensor`` stays one.

    See :meth:`monai_ssl.masks.MaskCoding.decode` for how overlapping regions are told apart.

    Args:
        keys: keys of probabilities.
        regions: as in a data list's ``masks``.
        form: what the channels are: ``"classes"`` or ``"regions"``, see :class:`~monai_ssl.masks.MaskCoding`.
        allow_missing_keys: whether a key may be missing.

    Raises:
        InputError: for no regions; when called, for NaN.
    """

    def __init__(
        self,
        keys: KeysCollection,
        regions: Mapping[str, Sequence[int]],
        form: MaskForm = "classes",
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.coding = MaskCoding(regions, form)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of ``data`` with values."""
        output = dict(data)
        for key in self.key_iterator(output):
            if torch.as_tensor(output[key]).isnan().any():
                raise InputError(
                    f"{output.get('source', key)}: the network gives NaN for this image, which is no mask. Train anew "
                    "with a lower learning rate, or use another model."
                )
            values = self.coding.decode(output[key])
            output[key] = convert_to_dst_type(values, output[key], dtype=values.dtype)[0]
        return output


class RegionsOfd(MapTransform):
    """Replace probabilities, values or a target by regions, float32 (R, *spatial) of 0 and 1; they may overlap.

    Args:
        keys: keys of tensors.
        regions: as in a data list's ``masks``.
        form: of probabilities and targets: ``"classes"`` or ``"regions"``, see :class:`~monai_ssl.masks.MaskCoding`.
        source: what there is: ``"probabilities"`` (K, *spatial), ``"values"`` (1, *spatial), or ``"label"``, a target
            as :class:`~monai_ssl.transforms.LoadMaskd` gives it.
        allow_missing_keys: whether a key may be missing.

    Raises:
        InputError: for no regions; when called, for values of no region.
        ValueError: for another source.
    """

    def __init__(
        self,
        keys: KeysCollection,
        regions: Mapping[str, Sequence[int]],
        form: MaskForm = "classes",
        source: Source = "probabilities",
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        if source not in get_args(Source):
            raise ValueError(f"`source` must be one of {', '.join(get_args(Source))}, got {source!r}.")
        self.coding, self.source = MaskCoding(regions, form), source

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of ``data`` with regions."""
        to_values = {"probabilities": self.coding.decode, "label": self.coding.decode_label}
        output = dict(data)
        for key in self.key_iterator(output):
            values = to_values[self.source](output[key]) if self.source in to_values else output[key]
            regions = self.coding.regions_of(values)
            output[key] = convert_to_dst_type(regions, output[key], dtype=regions.dtype)[0]
        return output
