import itertools
import pickle
import traceback
import warnings

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import MPEG2MPML, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless

from monai_ssl.errors import InputError
from monai_ssl.readers import DicomHeader, read_dicom
from monai_ssl.transforms import ReadDicomd, RescaleToHU, RescaleToHUd, WindowHU

SIGNED = np.array([[-2000, -1], [0, 3000]], dtype=np.int16)
UNSIGNED = np.array([[0, 1], [1024, 4095]], dtype=np.uint16)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_signed_pixels_with_all_header_values(write_dicom, syntax):
    path = write_dicom(
        SIGNED,
        syntax=syntax,
        RescaleSlope="2",
        RescaleIntercept="-1024",
        WindowCenter="40",
        WindowWidth="80",
        VOILUTFunction="SIGMOID",
        PixelPaddingValue=-2000,
        PixelPaddingRangeLimit=-1900,
        PixelSpacing=["0.5", "0.25"],
    )
    pixels, header = read_dicom(path)
    assert pixels.dtype == np.int16
    np.testing.assert_array_equal(pixels, SIGNED[None])
    assert header == DicomHeader(
        modality="CT",
        photometric_interpretation="MONOCHROME2",
        bits_stored=16,
        pixel_representation=1,
        slope=2.0,
        intercept=-1024.0,
        window_centers=(40.0,),
        window_widths=(80.0,),
        voi_lut_function="SIGMOID",
        padding_value=-2000.0,
        padding_range_limit=-1900.0,
        pixel_spacing=(0.5, 0.25),
    )
    # 2 * (-2000, -1, 0, 3000) - 1024
    hu = RescaleToHU()(pixels, header)
    np.testing.assert_array_equal(hu, np.array([[[-5024, -1026], [-1024, 4976]]], dtype=np.float32))


def test_absent_values_have_defaults(write_dicom):
    pixels, header = read_dicom(write_dicom(UNSIGNED, BitsStored=12, HighBit=11))
    assert (header.slope, header.intercept, header.padding_value, header.pixel_spacing) == (1.0, 0.0, None, None)
    assert header.window_centers == header.window_widths == ()
    assert header.stored_range == (0, 4095)
    np.testing.assert_array_equal(RescaleToHU()(pixels, header), UNSIGNED[None].astype(np.float32))


def test_empty_values_are_absent(write_dicom):
    header = read_dicom(write_dicom(UNSIGNED, WindowCenter="", WindowWidth="", RescaleSlope="", Modality=""))[1]
    assert (header.window_centers, header.slope, header.modality) == ((), 1.0, "")


def test_multi_valued_window_keeps_whole_pairs(write_dicom):
    header = read_dicom(write_dicom(UNSIGNED, WindowCenter=["00036", "600", "7"], WindowWidth=["00080", "2800"]))[1]
    assert header.window_centers == (36.0, 600.0)
    assert header.window_widths == (80.0, 2800.0)


def test_padding_written_unsigned_in_a_signed_image(write_dicom):
    path = write_dicom(SIGNED, PixelPaddingValue=-2000)
    content = path.read_bytes()
    tag = bytes.fromhex("28002001")  # (0028,0120) PixelPaddingValue
    assert content.count(tag + b"SS") == 1
    path.write_bytes(content.replace(tag + b"SS", tag + b"US"))
    assert dcmread(path).PixelPaddingValue == 63536
    assert read_dicom(path)[1].padding_value == -2000.0


@pytest.mark.parametrize("implicit", [True, False])
def test_file_without_preamble_and_meta_information(write_dicom, tmp_path, implicit):
    dataset = dcmread(write_dicom(SIGNED, RescaleIntercept="-7", PixelPaddingValue=-5))
    bare = tmp_path / "bare"
    del dataset.file_meta
    dataset.preamble = None
    dataset.save_as(bare, implicit_vr=implicit, little_endian=True, enforce_file_format=False)
    assert bare.read_bytes()[128:132] != b"DICM"
    pixels, header = read_dicom(bare)
    np.testing.assert_array_equal(pixels, SIGNED[None])
    assert (header.intercept, header.padding_value) == (-7.0, -5.0)


def test_modality_lut_takes_the_place_of_slope(write_dicom):
    item = Dataset()
    item.LUTDescriptor = [3, 10, 16]  # three entries, for the stored values 10, 11 and 12
    item.LUTData = np.array([100, 500, 200], dtype="<u2").tobytes()
    item.ModalityLUTType = "HU"
    stored = np.array([[0, 10], [11, 40]], dtype=np.uint16)
    pixels, header = read_dicom(write_dicom(stored, ModalityLUTSequence=[item]))
    np.testing.assert_array_equal(pixels, stored[None])
    # values below the table take its first entry, values above it the last
    np.testing.assert_array_equal(RescaleToHU()(pixels, header), [[[100, 100], [500, 200]]])


