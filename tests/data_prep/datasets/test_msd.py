"""Decathlon tasks: images, masks, names of labels, modalities and unlabeled images."""

import argparse
import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from data_prep.datasets import hippocampus, msd
from data_prep.records import Rejects, Source
from monai_ssl.errors import InputError

PROSTATE = {
    "name": "PROSTATE",
    "tensorImageSize": "4D",
    "modality": {"0": "T2", "1": "ADC"},
    "labels": {"0": "background", "1": "PZ", "2": "TZ"},
    "numTraining": 2,
    "numTest": 1,
    "training": [{"image": "./imagesTr/prostate_16.nii.gz", "label": "./labelsTr/prostate_16.nii.gz"}],
    "test": ["./imagesTs/prostate_03.nii.gz"],
}
IMAGE = np.arange(2 * 2 * 2 * 2, dtype=np.float32).reshape(2, 2, 2, 2)
MASK = np.array([0, 1, 2, 1, 0, 0, 2, 2], dtype=np.uint8).reshape(2, 2, 2)


def save(file: Path, values: np.ndarray) -> None:
    file.parent.mkdir(exist_ok=True, parents=True)
    nib.Nifti1Image(values, np.diag([2.0, 2.0, 3.0, 1.0])).to_filename(file)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two labeled images and one for test, as an archive of macOS unpacks elsewhere."""
    task = tmp_path / "Task05_Prostate"
    for name in ("prostate_16", "prostate_04"):
        save(task / "imagesTr" / f"{name}.nii.gz", IMAGE)
        save(task / "labelsTr" / f"{name}.nii.gz", MASK)
        (task / "imagesTr" / f"._{name}.nii.gz").write_bytes(b"\0\5\x16\7")
        (task / "labelsTr" / f"._{name}.nii.gz").write_bytes(b"\0\5\x16\7")
    save(task / "imagesTs" / "prostate_03.nii.gz", IMAGE + 1)
    (task / "dataset.json").write_text(json.dumps(PROSTATE))
    return task


def read_task(folder: Path, *more: str, module: Any = msd, rejects: Rejects | None = None) -> Source:
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    options = parser.parse_args(more)
    options.source, options.output, options.workers = folder, folder.parent / "out", 1
    return module.read(options, rejects or Rejects())


def test_files_are_used_where_they_are(folder: Path) -> None:
    source = read_task(folder)
    assert (source.name, source.task, source.masks) == ("Task05_Prostate", "segmentation", {"PZ": [1], "TZ": [2]})
    assert (source.labels, source.modality, source.channels, source.spatial_dims) == (("PZ", "TZ"), "MR", 2, 3)
    assert [(record.name, record.image, record.mask, record.split) for record in source.records] == [
        (f"imagesTr/{name}", folder / "imagesTr" / name, folder / "labelsTr" / name, None)
        for name in ("prostate_04.nii.gz", "prostate_16.nii.gz")
    ]
    assert not (folder.parent / "out").exists()


def test_images_for_test_as_unlabeled_ones(folder: Path) -> None:
    records = read_task(folder, "--unlabeled_test").records
    assert [(record.name, record.mask, record.split) for record in records[2:]] == [
        ("imagesTs/prostate_03.nii.gz", None, None)
    ]


def test_one_modality_is_written_to_new_files(folder: Path) -> None:
    source = read_task(folder, "--modalities", "adc", "--unlabeled_test")
    assert source.channels == 1
    assert [record.name for record in source.records][2] == "imagesTs/prostate_03.nii.gz"
    for record, expected in zip(source.records, (IMAGE, IMAGE, IMAGE + 1), strict=True):
        assert isinstance(record.image, Path)
        assert record.image.parent == folder.parent / "out" / "images"
        np.testing.assert_array_equal(nib.load(record.image).dataobj, expected[..., 1])
        np.testing.assert_array_equal(nib.load(record.image).affine, np.diag([2.0, 2.0, 3.0, 1.0]))
    assert source.records[0].mask == folder / "labelsTr" / "prostate_04.nii.gz"


def test_all_modalities_by_name_and_in_another_order(folder: Path) -> None:
    assert read_task(folder, "--modalities", "T2,ADC").records == read_task(folder).records
    record = read_task(folder, "--modalities", "ADC,T2").records[0]
    np.testing.assert_array_equal(nib.load(record.image).dataobj, IMAGE[..., ::-1])


def test_images_that_are_set_aside(folder: Path) -> None:
    (folder / "labelsTr" / "prostate_04.nii.gz").unlink()
    save(folder / "imagesTr" / "prostate_16.nii.gz", IMAGE[..., 0])
    rejects = Rejects()
    assert not read_task(folder, "--modalities", "T2", rejects=rejects).records
    assert [(item.path, item.reason) for item in rejects.found] == [
        ("imagesTr/prostate_04.nii.gz", "there is no file of this name in labelsTr"),
        ("imagesTr/prostate_16.nii.gz", "the shape is (2, 2, 2), not that of a volume with 2 channels last"),
    ]


def test_names_of_labels(folder: Path) -> None:
    assert read_task(folder, "--label_names", "a, b").masks == {"a": [1], "b": [2]}
    (folder / "dataset.json").unlink()
    source = read_task(folder)
    assert (source.masks, source.modality, source.channels) == ({"label 1": [1], "label 2": [2]}, None, None)
    with pytest.raises(InputError, match=r"without dataset\.json no modality is known by name"):
        read_task(folder, "--modalities", "T2")


@pytest.mark.parametrize("text", ["a,,b", "a,A", ""])
def test_lists_of_names(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="no list of different names"):
        msd.names_of(text)


def test_other_folders(folder: Path) -> None:
    with pytest.raises(InputError, match="imagesTr: there is no NIfTI file"):
        read_task(folder.parent)


def test_hippocampus(folder: Path) -> None:
    (folder / "dataset.json").unlink()
    for file in folder.glob("images*/[!.]*"):
        save(file, IMAGE[..., 0])
    source = read_task(folder, module=hippocampus)
    assert (source.masks, source.modality) == ({"anterior": [1], "posterior": [2]}, "MR")
    assert len(source.records) == 2
    assert read_task(folder, "--label_names", "head,body", module=hippocampus).masks == {"head": [1], "body": [2]}


def test_real_task(tmp_path: Path, real_images: Path) -> None:
    if not (real_images / "hippocampus").is_dir():
        pytest.skip("the hippocampus images are not there")
    rejects = Rejects()
    options = argparse.Namespace(
        source=real_images / "hippocampus", output=tmp_path, workers=1, modalities=None, unlabeled_test=False
    )
    options.label_names = None
    source = msd.read(options, rejects)
    assert len(source.records) == len(list((real_images / "hippocampus" / "imagesTr").iterdir()))
    assert source.masks == {"label 1": [1], "label 2": [2]}
    assert not rejects.found
