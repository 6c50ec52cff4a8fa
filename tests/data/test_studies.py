"""The images of a folder that are to be predicted."""

import logging

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from monai_ssl.data import DataList, list_studies
from monai_ssl.errors import InputError
from monai_ssl.readers import read_image

MODALITIES = ("flair", "t1", "t1ce", "t2")


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def brats(folder, *subjects):
    for subject in subjects:
        touch(folder, *(f"{subject}/{subject.split('/')[-1]}_{part}.nii.gz" for part in (*MODALITIES, "seg")))


def files(folder, subject):
    return [str(folder / subject / f"{subject.split('/')[-1]}_{part}.nii.gz") for part in MODALITIES]


def test_each_file_is_an_image(tmp_path):
    touch(tmp_path, "b.png", "a/2.nii.gz", "a/notes.txt")
    expected = [{"image": str(tmp_path / name), "name": name} for name in ("a/2.nii.gz", "b.png")]
    for channels, modalities in ((1, ()), (1, ["t1"]), (3, ()), (4, MODALITIES)):
        assert list_studies(tmp_path, channels, modalities) == expected
    assert list_studies(str(tmp_path), 1) == expected


def test_studies_of_several_files(tmp_path):
    brats(tmp_path, "B2", "site/B1")
    expected = [{"image": files(tmp_path, name), "name": name} for name in ("B2", "site/B1")]
    assert list_studies(tmp_path, 4, MODALITIES) == expected
    turned = list_studies(tmp_path, 4, MODALITIES[::-1])
    assert [study["image"] for study in turned] == [study["image"][::-1] for study in expected]


def test_the_folder_of_one_study(tmp_path, monkeypatch):
    brats(tmp_path, "B1")
    expected = [{"image": files(tmp_path, "B1"), "name": "B1"}]
    assert list_studies(tmp_path / "B1", 4, MODALITIES) == expected
    monkeypatch.chdir(tmp_path / "B1")
    assert [study["name"] for study in list_studies(".", 4, MODALITIES)] == ["B1"]


@pytest.mark.parametrize(
    "name", ["x_T1.nii.gz", "t1_x.nii", "a-t1-b.nii.gz", "a.t1.nii", "T1.nii.gz", "t1ce_t1_0000.png"]
)
def test_names_of_a_modality(tmp_path, name):
    touch(tmp_path, f"case/{name}", "case/a_T2.nii.gz", "case/other.nii.gz", "case/xt1.nii", "case/t12.nii")
    study = {"image": [str(tmp_path / "case" / name), str(tmp_path / "case/a_T2.nii.gz")], "name": "case"}
    assert list_studies(tmp_path, 2, ["t1", "t2"]) == [study]


def test_what_is_missing_or_double(tmp_path):
    brats(tmp_path, "B1", "B2")
    (tmp_path / "B2/B2_t1.nii.gz").unlink()
    (tmp_path / "B2/B2_t2.nii.gz").unlink()
    with pytest.raises(
        InputError, match=r"B2: no file is of t1, t2\. Put it there, named such as B2_t1\.nii\.gz, .*--modalities"
    ):
        list_studies(tmp_path, 4, MODALITIES)
    touch(tmp_path, "B1/B1_flair.nii")
    with pytest.raises(
        InputError, match=r"B1: 2 files are of flair: B1_flair\.nii, B1_flair\.nii\.gz\. Give each study"
    ):
        list_studies(tmp_path, 4, MODALITIES)


def test_folders_without_a_modality_are_told(tmp_path, caplog):
    brats(tmp_path, "B1")
    touch(tmp_path, "reports/1.png", "B3/B3-flare.nii.gz")
    with caplog.at_level(logging.WARNING, logger="monai_ssl"):
        assert [study["name"] for study in list_studies(tmp_path, 4, MODALITIES)] == ["B1"]
    assert "2 folders with images have no file of any modality, and are left out: B3, reports." in caplog.text


def test_bad_arguments(tmp_path):
    with pytest.raises(InputError, match="modalities are flair, t1, t1ce, t2, but an image has 3 channels"):
        list_studies(tmp_path, 3, MODALITIES)
    with pytest.raises(InputError, match="there is no such folder"):
        list_studies(tmp_path / "none", 1)
    with pytest.raises(InputError, match="holds no DICOM, PNG, JPEG or NIfTI file"):
        list_studies(tmp_path, 4, MODALITIES)


def make_list(folder, paths, channels):
    entries = [{"image": image, "patient": f"p{index}"} for index, image in enumerate(paths)]
    labeled = [entry | {"label": 0} for entry in entries]
    DataList(
        task="multiclass",
        labels=("a",),
        modality="MR",
        channels=channels,
        spatial_dims=2,
        labeled=labeled[:1],
        unlabeled=entries[1:2],
        validation=labeled[2:3],
        test=labeled[3:],
    ).save(folder)


@pytest.mark.parametrize("inside", [True, False])
def test_a_folder_with_a_data_list(tmp_path, inside, monkeypatch):
    """All its lists; where it has images elsewhere, their names are within the folder that holds them."""
    images = tmp_path / "list" / "images" if inside else tmp_path / "images"
    names = ["b/1.png", "a/2.png", "a/3.png", "4.png"]
    touch(images, *names)
    make_list(tmp_path / "list", [str(images / name) for name in names], 1)
    below = "images/" if inside else ""
    expected = [{"image": str(images / name), "name": below + name} for name in sorted(names)]
    assert list_studies(tmp_path / "list", 1) == expected
    monkeypatch.chdir(tmp_path)
    assert list_studies("images/../list" if not inside else "list/../list", 1) == expected


def test_a_data_list_of_several_files(tmp_path):
    brats(tmp_path, "B1", "B2", "B3", "B4")
    make_list(tmp_path, [files(tmp_path, f"B{index}") for index in range(1, 5)], 4)
    expected = [{"image": files(tmp_path, f"B{n}"), "name": f"B{n}/B{n}_flair.nii.gz"} for n in range(1, 5)]
    assert list_studies(tmp_path, 4, MODALITIES) == expected


def test_studies_can_be_read(tmp_path):
    for name in MODALITIES:
        (tmp_path / "case").mkdir(exist_ok=True)
        nib.save(
            nib.Nifti1Image(np.full((2, 3, 4), len(name), np.uint8), np.eye(4)), tmp_path / f"case/case_{name}.nii.gz"
        )
    Image.new("L", (2, 2)).save(tmp_path / "case/thumbnail.png")
    (study,) = list_studies(tmp_path, 4, MODALITIES)
    assert read_image(study["image"], 4, ("raw",))[:, 0, 0, 0].tolist() == [5, 2, 4, 2]


def test_real_studies(real_images):
    subjects = list_studies(real_images / "brats2015", 2, ["flair", "t1c"])
    assert [study["name"] for study in subjects] == [f"brats_2013_pat000{index}_1" for index in (3, 4, 5, 6)]
