"""Files of many makers, kinds and transfer syntaxes, beside what GDCM makes of them."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from monai_ssl.errors import InputError
from monai_ssl.readers import read_dicom

REFUSED = {
    "dtf/pydicom/badVR.dcm": "NumberOfFrames is not a number",
    "dtf/pydicom/empty_charset_LEI.dcm": "has no image",
    "dtf/pydicom/liver_expb_1frame.dcm": "NumberOfFrames is not the number of functional groups",
    "dtf/pydicom/nested_priv_SQ.dcm": "BitsAllocated is missing",
    "dtf/pydicom/reportsi.dcm": "has no image",
    "dtf/pydicom/reportsi_with_empty_number_tags.dcm": "has no image",
    "dtf/pydicom/rtplan.dcm": "has no image",
}
# What GDCM does not read, or not in the same way, and what is right instead.
SAME_AS = {
    # GDCM ends the process on 1-bit frames in RLE, and does not know deflated frames.
    "pydicom_data/liver_nonbyte_aligned_rle.dcm": "pydicom_data/liver_nonbyte_aligned.dcm",
    "pydicom_data/liver_deflate.dcm": "pydicom_data/liver_rle.dcm",
    # GDCM mixes up the planes of colours with more than 8 bits in RLE.
    "dtf/pydicom/SC_rgb_rle_16bit_2frame.dcm": "dtf/pydicom/SC_rgb_16bit_2frame.dcm",
    "dtf/pydicom/SC_rgb_rle_32bit.dcm": "dtf/pydicom/SC_rgb_32bit.dcm",
    "dtf/pydicom/SC_rgb_rle_32bit_2frame.dcm": "dtf/pydicom/SC_rgb_expb_32bit_2frame.dcm",
}
NOT_BY_GDCM = {
    *SAME_AS,
    "pydicom_data/liver_rle.dcm",
    "dtf/pydicom/rtdose_expb_1frame.dcm",  # GDCM ends the process; see test_first_frame
    "dtf/pydicom/OBXXXX1A.dcm",  # GDCM gives indices into the palette
    *(f"dtf/pydicom/SC_rgb_dcmtk_+eb+cy+{name}.dcm" for name in ("n1", "np", "s2")),  # GDCM gives YBR
    "pydicom_data/JLSL_08_07_0_1F.dcm",  # GDCM fails on 7 bits
    "pydicom_data/JLSL_16_15_1_1F.dcm",  # GDCM leaves out the sign; see test_sign_of_jpeg_ls
    "pydicom_data/parametric_map_float.dcm",  # GDCM ends the process on floating-point pixels
    "pydicom_data/parametric_map_double_float.dcm",
    "dtf/WG04/JPLY/RG3_JPLY",  # see test_lossy_values_stay_in_range
}


def folder() -> Path:
    return Path(os.environ.get("MONAI_SSL_DATA", "")) / "dicom_variety"


def names() -> list[str]:
    index = folder() / "index.csv"
    if "MONAI_SSL_DATA" not in os.environ or not index.is_file():
        return []
    with index.open(encoding="utf-8", newline="") as file:
        return [row["file"] for row in csv.DictReader(file)]


@pytest.mark.parametrize("name", names())
def test_each_file(name):
    if reason := REFUSED.get(name):
        with pytest.raises(InputError, match=reason):
            read_dicom(folder() / name)
        return
    pixels, header = read_dicom(folder() / name)
    assert pixels.flags.writeable
    assert pixels.flags.c_contiguous
    assert pixels.dtype.isnative
    assert len(pixels) == (3 if header.photometric_interpretation == "RGB" else 1)
    if name not in NOT_BY_GDCM:
        np.testing.assert_array_equal(pixels, by_gdcm(folder() / name))


def by_gdcm(path: Path) -> np.ndarray:
    """The stored values as GDCM reads them, in the shape of :func:`read_dicom`."""
    gdcm = pytest.importorskip("gdcm")
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    image = reader.GetImage()
    form = image.GetPixelFormat()
    content = np.frombuffer(image.GetBuffer().encode("utf-8", "surrogateescape"), dtype=np.uint8)
    columns, rows, frames = (*image.GetDimensions(), 1)[:3]
    samples = form.GetSamplesPerPixel()
    if form.GetBitsAllocated() == 1:
        values = np.unpackbits(content, bitorder="little", count=frames * rows * columns)
    else:
        values = content.view(f"<{'ui'[form.GetPixelRepresentation()]}{form.GetBitsAllocated() // 8}")
    if image.GetPlanarConfiguration():
        values = values.reshape(frames, samples, rows, columns).transpose(1, 2, 3, 0)
    else:
        values = values.reshape(frames, rows, columns, samples).transpose(3, 1, 2, 0)
    return values if frames > 1 else values[..., 0]


@pytest.mark.parametrize(("name", "other"), SAME_AS.items())
def test_same_image(real_images, name, other):
    pixels = read_dicom(real_images / "dicom_variety" / name)[0]
    np.testing.assert_array_equal(pixels, read_dicom(real_images / "dicom_variety" / other)[0])
    assert pixels.any()


def test_one_stack_in_many_syntaxes(real_images):
    """Ten frames of an enhanced MR object, plain, big endian, RLE, JPEG 2000 and JPEG-LS."""
    stack = real_images / "dicom_variety" / "dtf" / "pydicom"
    plain = read_dicom(stack / "emri_small.dcm")[0]
    assert plain.shape == (1, 64, 64, 10)
    for name in ("RLE", "big_endian", "jpeg_2k_lossless", "jpeg_ls_lossless"):
        np.testing.assert_array_equal(read_dicom(stack / f"emri_small_{name}.dcm")[0], plain)


def test_first_frame(real_images):
    doses = real_images / "dicom_variety" / "dtf" / "pydicom"
    first, every = read_dicom(doses / "rtdose_expb_1frame.dcm")[0], read_dicom(doses / "rtdose.dcm")[0]
    assert every.shape == (1, 10, 10, 15)
    np.testing.assert_array_equal(first, every[..., 0])


def test_sign_of_jpeg_ls(real_images):
    """JPEG-LS knows no sign: 15 bits from 16384 on are negative."""
    path = real_images / "dicom_variety" / "pydicom_data" / "JLSL_16_15_1_1F.dcm"
    unsigned = by_gdcm(path).astype(int)
    assert unsigned.max() >= 16384
    np.testing.assert_array_equal(read_dicom(path)[0], np.where(unsigned >= 16384, unsigned - 32768, unsigned))


def test_twelve_bit_jpeg_is_close_to_lossless(real_images):
    """The same MR slice in RLE and in JPEG Extended with 12 bits, at a quality that changes values by few units."""
    slices = real_images / "dicom_variety" / "dtf" / "WG04"
    lossless = read_dicom(slices / "RLE" / "MR3_RLE")[0].astype(int)
    difference = read_dicom(slices / "JPLY" / "MR3_JPLY")[0] - lossless
    assert np.abs(difference).mean() < 0.01 * lossless.max()


def test_lossy_values_stay_in_range(real_images):
    """Where the losses of 12-bit JPEG would lead beyond the 10 bits stored, GDCM's own reader wraps them around."""
    path = real_images / "dicom_variety" / "dtf" / "WG04" / "JPLY" / "RG3_JPLY"
    pixels, expected = read_dicom(path)[0], by_gdcm(path)
    assert pixels.max() == 1023
    different = pixels != expected
    assert different.sum() < 10
    assert (pixels[different] == 1023).all()
