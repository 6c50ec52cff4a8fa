"""Masks and maps lie on their images, in every geometry of a file."""

import itertools
import os

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from nibabel.affines import from_matvec, voxel_sizes
from nibabel.orientations import apply_orientation, inv_ornt_aff
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.readers import read_image
from monai_ssl.readers.mask import read_mask
from monai_ssl.readers.nifti import nifti_affine
from monai_ssl.writers import mask_suffix, write_map, write_mask, write_nifti
from tests.transforms.conftest import write_dicom

__all__ = ["write_dicom"]

GENERATOR = np.random.default_rng(0)
RAS_AFFINE = from_matvec(np.diag([1.5, 2.0, 3.0]), [-20.0, 7.0, 11.0])
ORIENTATIONS = [
    np.array(list(zip(order, flips, strict=True)))
    for order in itertools.permutations(range(3))
    for flips in itertools.product([1, -1], repeat=3)
]
# About 20 and 35 degrees around two axes.
TILTED = np.array([[0.82, -0.54, 0.19], [0.57, 0.77, -0.28], [0.01, 0.34, 0.94]])
OBLIQUE = from_matvec(np.linalg.qr(TILTED)[0] * [-1.1, -1.2, 2.5], [31.3, -5.7, 80.9])


def save_nifti(path, values, affine, sform=1, qform=1, kind=nib.Nifti1Image):
    image = kind(values, affine)
    image.set_sform(affine, sform)
    image.set_qform(affine, qform)
    image.header.set_xyzt_units("mm", "sec")
    image.header["descrip"] = b"name of a patient"
    nib.save(image, path)
    return path


def check_geometry(written, source):
    """Bit for bit that of the source, but for the type and what else the header says."""
    first, second = nib.load(written), nib.load(source)
    assert type(first) is type(second)
    np.testing.assert_array_equal(first.affine, second.affine)
    for name in ("get_qform", "get_sform"):
        (one, code), (other, other_code) = (getattr(image, name)(coded=True) for image in (first, second))
        assert code == other_code
        np.testing.assert_array_equal(np.asarray(one, float), np.asarray(other, float))
    assert first.header.get_zooms()[:3] == second.header.get_zooms()[:3]
    assert first.header.get_xyzt_units() == ("mm", "unknown")
    assert first.shape[:3] == second.shape[:3]
    assert b"patient" not in first.header.binaryblock
    assert list(first.header.extensions) == []


def check_mask(tmp_path, source, values):
    written = tmp_path / "out" / "mask.nii.gz"
    write_mask(written, values, source)
    check_geometry(written, source)
    np.testing.assert_array_equal(read_mask(written), values)
    np.testing.assert_array_equal(nifti_affine(written), nifti_affine(source))
    assert [path.name for path in written.parent.iterdir()] == ["mask.nii.gz"]
    return nib.load(written)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_every_order_and_direction_of_axes(tmp_path, orientation):
    """A mask of what is bright, made on the grid as read, is bright where the image is in the axes of the file."""
    ras = GENERATOR.integers(0, 100, (4, 5, 6)).astype(np.int16)
    stored = apply_orientation(ras, orientation)
    affine = RAS_AFFINE @ inv_ornt_aff(orientation, ras.shape)
    source = save_nifti(tmp_path / "image.nii.gz", stored, affine)
    image = read_image(source, windows=("raw",))[0]
    written = check_mask(tmp_path, source, (image > 50).astype(np.int32) * 2)
    assert written.get_data_dtype() == np.uint8
    np.testing.assert_array_equal(np.asarray(written.dataobj), (stored > 50) * 2)


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize(("sform", "qform"), [(1, 1), (4, 0), (0, 2), (2, 3), (0, 0)])
def test_oblique_volumes_and_codes(tmp_path, sform, qform, kind):
    stored = GENERATOR.normal(size=(4, 5, 6)).astype(np.float32)
    source = save_nifti(tmp_path / "image.nii", stored, OBLIQUE, sform, qform, kind)
    written = check_mask(tmp_path, source, (read_image(source, windows=("raw",))[0] > 0).astype(np.uint8))
    np.testing.assert_array_equal(np.asarray(written.dataobj), stored > 0)


