"""BraTS: the layouts of its years, modalities, regions and patients."""

import argparse
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from data_prep.datasets.brats import add_arguments, read
from data_prep.datasets.brats_layouts import patient_of
from data_prep.records import Rejects, Source
from monai_ssl.errors import InputError

MODALITIES = ("flair", "t1", "t1ce", "t2")


def touch(folder: Path, *names: str) -> None:
    """Files are found by their names only."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def scan(folder: str, subject: str, *parts: str, suffix: str = ".nii.gz") -> list[str]:
    return [f"{folder}{subject}/{subject}_{part}{suffix}" for part in parts]


def read_folder(folder: Path, *more: str, rejects: Rejects | None = None) -> Source:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = parser.parse_args(more)
    options.source, options.output, options.workers = folder, folder / "out", 1
    return read(options, rejects or Rejects())


@pytest.fixture
def brats18(tmp_path: Path) -> Path:
    """Two scans of one patient, one of another, and one without a mask."""
    folder = tmp_path / "brats18"
    touch(folder, *scan("HGG/", "Brats18_TCIA01_150_1", *MODALITIES, "seg"))
    touch(folder, *scan("HGG/", "Brats18_TCIA01_150_2", *MODALITIES, "seg"))
    touch(folder, *scan("LGG/", "Brats18_2013_0_1", *MODALITIES, "seg"))
    touch(folder, *scan("", "Brats18_CBICA_AAM_1", *MODALITIES), "survival_data.csv")
    touch(folder, "HGG/Brats18_2013_0_1/._Brats18_2013_0_1_flair.nii.gz")
    return folder


def test_2018(brats18: Path) -> None:
    source = read_folder(brats18)
    assert source.task == "segmentation"
    assert source.masks == {"whole tumor": [1, 2, 4], "tumor core": [1, 4], "enhancing tumor": [4]}
    assert tuple(source.labels) == tuple(source.masks)
    assert (source.modality, source.channels, source.spatial_dims) == ("MR", 4, 3)
    assert [(record.patient, record.mask is None, record.split) for record in source.records] == [
        ("Brats18_CBICA_AAM", True, None),
        ("Brats18_TCIA01_150", False, None),
        ("Brats18_TCIA01_150", False, None),
        ("Brats18_2013_0", False, None),
    ]
    files = scan("LGG/", "Brats18_2013_0_1", *MODALITIES, "seg")
    assert source.records[3].image == tuple(brats18 / name for name in files[:4])
    assert source.records[3].mask == brats18 / files[4]
    assert source.records[3].name == files[0]


def test_modalities_in_the_order_asked_for(brats18: Path) -> None:
    source = read_folder(brats18, "--modalities", "T1ce,flair")
    assert source.channels == 2
    assert source.records[3].image == tuple(
        brats18 / name for name in scan("LGG/", "Brats18_2013_0_1", "t1ce", "flair")
    )
    for text in ("flair,t3", "flair,flair"):
        with pytest.raises(SystemExit):
            read_folder(brats18, "--modalities", text)


def test_a_subject_without_a_modality(brats18: Path) -> None:
    (brats18 / scan("LGG/", "Brats18_2013_0_1", "t2")[0]).unlink()
    rejects = Rejects()
    assert len(read_folder(brats18, rejects=rejects).records) == 3
    assert [(item.path, item.reason) for item in rejects.found] == [
        ("LGG/Brats18_2013_0_1/Brats18_2013_0_1_flair.nii.gz", "this subject has no t2")
    ]
    assert len(read_folder(brats18, "--modalities", "flair,t1").records) == 4


def test_a_modality_that_is_there_twice(brats18: Path) -> None:
    touch(brats18, *scan("LGG/", "Brats18_2013_0_1", "t2", suffix=".nii"))
    rejects = Rejects()
    source = read_folder(brats18, rejects=rejects)
    assert len(source.records) == 4
    assert [item.reason for item in rejects.found] == ["there is another t2 file of the same subject"]


def test_2020_without_gz_and_files_in_one_folder(tmp_path: Path) -> None:
    subjects = [f"BraTS20_Training_00{number}" for number in (1, 2)]
    touch(tmp_path, *(f"{subject}_{part}.nii" for subject in subjects for part in (*MODALITIES, "seg")))
    records = read_folder(tmp_path).records
    assert [record.patient for record in records] == subjects
    assert [record.mask for record in records] == [tmp_path / f"{subject}_seg.nii" for subject in subjects]


def test_2015(tmp_path: Path) -> None:
    files = ("Flair_subtrMeanDivStd", "T1c_subtrMeanDivStd", "OTMultiClass", "brainmask")
    for subject in ("brats_tcia_pat105_0001", "brats_tcia_pat105_0216", "brats_2013_pat0005_1"):
        touch(tmp_path, *(f"{subject}/{name}.nii.gz" for name in files))
    source = read_folder(tmp_path)
    assert source.masks == {"whole tumor": [1, 2, 3, 4], "tumor core": [1, 3, 4], "enhancing tumor": [4]}
    assert [record.patient for record in source.records] == [
        "brats_2013_pat0005",
        "brats_tcia_pat105",
        "brats_tcia_pat105",
    ]
    assert source.channels == 2
    folder = tmp_path / "brats_2013_pat0005_1"
    assert source.records[0].image == tuple(folder / f"{name}.nii.gz" for name in files[:2])
    assert source.records[0].mask == folder / "OTMultiClass.nii.gz"
    assert read_folder(tmp_path, "--modalities", "t1ce").records[0].image == (folder / f"{files[1]}.nii.gz",)


def test_task01_of_the_decathlon(tmp_path: Path) -> None:
    values = np.arange(32, dtype=np.float32).reshape(2, 2, 2, 4)
    for folder, array in (("imagesTr", values), ("labelsTr", np.full((2, 2, 2), 3, np.uint8))):
        (tmp_path / folder).mkdir()
        nib.Nifti1Image(array, np.eye(4)).to_filename(tmp_path / folder / "BRATS_457.nii.gz")
    description = {
        "modality": {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"},
        "labels": {"0": "background", "1": "edema", "2": "non-enhancing tumor", "3": "enhancing tumour"},
    }
    (tmp_path / "dataset.json").write_text(json.dumps(description))
    source = read_folder(tmp_path)
    assert source.masks == {"whole tumor": [1, 2, 3], "tumor core": [2, 3], "enhancing tumor": [3]}
    assert (tuple(source.labels), source.modality, source.channels) == (tuple(source.masks), "MR", 4)
    assert source.records[0].image == tmp_path / "imagesTr" / "BRATS_457.nii.gz"
    source = read_folder(tmp_path, "--modalities", "t1ce,flair")
    assert source.channels == 2
    np.testing.assert_array_equal(nib.load(source.records[0].image).dataobj, values[..., [2, 0]])


def test_other_folders(brats18: Path) -> None:
    touch(brats18, "brats_2013_pat0005_1/OTMultiClass.nii.gz")
    with pytest.raises(InputError, match="the layouts of 2015 and of later years are mixed"):
        read_folder(brats18)
    (brats18 / "other" / "folder").mkdir(parents=True)
    touch(brats18 / "other", "folder/scan.nii.gz")
    with pytest.raises(InputError, match="no file is named as in BraTS"):
        read_folder(brats18 / "other")
    touch(brats18 / "masks", "a_seg.nii.gz")
    with pytest.raises(InputError, match="no modality is there for most subjects"):
        read_folder(brats18 / "masks")


@pytest.mark.parametrize(
    ("subject", "patient"),
    [
        ("brats_2013_pat0005_1", "brats_2013_pat0005"),
        ("brats_tcia_pat105_0001", "brats_tcia_pat105"),
        ("Brats17_TCIA_101_1", "Brats17_TCIA_101"),
        ("Brats18_TCIA01_150_1", "Brats18_TCIA01_150"),
        ("Brats18_2013_0_1", "Brats18_2013_0"),
        ("BraTS19_TMC_06290_1", "BraTS19_TMC_06290"),
        ("BraTS20_Training_001", "BraTS20_Training_001"),
        ("BraTS2021_00000", "BraTS2021_00000"),
        ("case_1", "case_1"),
    ],
)
def test_patients(subject: str, patient: str) -> None:
    assert patient_of(subject) == patient


def test_real_scans(tmp_path: Path, real_images: Path) -> None:
    if not (real_images / "brats2015").is_dir():
        pytest.skip("the BraTS scans are not there")
    rejects = Rejects()
    source = read(argparse.Namespace(source=real_images / "brats2015", output=tmp_path, modalities=None), rejects)
    assert len(source.records) == len([path for path in (real_images / "brats2015").iterdir() if path.is_dir()])
    assert source.channels == 2
    assert not rejects.found
    values = np.unique(nib.load(source.records[0].mask).dataobj)
    assert {int(value) for value in values} <= {0, *source.masks["whole tumor"]}
