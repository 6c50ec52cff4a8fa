"""Reading one DICOM file in MONAI's form."""

from collections.abc import Hashable, Mapping
from typing import Any

from monai.config import KeysCollection
from monai.transforms import MapTransform

from monai_ssl.readers import read_dicom

__all__ = ["ReadDicomd"]


class ReadDicomd(MapTransform):
    """Dictionary version of :func:`~monai_ssl.readers.read_dicom`: replaces a path by the
    stored pixels, and adds their header.

    Args:
        keys: keys of paths to DICOM files.
        header_key_postfix: the header is put under ``f"{key}_{header_key_postfix}"``.
        allow_missing_keys: whether a key may be missing.
    """

    def __init__(
        self, keys: KeysCollection, header_key_postfix: str = "header", allow_missing_keys: bool = False
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.header_key_postfix = header_key_postfix

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of ``data`` with pixels and headers."""
        output = dict(data)
        for key in self.key_iterator(output):
            output[key], output[f"{key}_{self.header_key_postfix}"] = read_dicom(output[key])
        return output
