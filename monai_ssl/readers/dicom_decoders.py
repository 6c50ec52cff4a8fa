"""The decoders for DICOM pixels: pydicom's, with the plugins that are installed, and GDCM's for 12-bit JPEG."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels import get_decoder
from pydicom.pixels.decoders.base import Decoder
from pydicom.uid import (
    UID,
    JPEG2000TransferSyntaxes,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSTransferSyntaxes,
)

from monai_ssl.errors import InputError
from monai_ssl.readers.dicom_layout import PixelLayout

__all__ = ["decode", "decode_12_bit_jpeg", "require_decoder"]

# Tried in this order: the strict ones, which refuse damaged data, before those that read what these are too strict for.
_PREFERRED = ("pyjpegls", "pylibjpeg", "pillow", "pydicom", "gdcm")
_PACKAGES = {
    **dict.fromkeys(JPEGLSTransferSyntaxes, "pyjpegls"),
    **dict.fromkeys(JPEG2000TransferSyntaxes, "pylibjpeg pylibjpeg-openjpeg"),
    **dict.fromkeys((JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1), "python-gdcm"),
}


def require_decoder(syntax: UID) -> Decoder:
    """Find pydicom's decoder for a transfer syntax.

    Raises:
        InputError: when there is none, or no plugin for it is installed; the message names the package.
    """
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        # The name of an unknown one would be the value in the file.
        name = syntax.name if syntax.is_transfer_syntax else "of this file"
        raise InputError(
            f"the transfer syntax {name} is not supported. Convert the file to Explicit VR Little Endian."
        ) from None
    if not decoder.is_available:
        raise _missing_decoder(syntax)
    return decoder


def decode(source: bytes, syntax: UID, layout: PixelLayout, pixel_vr: str = "OB") -> NDArray[Any]:
    """Decode all frames with pydicom.

    Args:
        source: the value of the pixel data element.
        syntax: its transfer syntax.
        layout: of the pixels.
        pixel_vr: the element's VR, which big endian bytes depend on.

    Returns:
        writeable stored values of shape (F, H, W) or (F, H, W, 3) in the machine's byte order, YBR made RGB.

    Raises:
        InputError: when there is no decoder, or it fails.
    """
    decoder = require_decoder(syntax)
    # A syntax that is not compressed needs no plugin.
    plugins = [name for name in _PREFERRED if name in decoder.available_plugins] or [""]
    options: dict[str, Any] = {
        "pixel_keyword": layout.keyword,
        "pixel_vr": pixel_vr,
        "rows": layout.rows,
        "columns": layout.columns,
        "number_of_frames": layout.frames,
        "samples_per_pixel": layout.samples,
        "planar_configuration": layout.planar,
        "photometric_interpretation": layout.photometric,
        "bits_allocated": layout.bits_allocated,
        "bits_stored": layout.bits_stored,
        "pixel_representation": int(bool(layout.signed)),
        "allow_excess_frames": False,
    }
    for plugin in plugins:
        try:
            with warnings.catch_warnings():
                # Of padding, and of colours that the codestream knows better than the header.
                warnings.simplefilter("ignore")
                pixels, properties = decoder.as_array(
                    source, validate=decoder.is_native, decoding_plugin=plugin, **options
                )
            break
        except Exception as error:
            reason = type(error).__name__
    else:
        # pydicom's own message is left out: it may quote values of the file.
        raise InputError(
            f"the pixels ({syntax.name}) cannot be decoded ({reason}). Copy the file again from its source."
        )
    if layout.samples == 3 and properties["photometric_interpretation"] != "RGB":
        raise InputError("the photometric interpretation is not supported. Convert the file to MONOCHROME2 or RGB.")
    shape = (layout.frames, layout.rows, layout.columns, layout.samples)[: 3 if layout.samples == 1 else 4]
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False).reshape(shape)


def decode_12_bit_jpeg(frame: bytes, layout: PixelLayout, precision: int) -> NDArray[Any]:
    """Decode a frame of JPEG with 12 bits, which pydicom leaves to a decoder under the GPL.

    Args:
        frame: the codestream of a grey image.
        layout: of the pixels.
        precision: bits of a value by the codestream; the header's BitsStored may be fewer.

    Returns:
        stored values of shape (H, W), which the losses of compression do not lead beyond BitsStored.

    Raises:
        InputError: when GDCM is not installed, or fails.
    """
    try:
        import gdcm
    except ImportError:
        raise _missing_decoder(JPEGExtended12Bit) from None
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(frame)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((layout.columns, layout.rows, 1))
    image.SetDataElement(element)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGExtendedProcess2_4))
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, precision, precision - 1, 0))
    # GDCM gives bytes as a string, and None where it fails.
    decoded = (image.GetBuffer() or "").encode("utf-8", "surrogateescape")
    if len(decoded) != layout.frame_bytes:
        raise InputError(
            f"the pixels ({JPEGExtended12Bit.name}) cannot be decoded. Copy the file again from its source."
        )
    pixels = np.frombuffer(decoded, dtype="<u2").reshape(layout.rows, layout.columns)
    return np.minimum(pixels, layout.stored_range[1], dtype=np.uint16)


def _missing_decoder(syntax: UID) -> InputError:
    """The error for pixels that no installed decoder can read, which names the package that can."""
    return InputError(
        f"the pixels are compressed as {syntax.name}, for which no decoder is installed. "
        f"Run `pip install {_PACKAGES.get(syntax, 'pydicom')}`."
    )
