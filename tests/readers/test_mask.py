"""Masks: their values as stored, in the axes of the image's reader."""

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.readers import read_image
from monai_ssl.readers.mask import read_mask
from monai_ssl.readers.nifti import nifti_affine

GREY = np.array([[0, 1, 255], [2, 128, 0]], dtype=np.uint8)


def save_nifti(path, values, affine=None):
    nib.save(nib.Nifti1Image(values, np.eye(4) if affine is None else affine), path)
    return path


def check(mask, expected):
    assert mask.dtype == np.int32
    np.testing.assert_array_equal(mask, expected)


def refuse(path, words):
    with pytest.raises(InputError) as raised:
        read_mask(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert words in str(raised.value)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_grey_values_are_as_stored(tmp_path, mode):
    Image.fromarray(GREY).convert(mode).save(tmp_path / "mask.png")
    check(read_mask(tmp_path / "mask.png"), GREY)


def test_sixteen_bits(tmp_path):
    values = np.array([[0, 1000], [65535, 3]], dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / "mask.png")
    check(read_mask(tmp_path / "mask.png"), values)


def test_black_and_white_is_0_and_255(tmp_path):
    Image.fromarray(GREY > 1).save(tmp_path / "mask.png")
    check(read_mask(tmp_path / "mask.png"), [[0, 0, 255], [255, 255, 0]])


def test_palette_gives_indices(tmp_path):
    picture = Image.fromarray(np.array([[0, 1], [2, 1]], dtype=np.uint8))
    picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    assert picture.mode == "P"
    picture.save(tmp_path / "mask.png")
    check(read_mask(tmp_path / "mask.png"), [[0, 1], [2, 1]])


def test_what_is_transparent_is_0(tmp_path):
    pixels = np.full((1, 2, 4), 255, dtype=np.uint8)
    pixels[0, 1, 3] = 0
    Image.fromarray(pixels).save(tmp_path / "mask.png")
    check(read_mask(tmp_path / "mask.png"), [[255, 0]])


def test_exif_orientation_is_that_of_the_image(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(GREY).save(tmp_path / "mask.png", exif=exif)
    mask = read_mask(tmp_path / "mask.png")
    assert mask.shape == (3, 2)
    np.testing.assert_allclose(mask / 255, read_image(tmp_path / "mask.png")[0], atol=1e-6)


def test_unusable_pictures(tmp_path):
    pixels = np.zeros((2, 2, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    pixels[0, 0, 1] = 9
    Image.fromarray(pixels).save(tmp_path / "color.png")
    refuse(tmp_path / "color.png", "coloured")
    pixels[0, 0] = (9, 9, 9, 100)
    Image.fromarray(pixels).save(tmp_path / "half.png")
    refuse(tmp_path / "half.png", "half transparent")
    Image.fromarray(np.zeros((2, 2), dtype=np.float32)).save(tmp_path / "float.tif")
    refuse(tmp_path / "float.tif", "pixels of type F")
    frames = [Image.fromarray(GREY)] * 2
    frames[0].save(tmp_path / "two.tif", save_all=True, append_images=frames[1:])
    refuse(tmp_path / "two.tif", "holds 2 pictures")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG and no more")
    refuse(tmp_path / "broken.png", "cannot be read")
    refuse(tmp_path / "none.png", "no such file")


def test_nifti_is_oriented_as_the_image(tmp_path):
    values = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    # First axis up, second to the left, third to the front.
    affine = np.array([[0, -1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]], dtype=float)
    mask = read_mask(save_nifti(tmp_path / "mask.nii.gz", values, affine))
    assert mask.shape == (3, 4, 2)
    for first, second, third in np.ndindex(2, 3, 4):
        assert mask[2 - second, third, first] == values[first, second, third]


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64])
def test_nifti_types(tmp_path, dtype):
    values = np.array([[[0, 1], [2, 4]]], dtype=dtype)
    check(read_mask(save_nifti(tmp_path / "mask.nii", values)), values)


def test_nifti_slope(tmp_path):
    image = nib.Nifti1Image(np.array([[[0, 10], [20, 30]]], dtype=np.int16), np.eye(4))
    image.header.set_slope_inter(0.1, 1)
    nib.save(image, tmp_path / "mask.nii")
    check(read_mask(tmp_path / "mask.nii"), [[[1, 2], [3, 4]]])


def test_nifti_slice_is_2d(tmp_path):
    check(read_mask(save_nifti(tmp_path / "mask.nii", GREY[..., None])), GREY)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.full((2, 2, 2), 0.5, dtype=np.float32), "no whole numbers"),
        (np.full((2, 2, 2), 1 << 24, dtype=np.int32), "too large"),
        (np.full((2, 2, 2), np.nan, dtype=np.float32), "NaN"),
        (np.zeros((2, 2, 2, 3), dtype=np.uint8), "3 channels"),
    ],
)
def test_unusable_nifti(tmp_path, values, words):
    refuse(save_nifti(tmp_path / "mask.nii", values), words)