def test_a_sheared_sform(tmp_path):
    """No qform can have it."""
    sheared = OBLIQUE.copy()
    sheared[0, 1] += 0.3
    stored = GENERATOR.normal(size=(4, 5, 6)).astype(np.float32)
    image = nib.Nifti1Image(stored, None)
    image.set_sform(sheared, 2)
    image.header.set_xyzt_units("mm")
    nib.save(image, tmp_path / "image.nii")
    check_mask(tmp_path, tmp_path / "image.nii", (read_image(tmp_path / "image.nii")[0] > 0.5).astype(np.uint8))


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 1, 3), (4, 5, 6, 1), (4, 5, 6, 3)])
@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_slices_and_channels(tmp_path, shape, axes):
    affine = OBLIQUE.copy()
    affine[:, :3] = affine[:, axes]
    stored = GENERATOR.normal(size=shape).astype(np.float32)
    source = save_nifti(tmp_path / "image.nii", stored, affine)
    image = read_image(source, windows=("raw",))[0]
    assert image.ndim == (3 if 6 in shape else 2)
    written = check_mask(tmp_path, source, (image > 0).astype(np.uint8))
    assert written.shape == shape[:3]
    np.testing.assert_array_equal(np.asarray(written.dataobj), (stored > 0)[(..., 0) if len(shape) == 4 else ...])


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 6)])
def test_channels_are_the_fourth_axis(tmp_path, shape):
    source = save_nifti(tmp_path / "image.nii", np.zeros(shape, np.uint8), OBLIQUE)
    spatial = read_image(source).shape[1:]
    values = GENERATOR.normal(size=(3, *spatial)).astype(np.float32)
    write_nifti(tmp_path / "four.nii.gz", values, source)
    np.testing.assert_array_equal(read_image(tmp_path / "four.nii.gz", windows=("raw",)), values)
    np.testing.assert_array_equal(nifti_affine(tmp_path / "four.nii.gz"), nifti_affine(source))


@pytest.mark.parametrize(
    ("largest", "dtype"),
    [(0, np.uint8), (255, np.uint8), (256, np.int16), (32767, np.int16), (32768, np.uint16), (65536, np.int32)],
)
def test_the_smallest_type(tmp_path, largest, dtype):
    source = save_nifti(tmp_path / "image.nii", np.zeros((2, 3, 4), np.uint8), RAS_AFFINE)
    values = np.zeros((2, 3, 4), np.int64)
    values[1, 2, 3] = largest
    assert check_mask(tmp_path, source, values).get_data_dtype() == dtype


@pytest.mark.parametrize("convert", [torch.from_numpy, MetaTensor, lambda values: torch.from_numpy(values).int()])
def test_tensors_and_several_files(tmp_path, convert):
    paths = [save_nifti(tmp_path / f"{name}.nii.gz", np.zeros((2, 3, 4)), OBLIQUE) for name in "ab"]
    values = GENERATOR.integers(0, 5, (2, 3, 4))
    write_mask(tmp_path / "mask.nii.gz", convert(values), [str(path) for path in paths])
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.nii.gz"), values)


def test_written_files_are_the_same_each_time(tmp_path):
    source = save_nifti(tmp_path / "image.nii", np.zeros((2, 3, 4)), OBLIQUE)
    for name in ("a.nii.gz", "b.nii.gz"):
        write_mask(tmp_path / name, np.ones((2, 3, 4), np.uint8), source)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


@pytest.mark.parametrize("name", ["image.png", "image.jpg", "image.tif"])
@pytest.mark.parametrize("turned", range(1, 9))
def test_pictures_as_they_are_shown(tmp_path, name, turned):
    exif = Image.Exif()
    exif[0x0112] = turned
    pixels = np.zeros((16, 24), np.uint8)
    pixels[:8, :8] = 255
    Image.fromarray(pixels).save(tmp_path / name, exif=exif)
    image = read_image(tmp_path / name)[0]
    assert image.shape == ((16, 24) if turned < 5 else (24, 16))
    values = np.where(image > 0.5, 300, 0)
    assert mask_suffix(tmp_path / name) == ".png"
    write_mask(tmp_path / "mask.png", values, tmp_path / name)
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), values)
    assert Image.open(tmp_path / "mask.png").getexif().get(0x0112) is None
    write_map(tmp_path / "map.png", image, tmp_path / name)
    np.testing.assert_allclose(read_image(tmp_path / "map.png")[0], image, atol=1e-6)


def test_dicom_slices(tmp_path, write_dicom):
    path = write_dicom(np.arange(12, dtype=np.uint16).reshape(3, 4))
    values = np.arange(12).reshape(3, 4) % 3
    write_mask(tmp_path / "mask.png", values, path)
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), values)
    frames = write_dicom(np.zeros((6, 4), np.uint16), name="two.dcm", Rows=3, NumberOfFrames=2)
    with pytest.raises(InputError, match=r"two\.dcm: this image has 2 frames, and no PNG.*Convert it to NIfTI"):
        write_mask(tmp_path / "mask.png", np.zeros((3, 4, 2), int), frames)


