"""Decoding the pixels of an open DICOM dataset."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from monai_ssl.errors import InputError
from monai_ssl.readers.dicom_compressed import decode_compressed
from monai_ssl.readers.dicom_decoders import decode
from monai_ssl.readers.dicom_layout import LAYOUT_KEYWORDS, PIXEL_DATA_KEYWORDS, PixelLayout
from monai_ssl.readers.dicom_values import bad_header, tag_of

__all__ = ["PIXEL_KEYWORDS", "decode_pixels"]

_NATIVE = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian)
_UNDEFINED_LENGTH = 0xFFFFFFFF
_COLORS = ("Red", "Green", "Blue")
PIXEL_KEYWORDS = (
    *PIXEL_DATA_KEYWORDS,
    *LAYOUT_KEYWORDS,
    *(f"{color}PaletteColorLookupTableDescriptor" for color in _COLORS),
    *(f"{color}PaletteColorLookupTableData" for color in _COLORS),
    *(f"Segmented{color}PaletteColorLookupTableData" for color in _COLORS),
)
"""What decoding and :func:`~monai_ssl.readers.dicom_color.to_rgb` read, beside the elements of the header."""


def decode_pixels(dataset: Dataset, layout: PixelLayout) -> NDArray[Any]:
    """Decode all frames of a dataset.

    Args:
        dataset: has the elements of ``PIXEL_KEYWORDS`` that are in the file.
        layout: of its pixels.

    Returns:
        writeable stored values of shape (F, H, W) or (F, H, W, 3) in the machine's byte order, YBR made RGB.

    Raises:
        InputError: when no installed decoder can read the pixels, or they are damaged, NaN or infinite.
    """
    element = dataset.get_item(tag_of(layout.keyword))
    source = element.value if isinstance(element, RawDataElement) and element.value else b""
    syntax = _transfer_syntax(dataset)
    if isinstance(element, RawDataElement) and element.length == _UNDEFINED_LENGTH:
        if syntax in _NATIVE:
            raise InputError(
                "the pixels are compressed, but the file does not say how. Export the file again from its source."
            )
        pixels = decode_compressed(source, syntax, layout)
    elif syntax not in _NATIVE:
        raise InputError("the pixels are not compressed, but the file says so. Export the file again from its source.")
    elif len(source) < layout.native_bytes:
        raise InputError("the pixels are cut short. Copy the file again from its source.")
    elif layout.samples > 1 and layout.planar is None:
        raise bad_header("PlanarConfiguration is missing")
    elif syntax == ExplicitVRBigEndian or layout.samples > 1 or layout.bits_allocated == 1:
        pixels = decode(bytes(source), syntax, layout, pixel_vr=str(element.VR))
    else:
        pixels = _decode_plain(source, layout)
    if layout.floating:
        if not np.isfinite(pixels).all():
            raise InputError("the pixels hold NaN or infinite values. Export the file again from its source.")
    elif layout.signed is None and pixels.max() >> (layout.bits_stored - 1):
        # Smaller values are the same, signed or not.
        raise bad_header("PixelRepresentation is missing")
    return pixels


def _decode_plain(source: bytes | bytearray, layout: PixelLayout) -> NDArray[Any]:
    """Grey values in whole bytes, little endian: nearly all files that are not compressed, and far the quickest way."""
    dtype = layout.dtype.newbyteorder("<")
    count = layout.frames * layout.rows * layout.columns
    pixels = np.frombuffer(source, dtype=dtype, count=count)
    # The bytes are nobody else's where they may be written.
    pixels = pixels.astype(layout.dtype, copy=not pixels.flags.writeable)
    unused = layout.bits_allocated - layout.bits_stored
    if unused:
        lowest, highest = layout.stored_range
        if pixels.min() < lowest or pixels.max() > highest:
            # What the unused bits hold (overlays, in old files) is no part of the value.
            pixels <<= unused
            pixels >>= unused
    return pixels.reshape(layout.frames, layout.rows, layout.columns)


def _transfer_syntax(dataset: Dataset) -> UID:
    """The transfer syntax; for a file without meta information the uncompressed one that it was parsed by."""
    if syntax := dataset.file_meta.get("TransferSyntaxUID"):
        return syntax
    implicit, little = dataset.original_encoding
    explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    return ImplicitVRLittleEndian if implicit else explicit
