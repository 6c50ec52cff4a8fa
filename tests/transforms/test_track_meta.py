"""Images that know where they are: MONAI's spatial transforms, and their inverses, work on them."""

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import (
    Compose,
    CropForegroundd,
    DivisiblePadd,
    Invertd,
    LoadImage,
    Orientation,
    Resized,
    Spacingd,
    SpatialPadd,
)
from nibabel.affines import from_matvec, voxel_sizes
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.readers import read_image
from monai_ssl.readers.nifti import NiftiFile
from monai_ssl.transforms import CropToNonzerod, LoadRadiologyImage, LoadRadiologyImaged, is_nonzero, load
from tests.transforms.conftest import write_dicom

__all__ = ["write_dicom"]

TILTED = np.linalg.qr(np.array([[0.82, -0.54, 0.19], [0.57, 0.77, -0.28], [0.01, 0.34, 0.94]]))[0]
AFFINES = {
    "plain": np.diag([1.0, 1.0, 1.0, 1.0]),
    "flipped": from_matvec(np.array([[0, 0, -1.5], [-1.2, 0, 0], [0, 1.0, 0]]), [30, 20, -10]),
    "oblique": from_matvec(TILTED * [1.0, 1.2, 1.7], [31.3, -5.7, 80.9]),
}
SPHERE = ("image", "sphere")


@pytest.fixture(params=list(AFFINES))
def sphere(request, tmp_path):
    """A bright ball of 9 mm inside a head of 13 mm, with a background of 0, in the voxels of a file."""
    affine, shape = AFFINES[request.param], (30, 32, 34)
    grid = np.moveaxis(np.indices(shape), 0, -1) @ affine[:3, :3].T
    center = (np.array([14.0, 17.0, 16.0])) @ affine[:3, :3].T
    distance = np.linalg.norm(grid - center, axis=-1)
    values = np.where(distance < 9, 3.0, np.where(distance < 13, -1.0, 0.0)).astype(np.float32)
    nib.save(nib.Nifti1Image(values, affine), tmp_path / "sphere.nii.gz")
    return tmp_path / "sphere.nii.gz"


def invert(transforms, path):
    """What a network that finds the ball predicts, on the grid of the file as it is read."""
    preprocess = Compose([LoadRadiologyImaged("image", windows="raw", track_meta=True), *transforms])
    item = preprocess({"image": str(path)})
    item["pred"] = (item["image"] > 1.5).float()
    return Invertd("pred", preprocess, "image", nearest_interp=False)(item)["pred"]


@pytest.mark.parametrize(
    "transforms",
    [
        [CropToNonzerod("image")],
        [CropToNonzerod("image", margin=[0, 2, 40])],
        [CropForegroundd("image", "image", select_fn=is_nonzero, margin=2)],
        [SpatialPadd("image", (48, 48, 48)), CropToNonzerod("image"), DivisiblePadd("image", 16)],
    ],
)
def test_crops_and_pads_are_undone_exactly(sphere, transforms):
    inverted = invert(transforms, sphere)
    image = read_image(sphere, windows=("raw",))
    assert isinstance(inverted, MetaTensor)
    np.testing.assert_allclose(inverted.affine, NiftiFile(sphere).affine, atol=1e-6)
    np.testing.assert_array_equal(inverted, image > 1.5)


@pytest.mark.parametrize(
    "transforms",
    [
        [Spacingd("image", (1.3, 1.1, 0.9))],
        [Spacingd("image", (1.3, 1.1, 0.9)), CropToNonzerod("image"), SpatialPadd("image", (40, 40, 40))],
        [Resized("image", (25, 40, 33), mode="trilinear")],
    ],
)
def test_resampling_is_undone_to_the_grid(sphere, transforms):
    inverted = invert(transforms, sphere)[0].numpy()
    truth = read_image(sphere, windows=("raw",))[0] > 1.5
    assert inverted.shape == truth.shape
    found = inverted > 0.5
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.95
    centers = [np.argwhere(mask).mean(axis=0) for mask in (found, truth)]
    np.testing.assert_allclose(*centers, atol=0.1)


@pytest.mark.parametrize("name", list(AFFINES))
def test_grid_and_values_are_those_of_monai(tmp_path, name):
    values = np.random.default_rng(0).normal(size=(4, 5, 6)).astype(np.float32)
    nib.save(nib.Nifti1Image(values, AFFINES[name]), tmp_path / "image.nii.gz")
    image = LoadRadiologyImage(windows="raw", track_meta=True)(tmp_path / "image.nii.gz")
    expected = Orientation("RAS")(LoadImage(ensure_channel_first=True)(tmp_path / "image.nii.gz"))
    np.testing.assert_array_equal(image, expected)
    np.testing.assert_allclose(image.affine, expected.affine, atol=1e-5)
    assert image.affine.dtype == torch.float64
    assert image.meta["filename_or_obj"] == str(tmp_path / "image.nii.gz")


def test_the_image_is_not_copied(tmp_path, monkeypatch):
    values = np.ones((1, 4, 5), np.float32)
    Image.new("L", (5, 4)).save(tmp_path / "image.png")
    monkeypatch.setattr(load, "read_image", lambda *_: values)
    image = LoadRadiologyImage(track_meta=True)(tmp_path / "image.png")
    assert image.data_ptr() == values.ctypes.data


