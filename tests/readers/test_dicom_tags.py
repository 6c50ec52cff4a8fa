"""Headers with values that are missing, or odd."""

import warnings

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from monai_ssl.errors import InputError
from monai_ssl.readers import read_dicom

STORED = np.array([[0, 1, 2], [1000, 2000, 4095]], dtype=np.uint16)


@pytest.fixture(autouse=True)
def _no_warnings_of_odd_values():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize(
    "absent", ["BitsStored", "HighBit", "PixelRepresentation", "PhotometricInterpretation", "SamplesPerPixel"]
)
def test_absent_values_that_are_plain(write_dicom, absent):
    pixels, header = read_dicom(write_dicom(STORED, **{absent: None}))
    assert pixels.dtype == np.uint16
    np.testing.assert_array_equal(pixels, STORED[None])
    assert (header.photometric_interpretation, header.stored_range) == ("MONOCHROME2", (0, 65535))


def test_absent_sign_of_large_values(write_dicom):
    with pytest.raises(InputError, match="PixelRepresentation is missing"):
        read_dicom(write_dicom(STORED + np.uint16(40000), PixelRepresentation=None))
    # 2048 is -2048 where 12 signed bits are stored.
    with pytest.raises(InputError, match="PixelRepresentation is missing"):
        read_dicom(write_dicom(STORED, PixelRepresentation=None, BitsStored=12))


@pytest.mark.parametrize("absent", ["Rows", "Columns", "BitsAllocated"])
def test_absent_values_that_are_needed(write_dicom, absent):
    path = write_dicom(STORED)
    change(path, {absent: None})
    with pytest.raises(InputError, match=rf"slice\.dcm: .*{absent} is missing\. Export"):
        read_dicom(path)


def test_absent_samples_of_a_color_image(write_dicom):
    stored = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    path = write_dicom(stored, PhotometricInterpretation="RGB", SamplesPerPixel=None, PixelRepresentation=None)
    np.testing.assert_array_equal(read_dicom(path)[0], np.moveaxis(stored, 2, 0))
    with pytest.raises(InputError, match="PhotometricInterpretation is missing"):
        read_dicom(write_dicom(stored, PhotometricInterpretation=None))
    with pytest.raises(InputError, match="PlanarConfiguration is missing"):
        read_dicom(write_dicom(stored, PhotometricInterpretation="RGB", PlanarConfiguration=None))


def test_planes_of_color(write_dicom):
    planes = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    tags = {"PhotometricInterpretation": "RGB", "PlanarConfiguration": 1, "PixelData": planes.tobytes()}
    np.testing.assert_array_equal(read_dicom(write_dicom(np.moveaxis(planes, 0, 2), **tags))[0], planes)


def test_half_the_colors(write_dicom):
    """YBR_FULL_422 stores two luminances with one pair of colours: grey, as both differences are 128."""
    luminance = np.array([[10, 20], [30, 40]], dtype=np.uint8)
    content = bytes([10, 20, 128, 128, 30, 40, 128, 128])
    tags = {"PhotometricInterpretation": "YBR_FULL_422", "SamplesPerPixel": 3, "PlanarConfiguration": 0}
    pixels = read_dicom(write_dicom(luminance, PixelData=content, **tags))[0]
    np.testing.assert_array_equal(pixels, np.stack([luminance] * 3))


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"BitsStored": 17}, "BitsStored is 0 or more than BitsAllocated"),
        ({"BitsStored": 0}, "BitsStored is 0"),
        ({"BitsAllocated": 12}, "BitsAllocated is not 1, 8, 16, 32 or 64"),
        ({"BitsAllocated": 0}, "BitsAllocated"),
        ({"PixelRepresentation": 2}, "PixelRepresentation is neither 0 nor 1"),
        ({"SamplesPerPixel": 4}, "SamplesPerPixel is neither 1 nor 3"),
        ({"SamplesPerPixel": 0}, "SamplesPerPixel"),
        ({"Rows": 0}, "Rows or Columns is out of range"),
        ({"Rows": 65535, "Columns": 65535}, "GiB"),
        ({"Rows": 30000, "Columns": 30000}, "cut short"),
        ({"RescaleSlope": "0"}, "RescaleSlope is 0"),
    ],
)
def test_impossible_values(write_dicom, tags, words):
    with pytest.raises(InputError, match=words):
        read_dicom(write_dicom(STORED, **tags))


