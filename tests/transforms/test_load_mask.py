"""Masks to targets, on the grids of their images, and back to values and regions."""

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import Compose, EnsureTyped, Resized
from PIL import Image

from monai_ssl.data import ImageDataset
from monai_ssl.errors import InputError
from monai_ssl.transforms import CropToNonzerod, DecodeMaskd, LoadMaskd, LoadRadiologyImaged, RegionsOfd

TUMOR = {"whole tumor": [1, 2, 4], "tumor core": [1, 4], "enhancing tumor": [4]}
VALUES = np.array([[0, 1, 2], [4, 0, 2]], dtype=np.uint8)
INDICES = [[[0, 1, 2], [3, 0, 2]]]
REGIONS = [[[0, 1, 1], [1, 0, 1]], [[0, 1, 0], [1, 0, 0]], [[0, 0, 0], [1, 0, 0]]]
AFFINE = np.array([[-1.2, 0.3, 0, 10], [0.3, 1.2, 0, -7], [0, 0, 2.5, 1], [0, 0, 0, 1]])


def save_nifti(path, values, affine=AFFINE):
    nib.save(nib.Nifti1Image(values, affine), path)
    return str(path)


@pytest.fixture
def picture(tmp_path):
    Image.fromarray(VALUES).save(tmp_path / "mask.png")
    Image.fromarray(VALUES * 60).save(tmp_path / "image.png")
    return {"image": str(tmp_path / "image.png"), "label": str(tmp_path / "mask.png")}


@pytest.fixture
def volume(tmp_path):
    """An image and two masks, in axes of the file that are not those as read."""
    generator = np.random.default_rng(0)
    image = generator.normal(size=(5, 6, 7)).astype(np.float32)
    image[:2] = 0
    entry = {"image": save_nifti(tmp_path / "image.nii.gz", image)}
    for key in ("label", "pseudo_label"):
        entry[key] = save_nifti(
            tmp_path / f"{key}.nii.gz", generator.choice([0, 1, 2, 4], image.shape).astype(np.uint8)
        )
    return entry


@pytest.mark.parametrize(("form", "expected"), [("classes", INDICES), ("regions", REGIONS)])
def test_targets(picture, form, expected):
    before = dict(picture)
    target = LoadMaskd("label", TUMOR, form)(picture)["label"]
    assert type(target) is torch.Tensor
    assert target.dtype == torch.float32
    assert target.tolist() == expected
    assert picture == before


def test_volume_in_the_orientation_of_its_image(tmp_path):
    """The first axis goes to the left in the file, and to the right as read."""
    values = np.zeros((2, 3, 4), dtype=np.int16)
    values[0, 1, 2] = 1
    path = save_nifti(tmp_path / "mask.nii.gz", values, np.diag([-1.0, 1.0, 1.0, 1.0]))
    target = LoadMaskd("label", {"lesion": [1]})({"label": path})["label"]
    assert target.shape == (1, 2, 3, 4)
    assert target.nonzero().tolist() == [[0, 1, 1, 2]]


@pytest.mark.parametrize("track_meta", [False, True])
def test_with_its_image(volume, track_meta):
    """The target is a tensor of the image's type."""
    load = LoadRadiologyImaged("image", windows="raw", track_meta=track_meta)
    item = Compose([load, LoadMaskd(["label", "pseudo_label"], TUMOR)])(volume)
    assert type(item["label"]) is (MetaTensor if track_meta else torch.Tensor)
    assert item["label"].shape == item["pseudo_label"].shape == item["image"].shape == (1, 5, 6, 7)
    if track_meta:
        assert torch.equal(item["label"].affine, item["image"].affine)
        assert item["label"].affine is not item["image"].affine
        assert item["label"].meta["filename_or_obj"] == volume["label"]
        assert item["image"].meta["filename_or_obj"] == volume["image"]


@pytest.mark.parametrize("track_meta", [False, True])
@pytest.mark.parametrize("form", ["classes", "regions"])
def test_a_cache_on_disk_gives_the_same(volume, tmp_path, track_meta, form):
    keys = ["image", "label", "pseudo_label"]
    transform = Compose(
        [
            LoadRadiologyImaged("image", windows="raw", track_meta=track_meta),
            LoadMaskd(keys[1:], TUMOR, form, allow_missing_keys=True),
            CropToNonzerod(keys, margin=1, allow_missing_keys=True),
            Resized(keys, (4, 4, 4), mode=["area", "nearest", "nearest"], allow_missing_keys=True),
            EnsureTyped(keys, dtype=torch.float32, track_meta=False, allow_missing_keys=True),
        ]
    )
    entries = [volume, *({key: volume[key] for key in names} for names in (["image"], ["image", "pseudo_label"]))]
    memory = ImageDataset(entries, transform, progress=False)
    disk = ImageDataset(entries, transform, progress=False, cache_dir=tmp_path / "cache")
    for _ in range(2):
        for first, second, entry in zip(memory, disk, entries, strict=True):
            assert first.keys() == second.keys() == entry.keys()
            for key, value in first.items():
                assert type(value) is type(second[key]) is torch.Tensor
                assert torch.equal(value, second[key])
    assert len([path for path in (tmp_path / "cache").rglob("*") if path.is_file()]) == 3


def test_label_beside_a_pseudo_label_that_is_a_class():
    """As in classification: what is no path is left to the other transforms."""
    assert LoadMaskd("label", TUMOR, allow_missing_keys=True)({"image": 1, "pseudo_label": 2}) == {
        "image": 1,
        "pseudo_label": 2,
    }


def refuse(entry, message, track_meta=True):
    load = LoadRadiologyImaged("image", windows="raw", track_meta=track_meta)
    with pytest.raises(InputError, match=message):
        LoadMaskd("label", TUMOR)(load(entry))