def test_maps(tmp_path):
    source = save_nifti(tmp_path / "image.nii.gz", np.zeros((3, 4, 5)), OBLIQUE)
    probabilities = torch.linspace(0, 1, 60).reshape(3, 4, 5)
    write_map(tmp_path / "map.nii.gz", probabilities, source)
    check_geometry(tmp_path / "map.nii.gz", source)
    assert nib.load(tmp_path / "map.nii.gz").get_data_dtype() == np.uint8
    read = read_image(tmp_path / "map.nii.gz", windows=("raw",))[0]
    np.testing.assert_allclose(read, probabilities, atol=1 / 510 + 1e-6)
    assert (read.min(), read.max()) == (0, 1)


@pytest.mark.parametrize("values", [[0.5, 1.1], [-0.1, 0.5], [0.5, np.nan]])
def test_maps_of_no_probabilities(tmp_path, values):
    Image.fromarray(np.zeros((1, 2), np.uint8)).save(tmp_path / "image.png")
    with pytest.raises(ValueError, match=r"Probabilities are in \[0, 1\]"):
        write_map(tmp_path / "map.png", np.array([values]), tmp_path / "image.png")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((3, 2, 4), int), r"image\.nii has the shape \(2, 3, 4\), but .* have \(3, 2, 4\)"),
        (np.zeros((1, 1, 2, 3, 4), int), "have"),
        (np.zeros((2, 3, 4)), "whole numbers .* got float64"),
        (np.full((2, 3, 4), -1), "from -1 to -1"),
        (np.full((2, 3, 4), 1 << 40), "to 2147483647, got int64"),
    ],
)
def test_what_is_no_mask_of_the_image(tmp_path, values, message):
    source = save_nifti(tmp_path / "image.nii", np.zeros((2, 3, 4), np.uint8), OBLIQUE)
    with pytest.raises(ValueError, match=message):
        write_mask(tmp_path / "mask.nii.gz", values, source)
    assert [path.name for path in tmp_path.iterdir()] == ["image.nii"]


def test_other_shapes_and_suffixes_of_pictures(tmp_path):
    Image.fromarray(np.zeros((2, 3), np.uint8)).save(tmp_path / "image.png")
    with pytest.raises(ValueError, match=r"has the shape \(2, 3\), but"):
        write_mask(tmp_path / "mask.png", np.zeros((3, 2), int), tmp_path / "image.png")
    with pytest.raises(ValueError, match=r"ends in \.png, got .*mask\.nii"):
        write_mask(tmp_path / "mask.nii.gz", np.zeros((2, 3), int), tmp_path / "image.png")
    with pytest.raises(ValueError, match="from 0 to 65535"):
        write_mask(tmp_path / "mask.png", np.full((2, 3), 65536), tmp_path / "image.png")


@pytest.mark.parametrize("name", ["image.nii.gz", "image.png"])
def test_what_cannot_be_written_leaves_the_old_file(tmp_path, name, monkeypatch):
    if name == "image.png":
        Image.fromarray(np.zeros((2, 3), np.uint8)).save(tmp_path / name)
    else:
        save_nifti(tmp_path / name, np.zeros((2, 3, 4), np.uint8), OBLIQUE)
    shape = read_image(tmp_path / name).shape[1:]
    written = tmp_path / "out" / f"mask{mask_suffix(tmp_path / name)}"
    write_mask(written, np.ones(shape, int), tmp_path / name)
    before = written.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"mask\.[a-z.]+: this file cannot be written \(No space left on device\)"):
        write_mask(written, np.zeros(shape, int), tmp_path / name)
    assert written.read_bytes() == before
    assert list(written.parent.iterdir()) == [written]


def test_a_folder_that_cannot_be_written(tmp_path):
    Image.fromarray(np.zeros((2, 3), np.uint8)).save(tmp_path / "image.png")
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match=r"out: this folder cannot be written .*Choose another folder"):
        write_mask(tmp_path / "out" / "mask.png", np.zeros((2, 3), int), tmp_path / "image.png")


def test_images_that_are_not_there(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        mask_suffix(tmp_path / "none.nii.gz")


def test_real_volumes(real_images, tmp_path):
    paths = sorted((real_images / "hippocampus" / "labelsTr").glob("[!.]*.nii.gz"))[:10]
    assert paths
    for path in paths:
        write_mask(tmp_path / "mask.nii.gz", read_mask(path), path)
        np.testing.assert_array_equal(nib.load(tmp_path / "mask.nii.gz").affine, nib.load(path).affine)
        np.testing.assert_array_equal(nib.load(tmp_path / "mask.nii.gz").dataobj, nib.load(path).dataobj)
        assert voxel_sizes(nib.load(tmp_path / "mask.nii.gz").affine).min() > 0
