"""Compressed pixels, checked on codestreams whose content is known, and what is refused before a decoder sees it."""

import struct
import zlib

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HTJ2K,
    MPEG2MPML,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLSLossless,
    RLELossless,
)

from monai_ssl.errors import InputError
from monai_ssl.readers import read_dicom

DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"  # not in pydicom 3.0

# Made by OpenJPH, libjpeg-turbo and an encoder of lossless JPEG.
HUNDREDS = 100 * np.arange(12, dtype=np.uint16).reshape(3, 4)
HTJ2K_OF_HUNDREDS = bytes.fromhex(
    "ff4fff5100294000000000040000000300000000000000000000000400000003000000000000000000010f0101ff50000800020000000a"
    "ff52000c00020001000504044001ff5c00132088909090909090909090909090888888ff64001700014f70656e4a50482056657220302e"
    "32362e332eff90000a0000000000360001ff93c00026fdfb05077400000000c00012c0001300c0018774003efe02877400c000260046e3"
    "01027400ffd9"
)
LOSSLESS_JPEG_OF_HUNDREDS = bytes.fromhex(
    "ffd8ffc40017000101010100000000000000000000000008070910ffc3000b100003000401001100ffda0008010000060000eb2592c9b2"
    "0c86432364190c8640ffd9"
)
FORTIES = 40 * np.arange(64, dtype=np.uint16).reshape(8, 8)
TWELVE_BIT_JPEG_OF_FORTIES = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300010101010101010101010101010101010101010101010101010101010101"
    "01010101010101010101010101010101010101010101010101010101010101010101ffc1000b0c0008000801011100ffc4001400010000"
    "000000000000000000000000000dffc4001c1000000603000000000000000000000000000a0d2a3748556673ffda0008010100003f001d"
    "7ca4c927119b677115278ea23fffd9"
)


def compressed(write_dicom, stored, syntax, *frames, **tags):
    return write_dicom(stored, syntax=syntax, PixelData=encapsulate(list(frames), has_bot=False), **tags)


@pytest.mark.parametrize("syntax", [HTJ2KLossless, HTJ2K])
def test_high_throughput_jpeg_2000(write_dicom, syntax):
    pytest.importorskip("openjpeg")
    pixels = read_dicom(compressed(write_dicom, HUNDREDS, syntax, HTJ2K_OF_HUNDREDS))[0]
    assert pixels.dtype == np.uint16
    np.testing.assert_array_equal(pixels, HUNDREDS[None])


def test_lossless_jpeg(write_dicom):
    pytest.importorskip("gdcm")
    pixels = read_dicom(compressed(write_dicom, HUNDREDS, JPEGLossless, LOSSLESS_JPEG_OF_HUNDREDS))[0]
    np.testing.assert_array_equal(pixels, HUNDREDS[None])


def test_twelve_bit_jpeg(write_dicom):
    pytest.importorskip("gdcm")
    path = compressed(write_dicom, FORTIES, JPEGExtended12Bit, TWELVE_BIT_JPEG_OF_FORTIES, BitsStored=12)
    pixels = read_dicom(path)[0]
    np.testing.assert_allclose(pixels, FORTIES[None], atol=2)
    # Two frames of it; and with 11 bits stored, where values above 2047 are none.
    path = compressed(
        write_dicom,
        FORTIES,
        JPEGExtended12Bit,
        *[TWELVE_BIT_JPEG_OF_FORTIES] * 2,
        BitsStored=11,
        NumberOfFrames=2,
    )
    frames = read_dicom(path)[0]
    assert frames.shape == (1, 8, 8, 2)
    np.testing.assert_array_equal(frames[..., 1], np.minimum(pixels, 2047))


