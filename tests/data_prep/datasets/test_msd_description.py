"""The descriptions of Decathlon tasks."""

import json
from pathlib import Path
from typing import Any

import pytest

from data_prep.datasets.msd_description import read_description
from monai_ssl.errors import InputError

# As released for Task01.
CONTENT = {
    "name": "BRATS",
    "description": "Gliomas segmentation tumour and oedema in on brain images",
    "reference": "https://www.med.upenn.edu/sbia/brats2017.html",
    "licence": "CC-BY-SA 4.0",
    "release": "2.0 04/05/2018",
    "tensorImageSize": "4D",
    "modality": {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"},
    "labels": {"0": "background", "1": "edema", "2": "non-enhancing tumor", "3": "enhancing tumour"},
    "numTraining": 1,
    "numTest": 1,
    "training": [{"image": "./imagesTr/BRATS_457.nii.gz", "label": "./labelsTr/BRATS_457.nii.gz"}],
    "test": ["./imagesTs/BRATS_557.nii.gz"],
}


def write(folder: Path, content: Any) -> None:
    (folder / "dataset.json").write_text(content if isinstance(content, str) else json.dumps(content))


def test_a_task(tmp_path: Path) -> None:
    write(tmp_path, CONTENT)
    description = read_description(tmp_path)
    assert description is not None
    assert description.channels == ("FLAIR", "T1w", "t1gd", "T2w")
    assert description.labels == {"edema": 1, "non-enhancing tumor": 2, "enhancing tumour": 3}
    assert description.modality == "MR"
    assert description.choose(["T1GD", "flair"]) == (2, 0)
    with pytest.raises(InputError, match=r"there is no T9\. Choose --modalities from FLAIR, T1w, t1gd, T2w"):
        description.choose(["FLAIR", "T9"])


def test_labels_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    labels = {str(number): f"organ {number}" for number in (0, 10, 2)}
    write(tmp_path, CONTENT | {"modality": {"0": "CT"}, "labels": labels})
    description = read_description(tmp_path)
    assert description is not None
    assert list(description.labels.items()) == [("organ 2", 2), ("organ 10", 10)]
    assert description.modality == "CT"


def test_no_description(tmp_path: Path) -> None:
    assert read_description(tmp_path) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"no description of a Decathlon task \(JSONDecodeError\)"),
        ([1], r"no description of a Decathlon task \(TypeError\)"),
        ({"labels": CONTENT["labels"]}, r"no description of a Decathlon task \(KeyError\)"),
        (CONTENT | {"labels": {"background": 0, "edema": 1}}, r"no description of a Decathlon task \(ValueError\)"),
        (CONTENT | {"labels": {"0": "background"}}, "no modality or no label"),
    ],
)
def test_what_is_no_description(tmp_path: Path, content: Any, message: str) -> None:
    write(tmp_path, content)
    with pytest.raises(InputError, match=rf"dataset\.json: .*{message}"):
        read_description(tmp_path)
