"""Stored pixel values to Hounsfield units (or whatever unit the file's rescale gives)."""

from collections.abc import Hashable, Mapping
from typing import Any

import torch
from monai.config import KeysCollection, NdarrayOrTensor
from monai.transforms import MapTransform, Transform
from monai.utils import TransformBackends, convert_to_numpy

from monai_ssl.readers import DicomHeader, rescale

__all__ = ["RescaleToHU", "RescaleToHUd"]


class RescaleToHU(Transform):
    """Rescale stored pixel values to Hounsfield units.

    HU = slope * stored + intercept, where both are the header's, and 1 and 0 where it has none. A Modality LUT Sequence
    takes their place where the file has one. For other modalities than CT the result has the unit that the file means.
    """

    backend = [TransformBackends.NUMPY]  # noqa: RUF012 - as MONAI declares it

    def __call__(self, img: NdarrayOrTensor, header: DicomHeader) -> torch.Tensor:  # type: ignore[override]
        """Rescale one image.

        Args:
            img: stored values, as :func:`~monai_ssl.readers.read_dicom` gives them.
            header: its header.

        Returns:
            float32 tensor of the same shape, in HU.
        """
        return torch.from_numpy(rescale(convert_to_numpy(img), header))


class RescaleToHUd(MapTransform):
    """Dictionary version of :class:`RescaleToHU`.

    Args:
        keys: keys of stored pixels, as :class:`~monai_ssl.transforms.ReadDicomd` gives them.
        header_key_postfix: the header is found under ``f"{key}_{header_key_postfix}"``.
        allow_missing_keys: whether a key may be missing.
    """

    backend = RescaleToHU.backend

    def __init__(
        self, keys: KeysCollection, header_key_postfix: str = "header", allow_missing_keys: bool = False
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.header_key_postfix = header_key_postfix
        self.rescale = RescaleToHU()

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of ``data`` with HU in place of stored values."""
        output = dict(data)
        for key in self.key_iterator(output):
            output[key] = self.rescale(output[key], output[f"{key}_{self.header_key_postfix}"])
        return output