@pytest.mark.parametrize(
    ("syntax", "package", "encoder"),
    [
        (JPEG2000Lossless, "openjpeg", "pylibjpeg"),
        (JPEGLSLossless, "jpeg_ls", "pyjpegls"),
        (RLELossless, "pydicom", "pydicom"),
    ],
)
@pytest.mark.parametrize("dtype", ["u1", "u2", "i2"])
def test_what_pydicom_compresses(write_dicom, syntax, package, encoder, dtype):
    pytest.importorskip(package)
    stored = (3 * np.arange(37 * 41) % 200 - 100 * (dtype == "i2")).reshape(37, 41).astype(dtype)
    path = write_dicom(stored)
    dataset = dcmread(path)
    dataset.compress(syntax, encoding_plugin=encoder)
    dataset.save_as(path)
    np.testing.assert_array_equal(read_dicom(path)[0], stored[None])


def test_offset_table_that_is_wrong(write_dicom):
    """There are as many fragments as frames, so that the table is not needed."""
    pytest.importorskip("gdcm")
    value = bytearray(encapsulate([LOSSLESS_JPEG_OF_HUNDREDS] * 2, has_bot=True))
    assert struct.unpack_from("<I", value, 4) == (8,)  # two offsets
    value[8:16] = struct.pack("<2I", 0, 7)
    path = write_dicom(HUNDREDS, syntax=JPEGLossless, PixelData=bytes(value), NumberOfFrames=2)
    np.testing.assert_array_equal(read_dicom(path)[0], np.stack([HUNDREDS[None]] * 2, axis=-1))


def test_frame_in_several_fragments(write_dicom):
    pytest.importorskip("gdcm")
    value = encapsulate([LOSSLESS_JPEG_OF_HUNDREDS], fragments_per_frame=3, has_bot=False)
    path = write_dicom(HUNDREDS, syntax=JPEGLossless, PixelData=value)
    np.testing.assert_array_equal(read_dicom(path)[0], HUNDREDS[None])


def test_bits_in_rle_and_deflated(write_dicom):
    # Eight columns, so that a row is a byte, least significant bit first.
    bits = np.array([[1, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0, 1]], dtype=np.uint8)
    packed = b"\x01\xff\x80"
    tags = {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0}
    # One segment, from byte 64: 2 + 1 bytes that follow as they are.
    rle = struct.pack("<16I", 1, 64, *[0] * 14) + b"\x02" + packed
    np.testing.assert_array_equal(read_dicom(compressed(write_dicom, bits, RLELossless, rle, **tags))[0], bits[None])
    deflate = zlib.compressobj(wbits=-15)
    stream = deflate.compress(packed) + deflate.flush()
    path = relabeled(compressed(write_dicom, bits, RLELossless, stream, **tags), DEFLATED_FRAMES)
    np.testing.assert_array_equal(read_dicom(path)[0], bits[None])


def test_deflated_grey_values(write_dicom):
    deflate = zlib.compressobj(wbits=-15)
    stream = deflate.compress(HUNDREDS.tobytes()) + deflate.flush()
    path = relabeled(compressed(write_dicom, HUNDREDS, RLELossless, stream), DEFLATED_FRAMES)
    np.testing.assert_array_equal(read_dicom(path)[0], HUNDREDS[None])
    for damaged in (stream[:-8], b"\xff" * 20):
        with pytest.raises(InputError, match="damaged"):
            read_dicom(relabeled(compressed(write_dicom, HUNDREDS, RLELossless, damaged), DEFLATED_FRAMES))


@pytest.mark.parametrize(
    ("syntax", "stream"), [(HTJ2KLossless, HTJ2K_OF_HUNDREDS), (JPEGLossless, LOSSLESS_JPEG_OF_HUNDREDS)]
)
def test_codestream_of_another_size(write_dicom, syntax, stream):
    for rows, columns in ((4, 3), (60000, 30000)):
        path = compressed(write_dicom, HUNDREDS, syntax, stream, Rows=rows, Columns=columns)
        with pytest.raises(InputError, match="not of the size that the header says"):
            read_dicom(path)
    with pytest.raises(InputError, match="cut short"):
        read_dicom(compressed(write_dicom, HUNDREDS, syntax, stream[:-6]))
    with pytest.raises(InputError, match="fewer compressed frames"):
        read_dicom(compressed(write_dicom, HUNDREDS, syntax, stream, NumberOfFrames=2))


