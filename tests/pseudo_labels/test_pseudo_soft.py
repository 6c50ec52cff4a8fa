"""Soft pseudo-labels of masks: probabilities beside them, as a student reads them."""

import nibabel as nib
import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import Compose

from monai_ssl.data import ImageDataset
from monai_ssl.errors import InputError
from monai_ssl.transforms import LoadMaskd, LoadRadiologyImaged, LoadSoftMaskd
from monai_ssl.writers import write_probabilities
from tests.pseudo_labels.pseudo import (
    AFFINE,
    REGIONS,
    SHAPE,
    labels,
    make,
    nifti_entries,
    picture_entries,
    probabilities,
    teacher,
)


@pytest.fixture(params=["nifti", "picture", "slice"])
def entries(request, tmp_path):
    teacher(tmp_path)
    if request.param == "picture":
        return picture_entries(tmp_path / "images", ["a", "b"])
    entries = nifti_entries(tmp_path / "images", ["a", "b"])
    if request.param == "slice":
        # Sagittal: the axis that a slice lacks is the first of RAS.
        sagittal = np.array([[0, 0, 3.0, 0], [-1.0, 0, 0, 0], [0, -2.0, 0, 0], [0, 0, 0, 1]])
        for entry in entries:
            nib.save(nib.Nifti1Image(np.random.default_rng(0).random((5, 6)), sagittal), entry["image"])
    return entries


def shape_of(entry):
    return LoadRadiologyImaged("image")(entry)["image"].shape[1:]


@pytest.mark.parametrize("form", ["classes", "regions"])
def test_the_student_gets_the_probabilities(tmp_path, entries, form):
    channels = 4 if form == "classes" else 3
    said = {
        entry["image"]: probabilities(index, channels, shape_of(entry), softmax=form == "classes")
        for index, entry in enumerate(entries)
    }
    kept = labels(tmp_path, soft=True, form=form)
    make(kept, entries, said)
    pseudo, corrected = kept.entries(entries)
    assert corrected == []
    load = LoadSoftMaskd("pseudo_label", REGIONS, form)
    for entry in pseudo:
        target = load(LoadRadiologyImaged("image", track_meta=True)(entry))["pseudo_label"]
        assert isinstance(target, MetaTensor)
        assert target.dtype == torch.float32
        torch.testing.assert_close(target.as_tensor(), said[entry["image"]], atol=1 / 100, rtol=0)
        if form == "classes":
            torch.testing.assert_close(target.as_tensor().sum(0), torch.ones(target.shape[1:]))
        assert type(load({"pseudo_label": entry["pseudo_label"]})["pseudo_label"]) is torch.Tensor
        hard = entry["pseudo_label"].replace("_probabilities", "")
        if entry["image"].endswith(".nii.gz"):
            np.testing.assert_array_equal(nib.load(hard).affine, nib.load(entry["pseudo_label"]).affine)


def test_a_corrected_mask_goes_before_the_probabilities(tmp_path):
    teacher(tmp_path)
    entries = nifti_entries(tmp_path / "images", ["a", "b"])
    kept = labels(tmp_path, soft=True)
    make(kept, entries, {entry["image"]: probabilities(0) for entry in entries})
    mask = tmp_path / "pseudo/b.nii.gz"
    nib.save(nib.Nifti1Image(np.full(SHAPE, 4, dtype=np.uint8), AFFINE), mask)
    pseudo, corrected = kept.entries(entries)
    assert [entry["label"] for entry in corrected] == [str(mask)]
    assert (LoadMaskd("label", REGIONS)(corrected[0])["label"] == 3).all()
    (tmp_path / "pseudo/a_probabilities.nii.gz").unlink()
    with pytest.raises(InputError, match=r"a_probabilities\.nii\.gz: this file is missing"):
        kept.entries(entries)
    (tmp_path / "pseudo/a.nii.gz").unlink()
    assert len(make(kept, entries, {entries[0]["image"]: probabilities(0)})) == 1
    assert kept.entries(entries)[0] == pseudo


def test_memory_and_disk_give_the_same(tmp_path):
    teacher(tmp_path)
    entries = nifti_entries(tmp_path / "images", ["a", "b"])
    kept = labels(tmp_path, soft=True)
    make(kept, entries, {entry["image"]: probabilities(0) for entry in entries})

    transform = Compose([LoadRadiologyImaged("image"), LoadSoftMaskd("pseudo_label", REGIONS)])
    data, _ = kept.entries(entries)
    for _ in range(2):
        for own, item in zip(ImageDataset(data, transform, cache_dir=tmp_path / "cache"), data, strict=True):
            torch.testing.assert_close(own["pseudo_label"], transform(item)["pseudo_label"])


def test_errors_name_the_file(tmp_path):
    (entry,) = nifti_entries(tmp_path / "images", ["a"])
    path = str(tmp_path / "p.nii.gz")
    write_probabilities(path, probabilities(0), entry["image"])
    image = torch.zeros(1, *SHAPE)
    with pytest.raises(InputError, match=r"p\.nii\.gz: these probabilities have shape \(4, 5, 6, 4\)"):
        LoadSoftMaskd("pseudo_label", REGIONS, "regions")({"pseudo_label": path})
    with pytest.raises(InputError, match=r"\(4, 5, 6, 3\) is expected"):
        LoadSoftMaskd("pseudo_label", REGIONS)({"pseudo_label": path, "image": image[..., :3]})
    with pytest.raises(ValueError, match="shape"):
        write_probabilities(path, probabilities(0)[:, :4], entry["image"])
    assert LoadSoftMaskd("pseudo_label", REGIONS, allow_missing_keys=True)({"image": image}).keys() == {"image"}
