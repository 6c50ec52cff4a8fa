"""Reading one DICOM slice or radiograph: stored pixels and what they mean."""

import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.tag import Tag

from monai_ssl.errors import InputError
from monai_ssl.readers.dicom_header import HEADER_KEYWORDS, DicomHeader, parse_header
from monai_ssl.readers.dicom_pixels import PIXEL_KEYWORDS, decode_pixels, to_rgb

__all__ = ["read_dicom"]

# Only these elements are ever parsed: nothing that identifies a patient is held in memory, and pydicom has no
# occasion to warn about (and so to print) any other value.
_TAGS = [
    Tag(keyword) for keyword in (*HEADER_KEYWORDS, *PIXEL_KEYWORDS, "NumberOfFrames", "SharedFunctionalGroupsSequence")
]


def read_dicom(path: str | os.PathLike[str]) -> tuple[NDArray[Any], DicomHeader]:
    """Read the stored pixel values of a single-frame DICOM file and the header values that give them their meaning.

    Grey values are as stored: neither rescaled nor windowed (see :class:`~monai_ssl.transforms.RescaleToHU` and
    :class:`~monai_ssl.transforms.WindowHU`). Colour (RGB, YBR, palette) is returned as RGB, and the header's
    ``photometric_interpretation`` and ``bits_stored`` then describe the RGB values. Files without the 128 byte
    preamble are read too.

    Args:
        path: the file.

    Returns:
        pixels of shape (1, H, W), or (3, H, W) for colour, in the stored type; and the header.

    Raises:
        InputError: when the file is not there, not DICOM, damaged, has no single-frame image, or is compressed in a
            way that no installed decoder can read. No message has any value of the header that identifies a patient.
    """
    dataset = _open(path)
    try:
        header = parse_header(dataset)
        frames = int(dataset.get("NumberOfFrames") or 1)
    except Exception as error:
        # The text of the error is left out: it may quote values of the file.
        raise InputError(
            f"{path}: the DICOM header has a value that makes no sense ({type(error).__name__}). "
            "Export the file again from its source."
        ) from None
    if frames > 1 or "SharedFunctionalGroupsSequence" in dataset:
        # The enhanced objects keep slope and window in functional groups, even with a single frame.
        raise InputError(
            f"{path}: this DICOM file is a multi-frame or enhanced object ({frames} frames). "
            "Convert it to classic single-frame files: one slice a file is expected."
        )
    pixels = decode_pixels(path, dataset)
    if header.photometric_interpretation in ("MONOCHROME1", "MONOCHROME2") and pixels.ndim == 2:
        return pixels[None], header
    return to_rgb(path, dataset, header, pixels)


def _open(path: str | os.PathLike[str]) -> Dataset:
    """The dataset, with the elements of ``_TAGS`` only."""
    if not Path(path).is_file():
        raise InputError(f"{path}: there is no such file. Check the path.")
    if Path(path).stat().st_size == 0:
        raise InputError(f"{path}: this file is empty. Copy it again from its source.")
    try:
        dataset = dcmread(path, force=True, specific_tags=list(_TAGS))
    except PermissionError:
        raise InputError(f"{path}: this file may not be read. Mend its rights.") from None
    except Exception as error:
        raise InputError(
            f"{path}: this file is not DICOM, or damaged ({type(error).__name__}). Copy it again from its source."
        ) from None
    if not any(keyword in dataset for keyword in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        if dataset.preamble:
            raise InputError(f"{path}: this DICOM file has no image, or is cut short. Leave it out, or copy it again.")
        raise InputError(f"{path}: this file is not DICOM. Give DICOM, NIfTI, PNG, JPEG, BMP or TIFF.")
    return dataset