def test_dicom_is_refused(tmp_path):
    (tmp_path / "mask.dcm").write_bytes(bytes(128) + b"DICM")
    refuse(tmp_path / "mask.dcm", "Convert it to NIfTI")


def test_affine_of_a_reoriented_image(tmp_path):
    # The first axis of 5 voxels of 2 mm goes to the left from x = 10 mm, so canonical indices begin at 10 - 4 * 2 mm.
    affine = np.array([[-2, 0, 0, 10], [0, 3, 0, -7], [0, 0, 4, 1], [0, 0, 0, 1]], dtype=float)
    path = save_nifti(tmp_path / "mask.nii", np.zeros((5, 2, 2), dtype=np.uint8), affine)
    np.testing.assert_allclose(nifti_affine(path), [[2, 0, 0, 2], [0, 3, 0, -7], [0, 0, 4, 1], [0, 0, 0, 1]])


def test_affine_of_a_broken_file(tmp_path):
    (tmp_path / "mask.nii").write_bytes(b"no NIfTI")
    with pytest.raises(InputError, match="cannot be read"):
        nifti_affine(tmp_path / "mask.nii")


def test_channels_of_a_4d_image(tmp_path):
    values = np.random.default_rng(0).normal(size=(4, 5, 6, 2)).astype(np.float32)
    save_nifti(tmp_path / "both.nii.gz", values, np.diag([-1.0, 1, 1, 1]))
    for channel in range(2):
        save_nifti(tmp_path / f"{channel}.nii.gz", values[..., channel], np.diag([-1.0, 1, 1, 1]))
    image = read_image(tmp_path / "both.nii.gz")
    assert image.shape == (2, 4, 5, 6)
    np.testing.assert_array_equal(image, read_image([tmp_path / "0.nii.gz", tmp_path / "1.nii.gz"]))


@pytest.mark.parametrize(
    ("shape", "expected"), [((4, 5, 1, 3), (3, 4, 5)), ((4, 5, 6, 1, 3), (3, 4, 5, 6)), ((4, 5, 6, 1), (1, 4, 5, 6))]
)
def test_shapes_of_images_with_channels(tmp_path, shape, expected):
    assert read_image(save_nifti(tmp_path / "image.nii", np.ones(shape, dtype=np.uint8))).shape == expected


def test_image_of_two_more_axes_is_refused(tmp_path):
    with pytest.raises(InputError, match="three axes in space"):
        read_image(save_nifti(tmp_path / "image.nii", np.ones((4, 5, 6, 2, 3), dtype=np.uint8)))


def test_real_masks_fit_their_images(real_images):
    for path in sorted((real_images / "hippocampus" / "labelsTr").glob("[!.]*.nii.gz"))[:10]:
        mask = read_mask(path)
        assert mask.shape == read_image(path.parents[1] / "imagesTr" / path.name).shape[1:]
        assert np.unique(mask).tolist() == [0, 1, 2]


def test_palette_of_black_and_white_goes_by_its_colors(tmp_path):
    """Index 0 is white here and 255 black: by their indices, region and background would change places."""
    picture = Image.fromarray(np.array([[0, 255], [255, 255]], dtype=np.uint8), mode="P")
    picture.putpalette([255, 255, 255] + [0, 0, 0] * 255)
    picture.save(tmp_path / "mask.png")
    assert read_mask(tmp_path / "mask.png").tolist() == [[255, 0], [0, 0]]
