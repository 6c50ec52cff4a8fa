"""The RSNA 2019 set: which DICOM files are images, which labels they have, what is set aside."""

import argparse
import logging
import shutil
from pathlib import Path

import pytest

from data_prep.__main__ import main
from data_prep.datasets.rsna import add_arguments, read
from data_prep.datasets.rsna_labels import read_labels, write_labels
from data_prep.records import Record, Rejects, Source
from monai_ssl.data.datalist import DataList
from monai_ssl.errors import InputError

LABELS = {"ID_0a": (1, 0, 0, 0, 0), "ID_0b": (0, 0, 0, 0, 0), "ID_0c": (0, 0, 0, 1, 1)}


def read_folder(folder: Path, *arguments: str, strict: bool = False) -> tuple[Source, Rejects]:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = parser.parse_args(arguments)
    options.source, options.output = folder, folder / "out"
    rejects = Rejects(strict)
    return read(options, rejects), rejects


def touch(*paths: Path) -> None:
    """DICOM files are only listed."""
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_labels(tmp_path / "stage_2_train.csv", LABELS)
    touch(*(tmp_path / "stage_2_train" / f"{image}.dcm" for image in LABELS))
    return tmp_path


def test_images_with_their_labels(folder: Path) -> None:
    source, rejects = read_folder(folder)
    assert (source.task, source.modality, source.channels, source.spatial_dims) == ("multilabel", "CT", 1, 2)
    assert source.labels == ("epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural")
    assert source.records[2] == Record(
        folder / "stage_2_train" / "ID_0c.dcm", "stage_2_train/ID_0c.dcm", label=[0, 0, 0, 1, 1]
    )
    assert [record.label for record in source.records[:2]] == [[1, 0, 0, 0, 0], [0, 0, 0, 0, 0]]
    assert source.tables == [folder / "stage_2_train.csv"]
    assert not rejects.found


def test_any_is_a_sixth_class(folder: Path) -> None:
    source, _ = read_folder(folder, "--any")
    assert source.labels[-1] == "any"
    assert [record.label for record in source.records] == [[1, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1]]


def test_images_may_be_anywhere_and_the_second_stage_counts(folder: Path) -> None:
    write_labels(folder / "stage_1_train.csv", {"ID_0a": (0, 0, 0, 0, 0)})
    (folder / "stage_2_train" / "ID_0a.dcm").rename(folder / "ID_0a.dcm")
    touch(folder / "out" / "images" / "ID_0b.dcm")
    source, rejects = read_folder(folder)
    assert [(record.name, record.label) for record in source.records][:2] == [
        ("ID_0a.dcm", [1, 0, 0, 0, 0]),
        ("stage_2_train/ID_0b.dcm", [0, 0, 0, 0, 0]),
    ]
    assert not rejects.found


def test_test_images_are_used_unlabeled_only_where_asked_for(folder: Path) -> None:
    touch(folder / "stage_2_test" / "ID_0d.dcm")
    # The second stage's table has labels of the first stage's test images.
    (folder / "stage_2_train" / "ID_0c.dcm").rename(folder / "stage_2_test" / "ID_0c.dcm")
    source, rejects = read_folder(folder)
    assert [record.name[-9:] for record in source.records] == ["ID_0c.dcm", "ID_0a.dcm", "ID_0b.dcm"]
    source, rejects = read_folder(folder, "--unlabeled_test")
    assert [(record.name[-9:], record.label) for record in source.records][:2] == [
        ("ID_0c.dcm", [0, 0, 0, 1, 1]),
        ("ID_0d.dcm", None),
    ]
    assert not rejects.found


def test_bad_rows_are_set_aside_with_their_images(folder: Path) -> None:
    with (folder / "stage_2_train.csv").open("a") as file:
        file.write("ID_0a_epidural,0\nID_0b_any,x\nnothing\n")
    touch(folder / "latest" / "ID_0f.dcm")
    source, rejects = read_folder(folder)
    assert [record.name for record in source.records] == ["stage_2_train/ID_0c.dcm"]
    assert [(item.path, item.reason) for item in rejects.found] == [
        ("stage_2_train/ID_0a.dcm", "this row contradicts an earlier one of the same id (stage_2_train.csv, line 20)"),
        ("stage_2_train/ID_0b.dcm", "the label is neither 0 nor 1 (stage_2_train.csv, line 21)"),
        ("stage_2_train.csv, line 22", "this is not a row of the challenge"),
        ("latest/ID_0f.dcm", "stage_2_train.csv has no row of this image"),
    ]
    with pytest.raises(InputError, match="contradicts"):
        read_folder(folder, strict=True)


def test_rows_without_an_image_are_counted_once(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "stage_2_train" / "ID_0a.dcm").unlink()
    (folder / "stage_2_train" / "ID_0b.dcm").unlink()
    with caplog.at_level(logging.WARNING):
        source, rejects = read_folder(folder)
    assert len(source.records) == 1
    assert not rejects.found
    assert [record.getMessage() for record in caplog.records] == [
        f"stage_2_train.csv has labels of 2 images that are not in {folder}."
    ]


def test_a_folder_without_table_or_images(folder: Path) -> None:
    shutil.rmtree(folder / "stage_2_train")
    with pytest.raises(InputError, match="no DICOM file"):
        read_folder(folder)
    (folder / "stage_2_train.csv").unlink()
    with pytest.raises(InputError, match=r"neither stage_2_train\.csv nor stage_1_train\.csv"):
        read_folder(folder)
    touch(folder / "a" / "stage_1_train.csv", folder / "b" / "stage_1_train.csv")
    with pytest.raises(InputError, match="2 files are called"):
        read_folder(folder)
    with pytest.raises(InputError, match="no such folder"):
        read_folder(folder / "absent")


def test_the_command_divides_by_the_patients_of_the_headers(demo: Path, tmp_path: Path) -> None:
    folder, output = tmp_path / "rsna", tmp_path / "out"
    folder.mkdir()
    shutil.copyfile(demo / "labels.csv", folder / "stage_2_train.csv")
    (folder / "stage_2_train").symlink_to(demo / "images")
    arguments = [
        "rsna",
        "--source",
        str(folder),
        "--output",
        str(output),
        "--workers",
        "1",
        "--validation_budget",
        "1.0",
    ]
    assert main(arguments) == 0
    entries = [*DataList.load(output).entries()]
    labels = read_labels(demo / "labels.csv")
    labeled = [entry for entry in entries if "label" in entry]
    assert len(entries) > len(labeled) > 0
    assert all(entry["label"] == [*labels[Path(entry["image"]).stem]] for entry in labeled)
    assert len({entry["patient"] for entry in entries}) == 15


def test_slices_of_the_challenge(real_images: Path, tmp_path: Path) -> None:
    images = sorted(path.stem for path in (real_images / "rsna_ich").glob("*.dcm"))
    write_labels(tmp_path / "stage_1_train.csv", dict.fromkeys(images, (0, 0, 0, 0, 1)))
    (tmp_path / "stage_1_train").symlink_to(real_images / "rsna_ich")
    source, rejects = read_folder(tmp_path)
    assert [record.image for record in source.records] == [tmp_path / "stage_1_train" / f"{i}.dcm" for i in images]
    assert not rejects.found
