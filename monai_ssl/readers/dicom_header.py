"""The few DICOM attributes that grey values depend on, and none that identifies a patient."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydicom import Dataset
from pydicom.pixels import apply_modality_lut

from monai_ssl.errors import InputError
from monai_ssl.readers.dicom_frames import FRAME_KEYWORDS
from monai_ssl.readers.dicom_layout import PixelLayout
from monai_ssl.readers.dicom_values import bad_header, first_number, first_text, numbers

__all__ = ["HEADER_KEYWORDS", "DicomHeader", "parse_header"]

HEADER_KEYWORDS = (
    *FRAME_KEYWORDS,
    "Modality",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "ModalityLUTSequence",
)
"""What :func:`parse_header` reads at the top level. A file is opened for these (and its pixels) only."""


@dataclass(frozen=True)
class DicomHeader:
    """What a stored pixel means: everything needed for HU and windows, nothing that identifies.

    Attributes:
        modality: "CT", "DX", "CR", "MR", ...; empty where the file has none.
        photometric_interpretation: "MONOCHROME1" (low values bright), "MONOCHROME2" (high values bright) or "RGB".
        bits_stored: bits of a stored value; None for floating-point pixels, which have no range.
        pixel_representation: 0 for unsigned, 1 for signed (two's complement) stored values.
        slope: of the rescale to HU; of the first frame, where frames differ.
        intercept: of the rescale to HU; of the first frame, where frames differ.
        frame_rescale: (slope, intercept) of each frame where they differ; empty where one rescale holds for all.
        modality_lut: output value of each stored value from ``modality_lut_first`` on; replaces slope and intercept.
        modality_lut_first: the stored value that the first entry of ``modality_lut`` belongs to.
        window_centers: one value for each window of the file, in HU (or the rescaled unit). Where frames have windows
            of their own, one window that holds them all, so that equal values stay equal throughout a volume.
        window_widths: as many values as ``window_centers``.
        voi_lut_function: "LINEAR", "LINEAR_EXACT" or "SIGMOID", as the file has it.
        padding_value: stored value outside the scanned region, where the file names one.
        padding_range_limit: the other end of a range of such values.
        pixel_spacing: (between rows, between columns) in mm, where the file has it.
        slice_thickness: in mm, where the file has it.
        spacing_between_slices: between the centres of neighbouring slices in mm, where the file has it.
        image_orientation: directions (x, y, z) in the patient (LPS) of a row, then of a column.
        image_position: centre of the first pixel (x, y, z) in the patient (LPS) in mm; of the first frame.
        frame_positions: such a centre for each frame; empty where the file does not place frames one by one.
    """

    modality: str = ""
    photometric_interpretation: str = "MONOCHROME2"
    bits_stored: int | None = 16
    pixel_representation: int = 0
    slope: float = 1.0
    intercept: float = 0.0
    frame_rescale: tuple[tuple[float, float], ...] = ()
    modality_lut: tuple[int, ...] | None = None
    modality_lut_first: int = 0
    window_centers: tuple[float, ...] = ()
    window_widths: tuple[float, ...] = ()
    voi_lut_function: str = "LINEAR"
    padding_value: float | None = None
    padding_range_limit: float | None = None
    pixel_spacing: tuple[float, float] | None = None
    slice_thickness: float | None = None
    spacing_between_slices: float | None = None
    image_orientation: tuple[float, ...] | None = None
    image_position: tuple[float, ...] | None = None
    frame_positions: tuple[tuple[float, ...], ...] = ()

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


def parse_header(dataset: Dataset, layout: PixelLayout, frames: Sequence[Dataset]) -> DicomHeader:
    """Pick the values of a :class:`DicomHeader` from a dataset; absent attributes get DICOM's defaults.

    Args:
        dataset: the file.
        layout: of its pixels.
        frames: from :func:`~monai_ssl.readers.dicom_frames.split_frames`, in the order of the pixels' frames.

    Raises:
        InputError: for a value that makes no sense.
    """
    first = frames[0]
    rescales = [_rescale(frame) for frame in frames]
    positions = tuple(numbers(frame, "ImagePositionPatient") for frame in frames)
    spacing, orientation = numbers(first, "PixelSpacing"), numbers(first, "ImageOrientationPatient")
    lut, lut_first = _modality_lut(dataset)
    centers, widths = _windows(frames)
    return DicomHeader(
        modality=first_text(dataset, "Modality"),
        photometric_interpretation=layout.photometric,
        bits_stored=None if layout.floating else layout.bits_stored,
        pixel_representation=int(bool(layout.signed)),
        slope=rescales[0][0],
        intercept=rescales[0][1],
        frame_rescale=tuple(rescales) if len(set(rescales)) > 1 else (),
        modality_lut=lut,
        modality_lut_first=lut_first,
        window_centers=centers,
        window_widths=widths,
        voi_lut_function=first_text(first, "VOILUTFunction") or "LINEAR",
        padding_value=_padding(dataset, "PixelPaddingValue", layout),
        padding_range_limit=_padding(dataset, "PixelPaddingRangeLimit", layout),
        pixel_spacing=(spacing[0], spacing[1]) if len(spacing) == 2 else None,
        slice_thickness=first_number(first, "SliceThickness"),
        spacing_between_slices=first_number(first, "SpacingBetweenSlices"),
        image_orientation=orientation if len(orientation) == 6 else None,
        image_position=positions[0] if len(positions[0]) == 3 else None,
        frame_positions=positions if len(frames) > 1 and all(len(position) == 3 for position in positions) else (),
    )


def _rescale(frame: Dataset) -> tuple[float, float]:
    slope = first_number(frame, "RescaleSlope")
    if slope == 0:
        raise bad_header("RescaleSlope is 0")
    return 1.0 if slope is None else slope, first_number(frame, "RescaleIntercept") or 0.0


def _windows(frames: Sequence[Dataset]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Centers and widths that hold for all frames."""
    different = {(numbers(frame, "WindowCenter"), numbers(frame, "WindowWidth")) for frame in frames}
    pairs = [tuple(zip(centers, widths, strict=False)) for centers, widths in different]
    if len(pairs) == 1:
        return tuple(center for center, _ in pairs[0]), tuple(width for _, width in pairs[0])
    firsts = [windows[0] for windows in pairs if windows]
    if not firsts:
        return (), ()
    low = min(center - width / 2 for center, width in firsts)
    high = max(center + width / 2 for center, width in firsts)
    return ((low + high) / 2,), (high - low,)


def _padding(dataset: Dataset, keyword: str, layout: PixelLayout) -> float | None:
    """A padding value, as the stored type has it: scanners write -2000 with an unsigned VR too (as 63536)."""
    value = first_number(dataset, keyword)
    if value is None or layout.floating:
        return value
    bits = layout.bits_allocated
    wrapped = value % (1 << bits)
    return wrapped - (1 << bits) if layout.signed and wrapped >= 1 << (bits - 1) else wrapped


def _modality_lut(dataset: Dataset) -> tuple[tuple[int, ...] | None, int]:
    """The table of the Modality LUT Sequence as pydicom applies it, and the first stored value it is for."""
    if not dataset.get("ModalityLUTSequence"):
        return None, 0
    entries, first, _ = dataset.ModalityLUTSequence[0].LUTDescriptor
    stored = np.arange(first, first + (entries or 1 << 16), dtype=np.int64)
    return tuple(apply_modality_lut(stored, dataset).tolist()), int(first)
