"""What a compressed frame says of itself, held against the DICOM header before a native decoder sees it."""

import struct
from typing import NamedTuple

from pydicom.uid import JPEG2000TransferSyntaxes, RLELossless

from monai_ssl.errors import InputError
from monai_ssl.readers.dicom_layout import PixelLayout

__all__ = ["Codestream", "check_frame", "frame_precision"]

_START_OF_J2K = b"\xff\x4f\xff\x51"
# Start of frame of every JPEG process and of JPEG-LS (0xF7); 0xC4, 0xC8 and 0xCC are other markers.
_STARTS_OF_FRAME = {0xF7, *range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN = 0xDA
# Tables, restart interval, parameters of JPEG-LS, application data and comments.
_OTHER_SEGMENTS = {0xC4, 0xCC, 0xDB, 0xDD, 0xF8, *range(0xE0, 0xF0), 0xFE}
# A run of RLE (two bytes) makes 128 bytes at most.
_MOST_OF_A_RUN = 64
# Bytes after the marker that ends an image: one to make the length even, and what careless writers add.
_MOST_PADDING = 64


class Codestream(NamedTuple):
    """Size and type of one compressed frame."""

    rows: int
    columns: int
    samples: int
    precision: int


def check_frame(frame: bytes, syntax: str, layout: PixelLayout) -> None:
    """Refuse a compressed frame that cannot be what the DICOM header says.

    Native decoders take memory, and some write, by the numbers in the codestream; the caller takes memory by those in
    the header. On a damaged file both may be anything.

    Args:
        frame: all bytes of one frame.
        syntax: the UID of the transfer syntax.
        layout: of the pixels.

    Raises:
        InputError: when the frame is damaged or of another size.
    """
    if syntax == RLELossless:
        _check_rle(frame, layout)
        return
    if b"\xff\xd9" not in frame[-_MOST_PADDING:]:
        raise InputError("the compressed pixels are cut short. Copy the file again from its source.")
    found = _parse_j2k(frame) if syntax in JPEG2000TransferSyntaxes else _parse_jpeg(frame)
    if found is None:
        raise InputError("the compressed pixels are damaged. Copy the file again from its source.")
    if found[:3] != (layout.rows, layout.columns, layout.samples) or not 0 < found.precision <= layout.bits_allocated:
        raise InputError("the compressed image is not of the size that the header says. Export the file again.")


def frame_precision(frame: bytes) -> int:
    """Bits of a value in a JPEG frame that :func:`check_frame` has accepted."""
    found = _parse_jpeg(frame)
    return found.precision if found else 0


def _parse_jpeg(frame: bytes) -> Codestream | None:
    """The start of frame of JPEG or JPEG-LS, if all segments up to the first scan are in order.

    GDCM ends the process on a marker that it does not know.
    """
    found, place = None, 2
    while frame[:2] == b"\xff\xd8" and place + 10 <= len(frame) and frame[place] == 0xFF:
        marker = frame[place + 1]
        if marker == 0xFF:
            # May fill up before a marker, which is then the next byte.
            place += 1
            continue
        if marker == _START_OF_SCAN:
            return found
        if marker in _STARTS_OF_FRAME and found is None:
            precision, rows, columns, samples = struct.unpack_from(">BHHB", frame, place + 4)
            found = Codestream(rows, columns, samples, precision)
        elif marker not in _OTHER_SEGMENTS:
            return None
        place += 2 + struct.unpack_from(">H", frame, place + 2)[0]
    return None


def _parse_j2k(frame: bytes) -> Codestream | None:
    """The image size (SIZ) of JPEG 2000; of a JP2 file, which some writers put in place of the codestream, too."""
    start = frame.find(_START_OF_J2K, 0, 1024)
    if start < 0 or len(frame) < start + 45:
        return None
    right, bottom, left, top, tile_width, tile_height, tile_left, tile_top, samples = struct.unpack_from(
        ">8IH", frame, start + 8
    )
    components = frame[start + 42 : start + 42 + 3 * samples]
    # Tiles lie from their own origin to the end of the image; each must hold a part of it, and no component may be
    # stored at a lower resolution or with other bits than the first.
    tiled = tile_left <= left < tile_left + tile_width and tile_top <= top < tile_top + tile_height
    alike = components == samples * bytes((components[0], 1, 1))
    if not (tiled and alike) or right <= left or bottom <= top:
        return None
    return Codestream(bottom - top, right - left, samples, (components[0] & 0x7F) + 1)


def _check_rle(frame: bytes, layout: PixelLayout) -> None:
    """Each byte of a value is a segment of its own, of which the frame's first 64 bytes tell the places."""
    segments = layout.samples * max(layout.bits_allocated // 8, 1)
    offsets = struct.unpack_from("<16I", frame) if len(frame) >= 64 else (0,) * 16
    places = [*offsets[1 : segments + 1], len(frame)]
    if offsets[0] != segments or places[0] < 64 or places != sorted(set(places)):
        raise InputError("the compressed pixels are damaged. Copy the file again from its source.")
    if layout.frame_bytes > _MOST_OF_A_RUN * len(frame):
        raise InputError("the compressed image is not of the size that the header says. Export the file again.")
