import logging

import nibabel as nib
import numpy as np
import pytest
import torch
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.readers.mask_size import check_other_size, fit_mask


@pytest.fixture
def picture(tmp_path):
    Image.fromarray(np.zeros((2, 2), dtype=np.uint8)).save(tmp_path / "mask.png")
    return tmp_path / "mask.png"


@pytest.mark.parametrize(("shape", "new"), [((4, 6), (8, 12)), ((50, 71), (30, 43)), ((3, 4, 5), (6, 8, 10))])
def test_it_is_the_nearest_neighbor_of_torch(shape, new, picture, caplog):
    mask = np.random.default_rng(0).integers(0, 9, shape).astype(np.int32)
    with caplog.at_level(logging.WARNING):
        found = fit_mask(mask, new, picture, "image.png", "resample")
    expected = torch.nn.functional.interpolate(torch.from_numpy(mask)[None, None].float(), new, mode="nearest-exact")
    np.testing.assert_array_equal(found, expected[0, 0].numpy())
    assert f"mask.png: this mask has shape {shape}, but image.png has {new}. It is resampled" in caplog.text


def test_a_mask_that_fits_is_left_alone(caplog):
    mask = np.ones((3, 4), dtype=np.int32)
    assert fit_mask(mask, (3, 4), "mask.png", "image.png", "refuse") is mask
    assert not caplog.records


def test_refused(picture, tmp_path):
    mask = np.ones((3, 4), dtype=np.int32)
    volume = tmp_path / "mask.nii.gz"
    nib.save(nib.Nifti1Image(np.zeros((2, 2, 1)), np.eye(4)), volume)
    with pytest.raises(InputError, match=r"mask.png: this mask has shape \(3, 4\), but a.png has \(6, 8\).*resample"):
        fit_mask(mask, (6, 8), picture, "a.png", "refuse")
    # NIfTI says where it lies; other proportions are those of a mask that was cropped or turned.
    for path, shape in ((volume, (6, 8)), (picture, (3, 4, 5)), (picture, (4, 3)), (picture, (6, 9))):
        with pytest.raises(InputError, match=r"Resample the mask to the grid of its image.$"):
            fit_mask(mask, shape, path, "a", "resample")


def test_another_option():
    check_other_size("refuse")
    with pytest.raises(InputError, match=r"is 'crop'. Give one of refuse, resample"):
        check_other_size("crop")


def test_a_mask_is_resampled_while_it_is_loaded(tmp_path, caplog):
    from monai_ssl.transforms import LoadMaskd, LoadRadiologyImaged

    Image.fromarray(np.zeros((6, 4), dtype=np.uint8)).save(tmp_path / "image.png")
    Image.fromarray(np.array([[0, 255], [255, 0], [0, 0]], dtype=np.uint8)).save(tmp_path / "mask.png")
    item = {"image": str(tmp_path / "image.png"), "mask": str(tmp_path / "mask.png")}
    item = LoadRadiologyImaged("image", windows=["raw"], track_meta=True)(item)
    with pytest.raises(InputError, match="--mask_of_other_size resample"):
        LoadMaskd("mask", {"lung": [255]}, "regions")(item)
    mask = LoadMaskd("mask", {"lung": [255]}, "regions", other_size="resample")(item)["mask"]
    assert mask[0].tolist() == [[0, 0, 1, 1]] * 2 + [[1, 1, 0, 0]] * 2 + [[0, 0, 0, 0]] * 2
    assert "It is resampled" in caplog.text
    with pytest.raises(InputError, match="'crop'"):
        LoadMaskd("mask", {"lung": [255]}, other_size="crop")