@pytest.mark.parametrize("name", ["image.png", "image.jpg"])
def test_pictures_have_pixels_as_units(tmp_path, name):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 13), dtype=np.uint8)).save(tmp_path / name)
    image = LoadRadiologyImage(track_meta=True)(tmp_path / name)
    assert image.affine.tolist() == np.eye(3).tolist()
    preprocess = Compose([LoadRadiologyImaged("image", track_meta=True), Resized("image", (16, 16))])
    item = preprocess({"image": tmp_path / name})
    item["pred"] = torch.zeros_like(item["image"])
    assert Invertd("pred", preprocess, "image")(item)["pred"].shape == (1, 9, 13)


def test_dicom_has_pixels_as_units(write_dicom):
    tags = {"Modality": "OT", "PixelSpacing": [0.5, 0.7]}
    image = LoadRadiologyImage(track_meta=True)(write_dicom(np.zeros((3, 4), np.uint8), **tags))
    assert image.affine.tolist() == np.eye(3).tolist()
    volume = write_dicom(np.zeros((6, 4), np.uint8), name="two.dcm", Rows=3, NumberOfFrames=2, **tags)
    assert LoadRadiologyImage(track_meta=True)(volume).affine.tolist() == np.eye(4).tolist()


@pytest.mark.parametrize("name", list(AFFINES))
@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
@pytest.mark.parametrize("shape", [(12, 15), (12, 15, 1)])
def test_slices_keep_their_spacing(tmp_path, name, axes, shape):
    affine = AFFINES[name].copy()
    affine[:, :3] = affine[:, axes]
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    nib.save(nib.Nifti1Image(values, affine), tmp_path / "image.nii.gz")
    file = NiftiFile(tmp_path / "image.nii.gz")
    image = LoadRadiologyImage(windows="raw", track_meta=True)(tmp_path / "image.nii.gz")
    kept = [axis for axis in range(3) if axis != file.slice_axis]
    assert image.affine.shape == (3, 3)
    np.testing.assert_allclose(image.pixdim, voxel_sizes(file.affine)[kept], rtol=1e-6)
    # Distances between pixels are those in space.
    steps, plane = file.affine[:3, kept], image.affine[:2, :2].numpy()
    np.testing.assert_allclose(plane.T @ plane, steps.T @ steps, atol=1e-6)
    preprocess = Compose(
        [
            LoadRadiologyImaged("image", windows="raw", track_meta=True),
            Spacingd("image", (0.8, 0.9)),
            CropToNonzerod("image"),
            SpatialPadd("image", (32, 32)),
        ]
    )
    item = preprocess({"image": tmp_path / "image.nii.gz"})
    item["pred"] = item["image"]
    inverted = Invertd("pred", preprocess, "image", nearest_interp=False)(item)["pred"]
    assert inverted.shape == image.shape
    assert np.corrcoef(inverted.flatten(), image.flatten())[0, 1] > 0.8


def test_a_slice_knows_its_place_in_its_plane(tmp_path):
    affine = from_matvec(np.diag([2.0, 3.0, 4.0]), [5.0, 6.0, 7.0])
    nib.save(nib.Nifti1Image(np.zeros((4, 5)), affine), tmp_path / "image.nii.gz")
    image = LoadRadiologyImage(windows="raw", track_meta=True)(tmp_path / "image.nii.gz")
    np.testing.assert_allclose(image.affine, [[2, 0, 5], [0, 3, 6], [0, 0, 1]], atol=1e-6)


@pytest.mark.parametrize("named", [{}, {"source": "/a/b.png"}])
@pytest.mark.parametrize("tracked", [False, True])
def test_an_image_that_is_0_everywhere(tmp_path, named, tracked):
    nib.save(nib.Nifti1Image(np.zeros((4, 5, 6)), np.eye(4)), tmp_path / "image.nii.gz")
    item = LoadRadiologyImaged("image", track_meta=tracked)({"image": tmp_path / "image.nii.gz", **named})
    name = r"\S*image\.nii\.gz" if tracked else "/a/b.png" if named else "image"
    with pytest.raises(InputError, match=rf"^{name}: this image is 0 everywhere, .*Take it out"):
        CropToNonzerod("image")(item)


def test_crops_of_negative_values_and_masks():
    image = torch.zeros(2, 5, 6)
    image[1, 1, 2], image[0, 3, 4] = -1.0, 2.0
    mask = torch.arange(30.0).reshape(1, 5, 6)
    for crop in (
        CropToNonzerod(["image", "label"]),
        CropToNonzerod(["image", "label", "none"], allow_missing_keys=True),
    ):
        cropped = crop({"image": image, "label": mask})
        assert cropped.keys() == {"image", "label"}
        assert torch.equal(torch.as_tensor(cropped["image"]), image[:, 1:4, 2:5])
        assert torch.equal(torch.as_tensor(cropped["label"]), mask[:, 1:4, 2:5])
    # A margin goes no further than the image.
    assert CropToNonzerod("image", margin=[2, 1])({"image": image})["image"].shape == (2, 5, 5)
    with pytest.raises(ValueError, match="`margin` must not be negative, got -1"):
        CropToNonzerod("image", margin=-1)


def test_is_nonzero():
    values = np.array([-1.0, 0.0, 2.0])
    assert is_nonzero(values).tolist() == is_nonzero(torch.from_numpy(values)).tolist() == [True, False, True]
