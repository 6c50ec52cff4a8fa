"""Images of several files or channels: one grid, and each of them in memory once."""

import tracemalloc

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.readers import read_image
from monai_ssl.readers.grids import check_one_grid, image_affine, same_places, voxel_spacing
from tests.transforms.conftest import write_dicom

__all__ = ["write_dicom"]

AFFINE = np.array([[-1.2, 0.3, 0, 10], [0.3, 1.2, 0, -7], [0, 0, 2.5, 1], [0, 0, 0, 1]])


def save(path, values, affine=AFFINE):
    nib.save(nib.Nifti1Image(values, affine), path)
    return str(path)


@pytest.fixture
def modalities(tmp_path):
    generator = np.random.default_rng(0)
    return [save(tmp_path / f"{name}.nii.gz", generator.normal(size=(4, 5, 6)).astype(np.float32)) for name in "abc"]


@pytest.mark.parametrize("windows", [("auto",), ("raw",), ((0.5, 2.0),), ("raw", "full")])
def test_each_file_is_a_channel(modalities, windows):
    expected = np.concatenate([read_image(path, windows=windows) for path in modalities])
    assert expected.shape == (3 * len(windows), 4, 5, 6)
    np.testing.assert_array_equal(read_image(modalities, windows=windows), expected)
    np.testing.assert_array_equal(read_image(tuple(modalities), 3, windows, 3), expected)
    np.testing.assert_array_equal(read_image(modalities[:1], windows=windows), read_image(modalities[0], 1, windows))


@pytest.mark.parametrize("windows", [("raw",), ("auto", "raw")])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("slope", [None, 0.37])
def test_channels_of_one_file_are_as_files(tmp_path, windows, suffix, slope):
    stored = np.random.default_rng(0).integers(-900, 900, (4, 5, 6, 3)).astype(np.int16)
    for name, values in [("all", stored), *((str(channel), stored[..., channel]) for channel in range(3))]:
        image = nib.Nifti1Image(values, AFFINE)
        if slope:
            image.header.set_slope_inter(slope, -7)
        nib.save(image, tmp_path / f"{name}{suffix}")
    image = read_image(tmp_path / f"all{suffix}", windows=windows)
    channels = [read_image(tmp_path / f"{channel}{suffix}", windows=windows) for channel in range(3)]
    np.testing.assert_array_equal(image, np.stack(channels, axis=1).reshape(image.shape))


def refuse(paths, message):
    with pytest.raises(InputError, match=message):
        read_image(paths, len(paths), ("raw",))


def test_files_of_other_shapes(modalities, tmp_path):
    other = save(tmp_path / "other.nii.gz", np.zeros((4, 6, 5)))
    refuse(
        [*modalities, other], r"other\.nii\.gz: the shape \(4, 6, 5\) differs from \(4, 5, 6\) of .*a\.nii\.gz\. Res"
    )


@pytest.mark.parametrize(("row", "column", "change"), [(0, 3, 0.1), (2, 3, -0.07), (0, 0, 0.002), (2, 2, -5.0)])
def test_files_of_other_affines(modalities, tmp_path, row, column, change):
    affine = AFFINE.copy()
    affine[row, column] += change
    other = save(tmp_path / "other.nii.gz", np.zeros((4, 5, 6)), affine)
    message = r"other\.nii\.gz: the affine differs from that of \S*a\.nii\.gz by up to [\d.]+ mm\. Resample them to one"
    refuse([*modalities, other], message)


def test_a_missing_file(modalities, tmp_path):
    refuse([*modalities, str(tmp_path / "none.nii.gz")], r"none\.nii\.gz: there is no such file")


def test_files_of_another_number(modalities):
    with pytest.raises(InputError, match=r"a\.nii\.gz: this and 2 other files make no image of 4 channels"):
        read_image(modalities, 4)


def test_files_of_other_kinds(tmp_path):
    first = save(tmp_path / "a.nii.gz", np.ones((4, 4)))
    Image.fromarray(np.ones((4, 4), np.uint8)).save(tmp_path / "b.png")
    for paths in ([first, str(tmp_path / "b.png")], [str(tmp_path / "b.png"), first]):
        refuse(paths, r"b\.png: this file is no NIfTI, but \S*a\.nii\.gz is, whose axes run differently")


def test_pictures_and_dicom_have_no_affine(tmp_path, write_dicom):
    Image.fromarray(np.full((2, 3), 255, np.uint8)).save(tmp_path / "a.png")
    dicom = write_dicom(np.full((2, 3), 255, np.uint8), Modality="OT")
    check_one_grid([tmp_path / "a.png", dicom])
    assert read_image([tmp_path / "a.png", dicom]).tolist() == np.ones((2, 2, 3)).tolist()
    assert image_affine(dicom, 2).tolist() == np.eye(3).tolist()


def test_spacing_of_the_axes_as_they_are_read(tmp_path):
    # The axes of the file go up, to the left and to the front.
    affine = np.array([[0, -2.0, 0, 0], [0, 0, 3, 0], [4, 0, 0, 0], [0, 0, 0, 1]])
    assert voxel_spacing(save(tmp_path / "a.nii", np.zeros((5, 6, 7)), affine)) == (2, 3, 4)
    assert voxel_spacing(save(tmp_path / "b.nii", np.zeros((5, 6)), affine)) == (2, 4)
    assert voxel_spacing(save(tmp_path / "c.nii", np.zeros((5, 6, 7)))) == pytest.approx([1.53**0.5, 1.53**0.5, 2.5])
    Image.new("L", (2, 2)).save(tmp_path / "d.png")
    assert voxel_spacing(tmp_path / "d.png") is None


def test_the_rounding_of_headers():
    for change, same in ((0.0011, True), (0.0013, False)):  # a step may differ by 0.001 of 1.237 mm
        affine = AFFINE.copy()
        affine[2, 1] += change
        assert same_places(AFFINE, affine) is same
    for change, same in ((0.06, True), (0.063, False)):
        affine = AFFINE.copy()
        affine[1, 3] -= change
        assert same_places(AFFINE, affine) is same


@pytest.mark.parametrize("single", [False, True])
def test_nothing_is_in_memory_twice(tmp_path, single):
    """At most the image and what it takes to read one of its eight channels."""
    stored = np.random.default_rng(0).integers(0, 2000, (48, 48, 48, 8)).astype(np.int16)
    if single:
        paths = save(tmp_path / "all.nii.gz", stored)
    else:
        paths = [save(tmp_path / f"{channel}.nii.gz", stored[..., channel]) for channel in range(8)]
    read_image(paths, 8)
    tracemalloc.start()
    image = read_image(paths, 8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < image.nbytes * 1.4