@pytest.mark.parametrize("marker", [0x01, 0x7F, 0x90, 0xC5])
def test_marker_that_ends_the_process_in_gdcm(write_dicom, marker):
    """The marker after the start of frame is damaged."""
    stream = bytearray(LOSSLESS_JPEG_OF_HUNDREDS)
    start = stream.index(b"\xff\xda")
    stream[start + 1] = marker
    with pytest.raises(InputError, match="the compressed pixels are damaged"):
        read_dicom(compressed(write_dicom, HUNDREDS, JPEGLossless, bytes(stream)))


def test_rle_that_cannot_be_so_large(write_dicom):
    rle = struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\x00"  # 128 times 0
    stored = np.zeros((8, 16), dtype=np.uint8)
    np.testing.assert_array_equal(read_dicom(compressed(write_dicom, stored, RLELossless, rle))[0], stored[None])
    path = compressed(write_dicom, stored, RLELossless, rle, Rows=60000, Columns=60000)
    with pytest.raises(InputError, match="not of the size"):
        read_dicom(path)


@pytest.mark.parametrize(
    ("syntax", "package"),
    [
        (JPEGLSLossless, "pyjpegls"),
        (JPEGLossless, "python-gdcm"),
        (JPEG2000Lossless, "pylibjpeg pylibjpeg-openjpeg"),
        (HTJ2K, "pylibjpeg pylibjpeg-openjpeg"),
    ],
)
def test_missing_decoder_is_named(write_dicom, monkeypatch, syntax, package):
    monkeypatch.setattr("pydicom.pixels.decoders.base.Decoder.is_available", False)
    with pytest.raises(InputError, match=f"no decoder is installed.*Run `pip install {package}`"):
        read_dicom(compressed(write_dicom, HUNDREDS, syntax, b"\xff\xd8"))


def test_missing_decoder_of_twelve_bit_jpeg(write_dicom, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gdcm", None)
    path = compressed(write_dicom, FORTIES, JPEGExtended12Bit, TWELVE_BIT_JPEG_OF_FORTIES, BitsStored=12)
    with pytest.raises(InputError, match=r"JPEG Extended.*Run `pip install python-gdcm`"):
        read_dicom(path)


def test_what_is_not_supported(write_dicom):
    with pytest.raises(InputError, match="MPEG2 Main Profile"):
        read_dicom(compressed(write_dicom, HUNDREDS, MPEG2MPML, b"\0\0"))
    with pytest.raises(InputError, match="transfer syntax of this file"):
        read_dicom(relabeled(compressed(write_dicom, HUNDREDS, RLELossless, b"\0\0"), "1.2.3.4.5.6"))
    with pytest.raises(InputError, match="not compressed, but the file says so"):
        read_dicom(relabeled(write_dicom(HUNDREDS), JPEGBaseline8Bit))
    path = compressed(write_dicom, HUNDREDS, JPEGLossless, LOSSLESS_JPEG_OF_HUNDREDS)
    with pytest.raises(InputError, match="compressed, but the file does not say how"):
        read_dicom(relabeled(path, "1.2.840.10008.1.2.1"))


def relabeled(path, syntax):
    """The file with another transfer syntax, its bytes as they are."""
    content = path.read_bytes()
    old = dcmread(path).file_meta.TransferSyntaxUID
    padded = [(uid + "\0" * (len(uid) % 2)).encode() for uid in (old, syntax)]
    start = content.index(bytes.fromhex("02001000") + b"UI") + 6
    length = struct.pack("<H", len(padded[1]))
    path.write_bytes(content[:start] + length + padded[1] + content[start + 2 + len(padded[0]) :])
    return path
