"""Colour images of DICOM files as RGB."""

from dataclasses import replace
from typing import Any

from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels import apply_color_lut

from monai_ssl.errors import InputError
from monai_ssl.readers.dicom_header import DicomHeader

__all__ = ["to_rgb"]


def to_rgb(dataset: Dataset, header: DicomHeader, pixels: NDArray[Any]) -> tuple[NDArray[Any], DicomHeader]:
    """Bring the pixels of a colour image to RGB.

    Args:
        dataset: where the pixels are from, for its palette.
        header: its header.
        pixels: from :func:`~monai_ssl.readers.dicom_pixels.decode_pixels`.

    Returns:
        RGB of shape (F, H, W, 3), and the header that describes it.

    Raises:
        InputError: when the colours are of another kind than RGB, YBR or palette.
    """
    interpretation, bits = header.photometric_interpretation, header.bits_stored
    if interpretation == "PALETTE COLOR" and pixels.ndim == 3:
        try:
            pixels = apply_color_lut(pixels, dataset)[..., :3]
        except Exception as error:
            raise InputError(
                f"the palette cannot be used ({type(error).__name__}). Copy the file again from its source."
            ) from None
        bits = 8 * pixels.dtype.itemsize
    elif not interpretation.startswith(("RGB", "YBR_")) or pixels.ndim != 4:
        raise InputError("the photometric interpretation is not supported. Convert the file to MONOCHROME2 or RGB.")
    return pixels, replace(header, photometric_interpretation="RGB", bits_stored=bits, pixel_representation=0)
