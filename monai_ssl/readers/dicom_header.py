"""The few DICOM attributes that grey values depend on, and none that identifies a patient."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels import apply_modality_lut

from monai_ssl.errors import InputError

__all__ = ["HEADER_KEYWORDS", "DicomHeader", "parse_header"]

HEADER_KEYWORDS = (
    "Modality",
    "PixelSpacing",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "RescaleSlope",
    "RescaleIntercept",
    "ModalityLUTSequence",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
)
"""What :func:`parse_header` reads. A file is opened for these (and its pixels) only."""


@dataclass(frozen=True)
class DicomHeader:
    """What a stored pixel means: everything needed for HU and windows, nothing that identifies.

    Attributes:
        modality: "CT", "DX", "CR", "MR", ...; empty where the file has none.
        photometric_interpretation: "MONOCHROME1" (low values bright), "MONOCHROME2" (high values bright) or "RGB".
        bits_stored: bits of a stored value; None for floating-point pixels, which have no range.
        pixel_representation: 0 for unsigned, 1 for signed (two's complement) stored values.
        slope: of the rescale to HU.
        intercept: of the rescale to HU.
        modality_lut: output value of each stored value from ``modality_lut_first`` on; replaces slope and intercept.
        modality_lut_first: the stored value that the first entry of ``modality_lut`` belongs to.
        window_centers: one value for each window of the file, in HU (or the rescaled unit).
        window_widths: as many values as ``window_centers``.
        voi_lut_function: "LINEAR", "LINEAR_EXACT" or "SIGMOID", as the file has it.
        padding_value: stored value outside the scanned region, where the file names one.
        padding_range_limit: the other end of a range of such values.
        pixel_spacing: (between rows, between columns) in mm, where the file has it.
    """

    modality: str = ""
    photometric_interpretation: str = "MONOCHROME2"
    bits_stored: int | None = 16
    pixel_representation: int = 0
    slope: float = 1.0
    intercept: float = 0.0
    modality_lut: tuple[int, ...] | None = None
    modality_lut_first: int = 0
    window_centers: tuple[float, ...] = ()
    window_widths: tuple[float, ...] = ()
    voi_lut_function: str = "LINEAR"
    padding_value: float | None = None
    padding_range_limit: float | None = None
    pixel_spacing: tuple[float, float] | None = None

    @property
    def stored_range(self) -> tuple[int, int]:
        """The least and the greatest value that ``bits_stored`` can hold.

        Raises:
            InputError: for floating-point pixels.
        """
        if self.bits_stored is None:
            raise InputError("floating-point pixels have no full range. Give a window (center, width).")
        if self.pixel_representation == 1:
            return -(1 << (self.bits_stored - 1)), (1 << (self.bits_stored - 1)) - 1
        return 0, (1 << self.bits_stored) - 1


def parse_header(dataset: Dataset) -> DicomHeader:
    """Pick the values of a :class:`DicomHeader` from a dataset; absent attributes get DICOM's defaults.

    Raises:
        ValueError: for a value that makes no sense; its text has no value of the file.
    """
    spacing = _numbers(dataset, "PixelSpacing")
    bits_stored = _first(dataset, "BitsStored")
    lut, lut_first = _modality_lut(dataset)
    centers, widths = _numbers(dataset, "WindowCenter"), _numbers(dataset, "WindowWidth")
    windows = min(len(centers), len(widths))
    slope = _first(dataset, "RescaleSlope")
    if slope == 0:
        raise ValueError("RescaleSlope is 0")
    return DicomHeader(
        modality=str(dataset.get("Modality") or ""),
        photometric_interpretation=str(dataset.get("PhotometricInterpretation") or ""),
        bits_stored=None if bits_stored is None else int(bits_stored),
        pixel_representation=int(_first(dataset, "PixelRepresentation") or 0),
        slope=1.0 if slope is None else slope,
        intercept=_first(dataset, "RescaleIntercept") or 0.0,
        modality_lut=lut,
        modality_lut_first=lut_first,
        window_centers=centers[:windows],
        window_widths=widths[:windows],
        voi_lut_function=str(dataset.get("VOILUTFunction") or "LINEAR"),
        padding_value=_padding(dataset, "PixelPaddingValue"),
        padding_range_limit=_padding(dataset, "PixelPaddingRangeLimit"),
        pixel_spacing=(spacing[0], spacing[1]) if len(spacing) == 2 else None,
    )


def _numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """The values of a numeric attribute; none where it is absent or empty."""
    value: Any = dataset.get(keyword)
    if value is None or value == "":
        return ()
    numbers = tuple(float(item) for item in (value if isinstance(value, MultiValue | list) else [value]))
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"{keyword} is not finite")
    return numbers


def _first(dataset: Dataset, keyword: str) -> float | None:
    numbers = _numbers(dataset, keyword)
    return numbers[0] if numbers else None


def _padding(dataset: Dataset, keyword: str) -> float | None:
    """A padding value; scanners that write -2000 with an unsigned VR (as 63536) are understood."""
    value = _first(dataset, keyword)
    bits = int(_first(dataset, "BitsAllocated") or 16)
    if value is not None and _first(dataset, "PixelRepresentation") == 1 and value >= 1 << (bits - 1):
        return value - (1 << bits)
    return value


def _modality_lut(dataset: Dataset) -> tuple[tuple[int, ...] | None, int]:
    """The table of the Modality LUT Sequence as pydicom applies it, and the first stored value it is for."""
    if not dataset.get("ModalityLUTSequence"):
        return None, 0
    entries, first, _ = dataset.ModalityLUTSequence[0].LUTDescriptor
    stored = np.arange(first, first + (entries or 1 << 16), dtype=np.int64)
    return tuple(apply_modality_lut(stored, dataset).tolist()), int(first)
