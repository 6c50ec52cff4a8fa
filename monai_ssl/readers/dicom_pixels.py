"""Decoding the pixels of an open DICOM dataset."""

import os
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels import apply_color_lut, get_decoder
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from monai_ssl.errors import InputError
from monai_ssl.readers.dicom_header import DicomHeader

__all__ = ["PIXEL_KEYWORDS", "decode_pixels", "to_rgb"]

_COLORS = ("Red", "Green", "Blue")
PIXEL_KEYWORDS = (
    "PixelData",
    "FloatPixelData",
    "DoubleFloatPixelData",
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "PlanarConfiguration",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    *(f"{color}PaletteColorLookupTableDescriptor" for color in _COLORS),
    *(f"{color}PaletteColorLookupTableData" for color in _COLORS),
    *(f"Segmented{color}PaletteColorLookupTableData" for color in _COLORS),
)
"""What the functions here read, beside the elements of the header."""


def decode_pixels(path: str | os.PathLike[str], dataset: Dataset) -> NDArray[Any]:
    """Decode the one frame of a dataset.

    Args:
        path: the file, for messages.
        dataset: has the elements of ``PIXEL_KEYWORDS`` that are in the file.

    Returns:
        stored values of shape (H, W) or (H, W, 3), YBR made RGB, in the machine's byte order.

    Raises:
        InputError: when no installed decoder can read the pixels, or they are damaged, NaN or infinite.
    """
    syntax = _transfer_syntax(dataset)
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        raise InputError(
            f"{path}: the transfer syntax {syntax.name} is not supported. "
            "Convert the file to Explicit VR Little Endian."
        ) from None
    if not decoder.is_available:
        raise InputError(
            f"{path}: the pixels are compressed as {syntax.name}, for which no decoder is installed. "
            "Run `pip install 'pylibjpeg[all]'`."
        )
    try:
        pixels = dataset.pixel_array
    except Exception as error:
        remedy = "Copy the file again from its source"
        if syntax.is_compressed:
            remedy = "Run `pip install 'pylibjpeg[all]'` for more decoders, or copy the file again from its source"
        # pydicom's own message is left out here and below: it may quote values of the file.
        raise InputError(
            f"{path}: the pixels ({syntax.name}) cannot be decoded ({type(error).__name__}). {remedy}."
        ) from None
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise InputError(f"{path}: the pixels hold NaN or infinite values. Export the file again from its source.")
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def to_rgb(
    path: str | os.PathLike[str], dataset: Dataset, header: DicomHeader, pixels: NDArray[Any]
) -> tuple[NDArray[Any], DicomHeader]:
    """Bring the pixels of a colour image to RGB.

    Args:
        path: the file, for messages.
        dataset: where the pixels are from, for its palette.
        header: its header.
        pixels: from :func:`decode_pixels`.

    Returns:
        RGB of shape (3, H, W), and the header that describes it.

    Raises:
        InputError: when the colours are of another kind than RGB, YBR or palette.
    """
    interpretation, bits = header.photometric_interpretation, header.bits_stored
    if interpretation == "PALETTE COLOR" and pixels.ndim == 2:
        try:
            pixels = apply_color_lut(pixels, dataset)
        except Exception as error:
            raise InputError(
                f"{path}: the palette cannot be used ({type(error).__name__}). Copy the file again from its source."
            ) from None
        bits = 8 * pixels.dtype.itemsize
    elif not (interpretation == "RGB" or interpretation.startswith("YBR_")) or pixels.ndim != 3:
        raise InputError(
            f"{path}: the photometric interpretation is not supported with pixels of shape {pixels.shape}. "
            "Convert the file to MONOCHROME2 or RGB."
        )
    rgb = np.ascontiguousarray(np.moveaxis(pixels, -1, 0)[:3])
    return rgb, replace(header, photometric_interpretation="RGB", bits_stored=bits, pixel_representation=0)


def _transfer_syntax(dataset: Dataset) -> UID:
    """The transfer syntax; for a file without meta information the uncompressed one that it was parsed by."""
    if not dataset.file_meta.get("TransferSyntaxUID"):
        implicit, little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
    return dataset.file_meta.TransferSyntaxUID
