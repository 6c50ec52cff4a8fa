"""Compressed pixels: frames out of fragments, checked and decoded."""

import zlib
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import encapsulate, generate_fragments, generate_frames, parse_basic_offsets
from pydicom.uid import UID, JPEGExtended12Bit, RLELossless

from monai_ssl.errors import InputError
from monai_ssl.readers.dicom_codestream import check_frame, frame_precision
from monai_ssl.readers.dicom_decoders import decode, decode_12_bit_jpeg, require_decoder
from monai_ssl.readers.dicom_layout import PixelLayout

__all__ = ["decode_compressed"]

_DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
_DAMAGED = "the compressed pixels are damaged. Copy the file again from its source."


def decode_compressed(source: bytes, syntax: UID, layout: PixelLayout) -> NDArray[Any]:
    """Decode all frames of encapsulated pixel data.

    Args:
        source: the value of the pixel data element.
        syntax: its transfer syntax: JPEG, JPEG-LS, JPEG 2000, HTJ2K, RLE or deflated frames.
        layout: of the pixels.

    Returns:
        stored values of shape (F, H, W) or (F, H, W, 3) in the machine's byte order, YBR made RGB.

    Raises:
        InputError: when no installed decoder can read the pixels, or they are damaged.
    """
    if syntax == _DEFLATED_FRAMES:
        return _decode_deflated(_frames(source, layout), layout)
    require_decoder(syntax)
    frames = _frames(source, layout)
    for frame in frames:
        check_frame(frame, syntax, layout)
    if syntax == RLELossless and layout.bits_allocated == 1:
        # Packed bits are compressed as bytes are; a row of them makes pydicom's decoder give them back.
        packed = replace(layout, rows=1, columns=layout.frame_bytes, bits_allocated=8, bits_stored=8)
        return _unpack(decode(encapsulate(frames, has_bot=False), syntax, packed), layout)
    if syntax == JPEGExtended12Bit and layout.samples == 1 and frame_precision(frames[0]) > 8:
        return np.stack([decode_12_bit_jpeg(frame, layout, frame_precision(frame)) for frame in frames])
    return decode(encapsulate(frames, has_bot=False), syntax, layout)


def _frames(source: bytes, layout: PixelLayout) -> list[bytes]:
    """The bytes of each frame.

    Offset tables are used only where the frames cannot be told apart without: a few writers get them wrong.
    """
    try:
        buffer = BytesIO(source)
        parse_basic_offsets(buffer)
        frames = list(generate_fragments(buffer))
        if layout.frames == 1:
            frames = [b"".join(frames)]
        elif len(frames) != layout.frames:
            frames = list(generate_frames(source, number_of_frames=layout.frames))
    except Exception:
        raise InputError(_DAMAGED) from None
    if len(frames) < layout.frames:
        raise InputError("there are fewer compressed frames than NumberOfFrames. Copy the file again from its source.")
    return frames[: layout.frames]


def _decode_deflated(frames: list[bytes], layout: PixelLayout) -> NDArray[Any]:
    """Frames of the transfer syntax Deflated Image Frame Compression, which is of grey and one-bit pixels."""
    if layout.samples > 1:
        raise InputError("deflated frames in colour are not supported. Convert the file to Explicit VR Little Endian.")
    inflated = []
    for frame in frames:
        try:
            # No more than is expected, whatever a damaged stream would come to.
            values = zlib.decompressobj(-zlib.MAX_WBITS).decompress(frame, layout.frame_bytes)
        except zlib.error:
            raise InputError(_DAMAGED) from None
        if len(values) != layout.frame_bytes:
            raise InputError(_DAMAGED)
        inflated.append(values)
    joined = b"".join(inflated)
    if layout.bits_allocated == 1:
        return _unpack(np.frombuffer(joined, dtype=np.uint8), layout)
    shape = (layout.frames, layout.rows, layout.columns)
    return np.frombuffer(joined, dtype=layout.dtype.newbyteorder("<")).astype(layout.dtype).reshape(shape)


def _unpack(packed: NDArray[np.uint8], layout: PixelLayout) -> NDArray[np.uint8]:
    """Bits of frames that begin with a byte each."""
    pixels = layout.rows * layout.columns
    bits = np.unpackbits(packed.reshape(layout.frames, -1), axis=1, count=pixels, bitorder="little")
    return bits.reshape(layout.frames, layout.rows, layout.columns)
