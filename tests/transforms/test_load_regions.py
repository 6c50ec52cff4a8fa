"""Masks to regions, which may overlap."""

import nibabel
import numpy as np
import pytest
import torch
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.transforms import LoadRegionsd

TUMOR = {"whole tumor": [1, 2, 4], "tumor core": [1, 4], "enhancing tumor": [4]}


def test_overlapping_regions(tmp_path):
    values = np.array([[0, 1, 2], [4, 0, 2]], dtype=np.uint8)
    Image.fromarray(values).save(tmp_path / "mask.png")
    item = {"image": "image.png", "label": str(tmp_path / "mask.png")}
    regions = LoadRegionsd("label", TUMOR)(item)["label"]
    assert regions.dtype == torch.float32
    assert regions.int().tolist() == [[[0, 1, 1], [1, 0, 1]], [[0, 1, 0], [1, 0, 0]], [[0, 0, 0], [1, 0, 0]]]
    assert item["label"] == str(tmp_path / "mask.png")


def test_volume_in_the_orientation_of_its_image(tmp_path):
    """The first axis goes to the left in the file, and to the right as read."""
    values = np.zeros((2, 3, 4), dtype=np.int16)
    values[0, 1, 2] = 1
    nibabel.save(nibabel.Nifti1Image(values, np.diag([-1.0, 1.0, 1.0, 1.0])), tmp_path / "mask.nii.gz")
    regions = LoadRegionsd("label", {"lesion": [1]})({"label": tmp_path / "mask.nii.gz"})["label"]
    assert regions.shape == (1, 2, 3, 4)
    assert regions.nonzero().tolist() == [[0, 1, 1, 2]]


def test_value_of_no_region(tmp_path):
    Image.fromarray(np.array([[0, 3], [255, 4]], dtype=np.uint8)).save(tmp_path / "mask.png")
    with pytest.raises(InputError, match=r"mask\.png: this mask has the values \[3, 255\], which are of no region"):
        LoadRegionsd("label", TUMOR)({"label": str(tmp_path / "mask.png")})


def test_label_that_is_no_path():
    with pytest.raises(InputError, match=r"label is 1, not the path of a mask\. Give a data list of segmentation"):
        LoadRegionsd("label", TUMOR)({"label": 1})


def test_unlabeled_images_and_no_regions():
    assert LoadRegionsd("label", TUMOR, allow_missing_keys=True)({"image": 1}) == {"image": 1}
    with pytest.raises(InputError, match="names no regions"):
        LoadRegionsd("label", {})