def test_rgb_is_channel_first(write_dicom):
    stored = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    pixels, header = read_dicom(write_dicom(stored, PhotometricInterpretation="RGB"))
    np.testing.assert_array_equal(pixels, np.stack([stored[..., 0], stored[..., 1], stored[..., 2]]))
    assert (header.photometric_interpretation, header.stored_range) == ("RGB", (0, 255))


def test_ybr_becomes_rgb(write_dicom):
    # PS3.3 C.7.6.3.1.2: red (255, 0, 0) is Y = 76.2, CB = 85.0, CR = 255.5
    stored = np.tile(np.array([76, 85, 255], dtype=np.uint8), (2, 2, 1))
    pixels, header = read_dicom(write_dicom(stored, PhotometricInterpretation="YBR_FULL"))
    np.testing.assert_allclose(pixels[:, 0, 0], [255, 0, 0], atol=1.5)
    assert header.photometric_interpretation == "RGB"


def test_palette_becomes_rgb(write_dicom):
    tags = {}
    for color, entries in {"Red": [0, 65535], "Green": [256, 512], "Blue": [5, 65535]}.items():
        tags[f"{color}PaletteColorLookupTableDescriptor"] = [2, 0, 16]
        tags[f"{color}PaletteColorLookupTableData"] = np.array(entries, dtype="<u2").tobytes()
    stored = np.array([[0, 1], [1, 0]], dtype=np.uint8)
    pixels, header = read_dicom(write_dicom(stored, PhotometricInterpretation="PALETTE COLOR", **tags))
    np.testing.assert_array_equal(pixels[:, 0], [[0, 65535], [256, 512], [5, 65535]])
    assert (header.photometric_interpretation, header.stored_range) == ("RGB", (0, 65535))


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"NumberOfFrames": 2}, "cut short"),
        ({"RescaleSlope": "0"}, "makes no sense"),
        ({"PixelData": None}, "no image"),
        ({"Rows": 3}, "cut short"),
        ({"PhotometricInterpretation": "HSV"}, "photometric interpretation"),
        ({"SamplesPerPixel": 3, "PlanarConfiguration": 0}, "cut short"),
        ({"RescaleIntercept": "NaN"}, "makes no sense"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "palette cannot be used"),
    ],
)
def test_unusable_content(write_dicom, tags, words):
    path = write_dicom(UNSIGNED, **tags)
    with pytest.raises(InputError, match=words) as caught:
        read_dicom(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_floating_point_pixels(write_dicom):
    tags = {"PixelData": None, "BitsAllocated": 32, "BitsStored": None, "HighBit": None, "PixelRepresentation": None}
    values = np.array([[0.5, -1.5]], dtype=np.float32)
    pixels, header = read_dicom(write_dicom(values, FloatPixelData=values.tobytes(), **tags))
    np.testing.assert_array_equal(pixels, values[None])
    with pytest.raises(InputError, match="no full range"):
        _ = header.stored_range
    broken = np.array([[np.nan, 1.0]], dtype=np.float32)
    with pytest.raises(InputError, match="NaN"):
        read_dicom(write_dicom(broken, FloatPixelData=broken.tobytes(), **tags))


def test_syntax_without_decoder_is_named(write_dicom, monkeypatch):
    monkeypatch.setattr("pydicom.pixels.decoders.base.Decoder.is_available", False)
    path = write_dicom(UNSIGNED, syntax=JPEGLSLossless, PixelData=encapsulate([b"\xff\xd8"]))
    with pytest.raises(InputError, match=r"JPEG-LS Lossless.*pip install"):
        read_dicom(path)


def test_unknown_syntax_is_named(write_dicom):
    path = write_dicom(UNSIGNED, syntax=MPEG2MPML, PixelData=encapsulate([b"\0\0"]))
    with pytest.raises(InputError, match=r"MPEG2 Main Profile.*is not supported"):
        read_dicom(path)


def test_damaged_compressed_pixels(write_dicom):
    path = write_dicom(UNSIGNED, syntax=JPEG2000Lossless, PixelData=encapsulate([b"\xff\x4f\xff\x51no"]))
    with pytest.raises(InputError, match="the compressed pixels are cut short"):
        read_dicom(path)


@pytest.mark.parametrize("content", [b"", b"\0" * 400, b"plain text, and not a short one. " * 30, b"\x08\0" * 300])
def test_not_dicom(tmp_path, content):
    path = tmp_path / "slice.dcm"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"slice\.dcm: "):
        read_dicom(path)