@pytest.mark.parametrize("track_meta", [False, True])
def test_a_mask_of_another_shape(volume, tmp_path, track_meta):
    path = save_nifti(tmp_path / "other.nii.gz", np.zeros((6, 5, 7), np.uint8))
    named = r"\S*image\.nii\.gz" if track_meta else "its image"
    message = rf"other\.nii\.gz: this mask has shape \(6, 5, 7\), but {named} has \(5, 6, 7\)\. Resample"
    refuse(volume | {"label": path}, message, track_meta)


@pytest.mark.parametrize(
    ("row", "column", "change"), [(0, 3, 0.1), (2, 3, -0.07), (0, 0, 0.002), (1, 2, 0.002), (2, 2, -5.0)]
)
def test_a_mask_of_another_affine(volume, tmp_path, row, column, change):
    affine = AFFINE.copy()
    affine[row, column] += change
    path = save_nifti(tmp_path / "other.nii.gz", np.zeros((5, 6, 7), np.uint8), affine)
    message = r"other\.nii\.gz: the affine of this mask differs from that of \S*image\.nii\.gz by up to [\d.]+ mm\. Res"
    refuse(volume | {"label": path}, message)


def test_the_rounding_of_headers_is_no_difference(volume, tmp_path):
    affine = AFFINE.copy()
    affine[:3, :3] += 0.0005
    affine[:3, 3] += 0.04
    path = save_nifti(tmp_path / "other.nii.gz", np.zeros((5, 6, 7), np.uint8), affine)
    load = LoadRadiologyImaged("image", windows="raw", track_meta=True)
    item = LoadMaskd("label", TUMOR)(load(volume | {"label": path}))
    assert torch.equal(item["label"].affine, item["image"].affine)


def test_a_picture_as_the_mask_of_nifti(tmp_path):
    """Their axes run differently, which a square image would hide."""
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "mask.png")
    entry = {"image": save_nifti(tmp_path / "image.nii.gz", np.ones((4, 4))), "label": str(tmp_path / "mask.png")}
    refuse(entry, r"mask\.png: either this mask or \S*image\.nii\.gz is NIfTI")


@pytest.mark.parametrize("name", ["mask.png", "mask.nii.gz"])
def test_values_of_no_region(tmp_path, name):
    values = np.array([[0, 3], [255, 4]], dtype=np.uint8)
    if name == "mask.png":
        Image.fromarray(values).save(tmp_path / name)
    else:
        save_nifti(tmp_path / name, values)
    message = rf"{name}: the mask has values of no region \(3, 255\), where 0, 1, 2, 4 are known\. Mend it, or name"
    with pytest.raises(InputError, match=message):
        LoadMaskd("label", TUMOR)({"label": str(tmp_path / name)})


def test_an_empty_mask(tmp_path):
    path = save_nifti(tmp_path / "mask.nii.gz", np.zeros((3, 4, 5), np.uint8))
    for form, channels in (("classes", 1), ("regions", 3)):
        target = LoadMaskd("label", TUMOR, form)({"label": path})["label"]
        assert torch.equal(target, torch.zeros(channels, 3, 4, 5))


def test_label_that_is_no_path():
    with pytest.raises(InputError, match=r"label is 1, not the path of a mask\. Give a data list of segmentation"):
        LoadMaskd("label", TUMOR)({"label": 1})


def test_unlabeled_images_and_no_regions():
    assert LoadMaskd("label", TUMOR, allow_missing_keys=True)({"image": 1}) == {"image": 1}
    with pytest.raises(KeyError):
        LoadMaskd("label", TUMOR)({"image": 1})
    with pytest.raises(InputError, match="names no regions"):
        LoadMaskd("label", {})


def one_hot(indices):
    return torch.nn.functional.one_hot(torch.tensor(indices[0]), 4).permute(2, 0, 1).float()


@pytest.mark.parametrize(("form", "probabilities"), [("classes", one_hot(INDICES)), ("regions", torch.tensor(REGIONS))])
@pytest.mark.parametrize("tracked", [False, True])
def test_decoding(form, probabilities, tracked):
    item = {"pred": probabilities.float(), "other": 1}
    if tracked:
        item["pred"] = MetaTensor(item["pred"], affine=torch.diag(torch.tensor([2.0, 3, 1])), meta={"name": "a"})
    decoded = DecodeMaskd("pred", TUMOR, form)(item)
    assert decoded["pred"].dtype == torch.int32
    assert decoded["pred"].tolist() == [VALUES.tolist()]
    assert decoded["other"] == 1
    for source, given in (("probabilities", item), ("values", decoded)):
        regions = RegionsOfd("pred", TUMOR, form, source)(given)["pred"]
        assert regions.dtype == torch.float32
        assert regions.tolist() == REGIONS
        assert type(regions) is type(decoded["pred"]) is (MetaTensor if tracked else torch.Tensor)
        if tracked:
            assert regions.affine.tolist() == decoded["pred"].affine.tolist() == item["pred"].affine.tolist()
            assert regions.meta["name"] == "a"


@pytest.mark.parametrize("form", ["classes", "regions"])
def test_regions_of_a_target(picture, form):
    item = LoadMaskd("label", TUMOR, form)(picture)
    assert RegionsOfd("label", TUMOR, form, "label")(item)["label"].tolist() == REGIONS


def test_bad_arguments():
    with pytest.raises(ValueError, match="`source` must be one of probabilities, values, label, got 'mask'"):
        RegionsOfd("pred", TUMOR, "classes", "mask")
    for transform in (DecodeMaskd, RegionsOfd):
        with pytest.raises(InputError, match="names no regions"):
            transform("pred", {})
        assert transform("pred", TUMOR, allow_missing_keys=True)({"image": 1}) == {"image": 1}
