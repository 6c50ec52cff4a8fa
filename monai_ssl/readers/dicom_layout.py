"""The shape and type of the pixels in a DICOM file."""

from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from monai_ssl.readers.dicom_values import bad_header, first_number, first_text, tag_of, whole_number

__all__ = ["LAYOUT_KEYWORDS", "PIXEL_DATA_KEYWORDS", "PixelLayout", "parse_layout"]

LAYOUT_KEYWORDS = (
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "PlanarConfiguration",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "PixelRepresentation",
)
"""What :func:`parse_layout` reads, beside NumberOfFrames and the pixels."""

PIXEL_DATA_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
"""The attributes that hold pixels; a file has one of them."""

_FLOAT_BITS = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}
# A breast tomosynthesis, among the largest objects that hospitals have, takes 1 GiB. Sizes of a damaged header are
# far beyond, and must be refused before any memory is taken.
_MOST_BYTES = 4 << 30


@dataclass(frozen=True)
class PixelLayout:
    """The shape and type of stored pixels.

    Attributes:
        keyword: the attribute that holds the pixels.
        frames: number of frames.
        rows: of a frame.
        columns: of a frame.
        samples: 1, or 3 for colour.
        planar: 0 for colour by pixel, 1 for colour by plane; None where the file does not say.
        photometric: the photometric interpretation.
        bits_allocated: bits that a value takes: 1, 8, 16, 32 or 64.
        bits_stored: bits of them in use.
        signed: whether values are two's complement; None where the file does not say.
    """

    keyword: str
    frames: int
    rows: int
    columns: int
    samples: int
    planar: int | None
    photometric: str
    bits_allocated: int
    bits_stored: int
    signed: bool | None

    @property
    def floating(self) -> bool:
        """Whether the pixels are floating-point numbers."""
        return self.keyword in _FLOAT_BITS

    @property
    def frame_bytes(self) -> int:
        """Bytes of a decoded frame; of 1-bit pixels, of a frame packed by itself."""
        return -(-self.rows * self.columns * self.samples * self.bits_allocated // 8)

    @property
    def native_bytes(self) -> int:
        """Bytes of all frames where they are not compressed; 1-bit frames follow each other without a gap."""
        bits = self.frames * self.rows * self.columns * self.samples * self.bits_allocated
        return -(-bits // 8) // 3 * 2 if self.photometric == "YBR_FULL_422" else -(-bits // 8)

    @property
    def dtype(self) -> "np.dtype[np.generic]":
        """The type of a stored value, in the machine's byte order."""
        if self.floating:
            return np.dtype(f"f{self.bits_allocated // 8}")
        return np.dtype(f"{'i' if self.signed else 'u'}{max(self.bits_allocated // 8, 1)}")

    @property
    def stored_range(self) -> tuple[int, int]:
        """The least and the greatest value that ``bits_stored`` can hold."""
        if self.signed:
            return -(1 << (self.bits_stored - 1)), (1 << (self.bits_stored - 1)) - 1
        return 0, (1 << self.bits_stored) - 1


def parse_layout(dataset: Dataset) -> PixelLayout:
    """Read the shape and type of the pixels, with the values that a file leaves out where only one is possible.

    SamplesPerPixel and PhotometricInterpretation follow from each other for grey values, BitsStored is BitsAllocated,
    and all bits are as many as those of floating-point pixels.

    Raises:
        InputError: for a value that is missing, impossible or not supported.
    """
    keyword = next(name for name in PIXEL_DATA_KEYWORDS if tag_of(name) in dataset)
    photometric = first_text(dataset, "PhotometricInterpretation")
    samples = whole_number(dataset, "SamplesPerPixel", 3 if photometric.startswith(("RGB", "YBR")) else 1)
    if not photometric and samples == 1 and tag_of("RedPaletteColorLookupTableDescriptor") not in dataset:
        photometric = "MONOCHROME2"
    if not photometric:
        raise bad_header("PhotometricInterpretation is missing")
    bits_allocated = whole_number(dataset, "BitsAllocated", _FLOAT_BITS.get(keyword))
    layout = PixelLayout(
        keyword=keyword,
        frames=whole_number(dataset, "NumberOfFrames", 1) or 1,
        rows=whole_number(dataset, "Rows"),
        columns=whole_number(dataset, "Columns"),
        samples=samples,
        planar=_flag(dataset, "PlanarConfiguration"),
        photometric=photometric,
        bits_allocated=bits_allocated,
        bits_stored=whole_number(dataset, "BitsStored", bits_allocated) if keyword == "PixelData" else bits_allocated,
        signed=_signed(dataset, photometric, bits_allocated),
    )
    _check(layout)
    return layout


def _signed(dataset: Dataset, photometric: str, bits_allocated: int) -> bool | None:
    representation = _flag(dataset, "PixelRepresentation")
    # Colours and bytes are unsigned as good as always; wider grey values may be both.
    if representation is None and not (photometric.startswith("MONOCHROME") and bits_allocated > 8):
        return False
    return None if representation is None else representation == 1


def _flag(dataset: Dataset, keyword: str) -> int | None:
    """0, 1, or None where the attribute is absent."""
    number = first_number(dataset, keyword)
    if number not in (None, 0, 1):
        raise bad_header(f"{keyword} is neither 0 nor 1")
    return None if number is None else int(number)


def _check(layout: PixelLayout) -> None:
    if not (0 < layout.rows < 1 << 16 and 0 < layout.columns < 1 << 16):
        raise bad_header("Rows or Columns is out of range")
    if layout.samples not in (1, 3):
        raise bad_header("SamplesPerPixel is neither 1 nor 3")
    if layout.bits_allocated not in (1, 8, 16, 32, 64):
        raise bad_header("BitsAllocated is not 1, 8, 16, 32 or 64")
    if layout.bits_allocated != _FLOAT_BITS.get(layout.keyword, layout.bits_allocated):
        raise bad_header("BitsAllocated does not go with floating-point pixels")
    if not 0 < layout.bits_stored <= layout.bits_allocated:
        raise bad_header("BitsStored is 0 or more than BitsAllocated")
    if layout.frames * layout.frame_bytes * (8 if layout.bits_allocated == 1 else 1) > _MOST_BYTES:
        raise bad_header(f"the image would take more than {_MOST_BYTES >> 30} GiB")