def test_missing_file_and_folder(tmp_path):
    for path in (tmp_path / "none.dcm", tmp_path):
        with pytest.raises(InputError, match="no such file"):
            read_dicom(path)


IDENTITY = {
    "PatientName": "Secret^Name",
    "PatientID": "SECRET1",
    "PatientBirthDate": "19000102",
    "StudyDate": "19990203",
    "AccessionNumber": "SECRET2",
    "ReferringPhysicianName": "Secret^Doctor",
    "InstitutionName": "Secret Hospital",
}


def test_damaged_files_give_only_input_errors_without_identity(write_dicom):
    """Cut at any length, or with bytes changed, a file gives an image or an InputError that names nobody."""
    path = write_dicom(UNSIGNED, WindowCenter="40", WindowWidth="80", RescaleSlope="1", **IDENTITY)
    content = path.read_bytes()
    generator = np.random.default_rng(0)
    variants = [content[:length] for length in range(0, len(content), 7)]
    for _ in range(300):
        changed = bytearray(content)
        for position in generator.integers(132, len(content), 3):
            changed[position] = generator.integers(256)
        variants.append(bytes(changed))
    loaded = 0
    for variant in variants:
        path.write_bytes(variant)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                read_dicom(path)
            loaded += 1
        except InputError as error:
            shown = "".join(traceback.format_exception(error))
            assert not any(value in shown for value in IDENTITY.values())
    assert 0 < loaded < len(variants)


def test_identity_is_not_reachable(write_dicom, recwarn, caplog):
    path = write_dicom(UNSIGNED, WindowCenter="40", WindowWidth="80", **IDENTITY)
    # A date that is none, about which pydicom warns with its text where it reads it.
    path.write_bytes(path.read_bytes().replace(b"19990203", b"SECRET!!"))
    result = ReadDicomd("image")({"image": path, "patient": "p0001"})
    assert set(result) == {"image", "image_header", "patient"}
    held = pickle.dumps((result["image"], result["image_header"]))
    for value in [*IDENTITY.values(), "SECRET"]:
        assert value.encode() not in held
        assert value not in caplog.text
        assert not any(value in str(warning.message) for warning in recwarn.list)


def test_dictionary_transforms_leave_their_input_alone(write_dicom):
    path = write_dicom(SIGNED, RescaleIntercept="-1024")
    data = {"image": path}
    stored = ReadDicomd("image")(data)
    hu = RescaleToHUd("image")(stored)
    assert data == {"image": path}
    np.testing.assert_array_equal(stored["image"], SIGNED[None])
    np.testing.assert_array_equal(hu["image"], SIGNED[None] - 1024.0)
    with pytest.raises(KeyError):
        ReadDicomd("mask")(data)
    assert ReadDicomd("mask", allow_missing_keys=True)(data) == data


def test_hu_equals_itk(real_images):
    itk = pytest.importorskip("itk")
    paths = sorted((real_images / "rsna_ich").glob("*.dcm"))
    assert paths
    for path in paths:
        expected = itk.array_from_image(itk.imread(str(path)))
        np.testing.assert_array_equal(RescaleToHU()(*read_dicom(path)), expected)


def test_monochrome1_equals_itk(real_images):
    """ITK inverts MONOCHROME1 in the range of the stored bits, which is what the full window gives."""
    itk = pytest.importorskip("itk")
    path = real_images / "dicom_variety" / "dtf" / "WG04" / "J2KI" / "RG3_J2KI"
    pixels, header = read_dicom(path)
    assert (header.photometric_interpretation, header.stored_range) == ("MONOCHROME1", (0, 1023))
    expected = itk.array_from_image(itk.imread(str(path)))
    np.testing.assert_allclose(WindowHU("full")(RescaleToHU()(pixels, header), header) * 1023, expected, atol=1e-3)


def test_one_picture_in_many_syntaxes(real_images):
    """Files of the same RGB picture, stored as RGB and YBR, plain and compressed, in both byte orders."""
    folder = real_images / "dicom_variety" / "dtf" / "pydicom"
    plain = ["SC_rgb.dcm", "SC_rgb_expb.dcm", "SC_rgb_rle.dcm", "SC_rgb_gdcm2k_uncompressed.dcm"]
    images = [read_dicom(folder / name)[0] for name in plain]
    for first, second in itertools.pairwise(images):
        np.testing.assert_array_equal(first, second)
    lossy = read_dicom(folder / "SC_rgb_dcmtk_+eb+cy+n1.dcm")[0]
    assert np.median(np.abs(lossy.astype(int) - images[0])) <= 2
