"""Reading one DICOM file: stored pixels and what they mean."""

import os
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread

from monai_ssl.errors import InputError
from monai_ssl.readers.dicom_color import to_rgb
from monai_ssl.readers.dicom_frames import GROUP_KEYWORDS, frame_order, split_frames
from monai_ssl.readers.dicom_header import HEADER_KEYWORDS, DicomHeader, parse_header
from monai_ssl.readers.dicom_layout import PIXEL_DATA_KEYWORDS, parse_layout
from monai_ssl.readers.dicom_pixels import PIXEL_KEYWORDS, decode_pixels
from monai_ssl.readers.dicom_scan import scan_elements
from monai_ssl.readers.dicom_values import tag_of

__all__ = ["read_dicom"]

# Only these elements are ever parsed: nothing that identifies a patient is held in memory, and pydicom has no
# occasion to warn about (and so to print) any other value.
_TAGS = [tag_of(keyword) for keyword in (*HEADER_KEYWORDS, *PIXEL_KEYWORDS, *GROUP_KEYWORDS, "NumberOfFrames")]
_WANTED = frozenset(_TAGS)


def read_dicom(path: str | os.PathLike[str]) -> tuple[NDArray[Any], DicomHeader]:
    """Read the stored pixel values of a DICOM file and the header values that give them their meaning.

    Every uncompressed transfer syntax is read, big endian and deflated ones too, and JPEG (8 and 12 bits, lossless),
    JPEG-LS, JPEG 2000, HTJ2K, RLE and deflated frames where a decoder is installed; video is not. Pixels have 1, 8,
    16, 32 or 64 bits, or are floating-point numbers. Files without preamble or meta information are read too.

    Grey values are as stored: neither rescaled nor windowed (see :class:`~monai_ssl.transforms.RescaleToHU` and
    :class:`~monai_ssl.transforms.WindowHU`). Colour (RGB, YBR, palette) is returned as RGB, and the header's
    ``photometric_interpretation`` and ``bits_stored`` then describe the RGB values.

    The frames of an enhanced object that are a stack in space are in the order of their positions along the normal of
    their planes; frames of a cine, and all others, are in the order of the file.

    Args:
        path: the file.

    Returns:
        pixels of shape (1, H, W) in the stored type, or (1, H, W, F) for F > 1 frames, with 3 in place of 1 for
        colour; and the header.

    Raises:
        InputError: when the file is not there, not DICOM, damaged, has no image, shows one place in several frames of
            a stack, or is compressed in a way that no installed decoder can read. No message has any value of the
            header that identifies a patient.
    """
    dataset = _open(path)
    try:
        return _read(dataset)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except Exception as error:
        # The text of the error is left out: it may quote values of the file.
        raise InputError(
            f"{path}: this DICOM file is damaged ({type(error).__name__}). Export it again from its source."
        ) from None


def _read(dataset: Dataset) -> tuple[NDArray[Any], DicomHeader]:
    layout = parse_layout(dataset)
    frames = split_frames(dataset, layout.frames)
    order = frame_order(frames)
    header = parse_header(dataset, layout, [frames[index] for index in order])
    pixels = decode_pixels(dataset, layout)
    if layout.samples > 1 or not layout.photometric.startswith("MONOCHROME"):
        pixels, header = to_rgb(dataset, header, pixels)
    else:
        pixels = pixels[..., None]
    if layout.frames == 1:
        return np.ascontiguousarray(np.moveaxis(pixels[0], -1, 0)), header
    if order != list(range(len(order))):
        pixels = pixels[order]
    return np.ascontiguousarray(pixels.transpose(3, 1, 2, 0)), header


def _open(path: str | os.PathLike[str]) -> Dataset:
    """The dataset, with the elements of ``_TAGS`` only."""
    file = Path(path)
    if not file.is_file():
        raise InputError(f"{path}: there is no such file. Check the path.")
    try:
        with file.open("rb", buffering=0) as opened:
            if dataset := scan_elements(opened, _WANTED):
                return dataset
            # Whole, so that no length in a damaged header can ask for more than there is.
            opened.seek(0)
            content = opened.readall()
    except OSError as error:
        raise InputError(f"{path}: this file cannot be read ({error.strerror}). Mend its rights.") from None
    if not content:
        raise InputError(f"{path}: this file is empty. Copy it again from its source.")
    try:
        dataset = dcmread(BytesIO(content), force=True, specific_tags=list(_TAGS))
    except Exception as error:
        raise InputError(
            f"{path}: this file is not DICOM, or damaged ({type(error).__name__}). Copy it again from its source."
        ) from None
    if not any(tag_of(keyword) in dataset for keyword in PIXEL_DATA_KEYWORDS):
        if content[128:132] == b"DICM":
            raise InputError(f"{path}: this DICOM file has no image, or is cut short. Leave it out, or copy it again.")
        raise InputError(f"{path}: this file is not DICOM. Give DICOM, NIfTI, PNG, JPEG, BMP or TIFF.")
    return dataset
