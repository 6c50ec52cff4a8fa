"""``python -m data_prep folder --classes``: a data set with some of a table's classes."""

import csv
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep.__main__ import main
from data_prep.folder.labels import Labels, read_labels
from data_prep.folder.tables import read_table
from monai_ssl.data import DataList
from monai_ssl.errors import InputError

LISTS = ("labeled", "unlabeled", "validation", "test")
KINDS = ("mel", "nv", "bkl", "")
FINDINGS = ("Mass|Edema", "Edema", "No Finding", "Hernia")


@pytest.fixture
def labels(tmp_path: Path) -> Callable[..., Labels]:
    """Read the labels of a table with one column."""

    def _labels(cells: Sequence[str], label_format: str, classes: Sequence[str] | None, task: str | None) -> Labels:
        file = tmp_path / "labels.csv"
        file.write_text("\n".join(["id,finding", *(f"{index},{cell}" for index, cell in enumerate(cells))]))
        return read_labels(
            read_table(file),
            ["finding"],
            label_format=label_format,
            task=task,
            missing=frozenset({"", "nan"}),
            separator="|",
            negative="No Finding",
            classes=classes,
        )

    return _labels


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., int]:
    """Run on 40 images, whose cells repeat, and give the exit code."""

    def _run(cells: Sequence[str], *options: str) -> int:
        images = tmp_path / "images"
        images.mkdir(exist_ok=True)
        for index in range(40):
            Image.fromarray(np.full((4, 4), index, np.uint8)).save(images / f"{index:02d}.png")
        with (tmp_path / "labels.csv").open("w", newline="") as file:
            rows = [(f"{index:02d}", cells[index % len(cells)]) for index in range(40)]
            csv.writer(file).writerows([("id", "finding"), *rows])
        files = [f"--images={images}", f"--labels={tmp_path / 'labels.csv'}", f"--output={tmp_path / 'out'}"]
        return main(["folder", *files, "--budget=1.0", *options])

    return _run


def numbers(datalist: DataList, *keys: str) -> set[int]:
    return {int(Path(entry["image"]).stem) for key in keys or LISTS for entry in getattr(datalist, key)}


def test_separated_ignores_the_others_and_keeps_the_order(labels: Callable[..., Labels]) -> None:
    found = labels(("Mass|Edema", "Edema|Hernia", "No Finding", "Hernia", "nan"), "separated", ["Mass", "Edema"], None)
    assert found == Labels("multilabel", ("Mass", "Edema"), [[1, 1], [0, 1], [0, 0], [0, 0], [-1, -1]])


def test_class_name_marks_the_others(labels: Callable[..., Labels]) -> None:
    found = labels(KINDS, "class_name", ["nv", "bkl"], None)
    assert (found.task, found.names, found.others) == ("multiclass", ("nv", "bkl"), frozenset({0}))
    assert [found.label(row) for row in (1, 2, 3)] == [0, 1, -1]
    assert labels(KINDS, "class_name", ["mel", "nv", "bkl"], None).others == frozenset()
    assert labels(KINDS, "class_name", ["nv"], "multilabel").rows[1:] == [[1], [0], [-1]]
    with pytest.raises(InputError, match="only one class occurs, nv"):
        labels(KINDS, "class_name", ["nv"], None)


@pytest.mark.parametrize(
    ("label_format", "classes", "message"),
    [
        (
            "separated",
            ["Edema", "Oedema"],
            r"labels\.csv: there is no class 'Oedema'\. .* some of: Edema, Hernia, Mass",
        ),
        ("separated", ["Edema", "No Finding"], "there is no class 'No Finding'"),
        ("separated", ["Edema", "Mass", "Edema"], "the class 'Edema' is asked for twice"),
        ("class_name", ["Edema", ""], "there is no class ''"),
    ],
)
def test_classes_are_checked(
    labels: Callable[..., Labels], label_format: str, classes: list[str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        labels(FINDINGS, label_format, classes, None)


def test_one_hot_has_its_own_option(labels: Callable[..., Labels]) -> None:
    with pytest.raises(InputError, match="Give --label_columns, not --classes"):
        labels(("0", "1"), "one_hot", ["finding"], None)


def test_separated_from_end_to_end(run: Callable[..., int], tmp_path: Path) -> None:
    assert run(FINDINGS, "--classes=Mass, Edema") == 0
    datalist = DataList.load(tmp_path / "out")
    assert (datalist.task, datalist.labels) == ("multilabel", ("Mass", "Edema"))
    assert numbers(datalist, "labeled", "validation", "test") <= numbers(datalist) == set(range(40))
    for entry in datalist.labeled + datalist.test:
        assert entry["label"] == ([1, 1], [0, 1], [0, 0], [0, 0])[int(Path(entry["image"]).stem) % 4]
    assert datalist.provenance["source"]["options"]["classes"] == ["Mass", "Edema"]
    assert not (tmp_path / "out/rejected.csv").exists()


def test_images_of_other_classes_are_left_out(
    run: Callable[..., int], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="monai_ssl")
    assert run(KINDS, "--classes=nv,bkl", "--unlabeled_rest") == 0
    datalist = DataList.load(tmp_path / "out")
    assert datalist.labels == ("nv", "bkl")
    assert numbers(datalist) <= {index for index in range(40) if index % 4 != 0}
    assert numbers(datalist, "unlabeled") <= {index for index in range(40) if index % 4 == 3}
    for entry in datalist.labeled + datalist.test:
        assert entry["label"] == int(Path(entry["image"]).stem) % 4 - 1
    assert "10 images are of none of the classes asked for" in caplog.text
    assert not (tmp_path / "out/rejected.csv").exists()


def test_nih(tmp_path: Path) -> None:
    root = os.environ.get("MONAI_SSL_DATA")
    if not root or not Path(root, "nih14_64").exists():
        pytest.skip("MONAI_SSL_DATA names no folder with this data set")
    folder = Path(root, "nih14_64")
    table = folder / "Data_Entry_2017.csv"
    options = ["--classes=Mass,Effusion", "--budget=1.0", "--validation_budget=1.0"]
    assert main(["folder", f"--images={folder}", f"--labels={table}", f"--output={tmp_path}", *options]) == 0
    datalist = DataList.load(tmp_path)
    assert datalist.labels == ("Mass", "Effusion")
    with table.open() as file:
        findings = {row["Image Index"]: row["Finding Labels"].split("|") for row in csv.DictReader(file)}
    entries = datalist.labeled + datalist.validation + datalist.test
    assert entries
    for entry in entries:
        found = findings[Path(entry["image"]).name]
        assert entry["label"] == [int("Mass" in found), int("Effusion" in found)]
    assert (
        json.loads((tmp_path / "datalist.json").read_text())["provenance"]["source"]["options"]["classes"][0] == "Mass"
    )