@pytest.mark.parametrize(
    ("keyword", "text", "words"),
    [
        ("RescaleSlope", "one", "RescaleSlope is not a number"),
        ("RescaleSlope", "0.0 ", "RescaleSlope is 0"),
        ("RescaleIntercept", "1e999", "RescaleIntercept is not finite"),
        ("WindowCenter", "1,024.5", "WindowCenter is not a number"),
        ("NumberOfFrames", "1A", "NumberOfFrames is not a number"),
    ],
)
def test_impossible_text(write_dicom, keyword, text, words):
    path = write_dicom(STORED)
    change(path, {keyword: text})
    with pytest.raises(InputError, match=words) as caught:
        read_dicom(path)
    assert "1,024" not in str(caught.value)


def change(path, values):
    """Put text into a file as it stands, which pydicom would not write; None takes an element out."""
    dataset = dcmread(path)
    for keyword, value in values.items():
        if value is None:
            del dataset[keyword]
            continue
        content = value.encode() + b" " * (len(value) % 2)
        dataset[keyword] = RawDataElement(Tag(keyword), dictionary_VR(keyword), len(content), content, 0, False, True)
    dataset.save_as(path)


def test_numbers_with_spaces_and_commas(write_dicom):
    path = write_dicom(STORED)
    change(
        path,
        {
            "RescaleSlope": " 0,5 ",
            "RescaleIntercept": "-1024 ",
            "WindowCenter": " 40\\ 600 ",
            "WindowWidth": "80 \\2800\\",
            "PixelSpacing": "0.5",
        },
    )
    header = read_dicom(path)[1]
    assert (header.slope, header.intercept) == (0.5, -1024.0)
    assert (header.window_centers, header.window_widths) == ((40.0, 600.0), (80.0, 2800.0))
    assert header.pixel_spacing is None  # one number does not tell rows from columns


def test_unused_bits_are_cut_off(write_dicom):
    """Old files keep an overlay above the stored bits."""
    with_overlay = STORED | np.uint16(0x8000)
    np.testing.assert_array_equal(read_dicom(write_dicom(with_overlay, BitsStored=12))[0], STORED[None])
    # -1 in 12 bits, with nothing above them
    signed = np.array([[0x0FFF, 0x0001]], dtype=np.int16)
    np.testing.assert_array_equal(read_dicom(write_dicom(signed, BitsStored=12))[0], [[[-1, 1]]])


def test_length_of_the_pixels(write_dicom):
    content = STORED.tobytes()
    np.testing.assert_array_equal(read_dicom(write_dicom(STORED, PixelData=content + b"\0" * 30))[0], STORED[None])
    for cut in (2, len(content)):
        with pytest.raises(InputError, match="cut short"):
            read_dicom(write_dicom(STORED, PixelData=content[: len(content) - cut]))


@pytest.mark.parametrize("bits", [8, 16, 32, 64])
@pytest.mark.parametrize("kind", ["i", "u"])
@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"])
def test_every_integer(write_dicom, bits, kind, syntax):
    dtype = np.dtype(f"{kind}{bits // 8}")
    stored = np.array([[np.iinfo(dtype).min, 0, 1], [2, 100, np.iinfo(dtype).max]], dtype=dtype)
    pixels, header = read_dicom(write_dicom(stored, syntax=syntax))
    assert pixels.dtype == dtype
    np.testing.assert_array_equal(pixels, stored[None])
    assert header.stored_range == (np.iinfo(dtype).min, np.iinfo(dtype).max)


def test_single_bits(write_dicom):
    bits = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 0]], dtype=np.uint8)
    # Least significant bit first: 1 0 1 0 0 1 1 1 is 0xE5, and 0 is left over.
    path = write_dicom(bits, BitsAllocated=1, BitsStored=1, HighBit=0, PixelData=b"\xe5\x00")
    pixels, header = read_dicom(path)
    np.testing.assert_array_equal(pixels, bits[None])
    assert header.stored_range == (0, 1)


def test_padding_of_one_byte_values(write_dicom):
    stored = np.array([[-128, 0], [1, 127]], dtype=np.int8)
    assert read_dicom(write_dicom(stored, PixelPaddingValue=-128))[1].padding_value == -128.0
    assert read_dicom(write_dicom(STORED, PixelPaddingValue=65535))[1].padding_value == 65535.0
