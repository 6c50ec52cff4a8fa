"""NIH ChestX-ray14: findings, patients and the official split, from files of the released form."""

import argparse
import logging
from pathlib import Path

import pytest

from data_prep.datasets.nih14 import add_arguments, read
from data_prep.records import Record, Rejects, Source
from monai_ssl.errors import InputError

HEADER_2017 = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],"
)
HEADER_2020 = HEADER_2017.replace("Gender", "Sex")
ROWS = (
    "00000001_000.png,Cardiomegaly,0,1,57,M,PA,2682,2749,0.143,0.143,",
    "00000001_001.png,Cardiomegaly|Emphysema,1,1,58,M,PA,2894,2729,0.143,0.143,",
    "00000002_000.png,No Finding,0,2,80,M,PA,2500,2048,0.171,0.171,",
    "00000003_000.png,Hernia|Atelectasis,0,3,74,F,PA,2500,2048,0.168,0.168,",
)


def write_table(file: Path, *rows: str, header: str = HEADER_2017) -> None:
    file.write_text("\n".join((header, *rows)) + "\n")


def read_folder(folder: Path, *arguments: str) -> tuple[Source, Rejects]:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = parser.parse_args(arguments)
    options.source, options.output = folder, folder / "out"
    rejects = Rejects()
    return read(options, rejects), rejects


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four images of three patients in two folders; images are only listed."""
    write_table(tmp_path / "Data_Entry_2017.csv", *ROWS)
    for number, row in enumerate(ROWS):
        path = tmp_path / f"images_00{number % 2 + 1}" / "images" / row.split(",")[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def with_lists(folder: Path) -> Path:
    (folder / "train_val_list.txt").write_text("00000001_000.png\n00000001_001.png\n00000002_000.png")
    (folder / "test_list.txt").write_text("00000003_000.png\n")
    return folder


def test_findings_and_patients(folder: Path) -> None:
    source, rejects = read_folder(folder)
    assert source.task == "multilabel"
    assert (len(source.labels), source.labels[0], source.labels[13]) == (14, "Atelectasis", "Hernia")
    assert source.records[1] == Record(
        folder / "images_002" / "images" / "00000001_001.png",
        "images_002/images/00000001_001.png",
        label=[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
        patient="1",
        where="Data_Entry_2017.csv, line 3",
    )
    assert source.records[2].label == [0] * 14
    assert source.records[3].label == [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert [record.patient for record in source.records] == ["1", "1", "2", "3"]
    assert source.details == {"split": "random"}
    assert not rejects.found


def test_the_official_lists_are_kept_unless_splits_are_to_be_drawn(folder: Path) -> None:
    source, _ = read_folder(with_lists(folder))
    assert [record.split for record in source.records] == ["train_val", "train_val", "train_val", "test"]
    assert [table.name for table in source.tables] == ["Data_Entry_2017.csv", "train_val_list.txt", "test_list.txt"]
    assert source.details == {"split": "official"}
    source, _ = read_folder(folder, "--split", "random")
    assert {record.split for record in source.records} == {None}


def test_an_image_in_neither_list_is_set_aside(folder: Path) -> None:
    with_lists(folder)
    (folder / "train_val_list.txt").write_text("00000001_000.png\n00000001_001.png\n")
    source, rejects = read_folder(folder)
    assert len(source.records) == 3
    assert [(item.path, item.reason) for item in rejects.found] == [
        ("images_001/images/00000002_000.png", "this image is in none of train_val_list.txt and test_list.txt")
    ]


def test_lists_that_are_missing_or_overlap(folder: Path) -> None:
    with pytest.raises(InputError, match=r"train_val_list\.txt and test_list\.txt of the official split is missing"):
        read_folder(folder, "--split", "official")
    with_lists(folder)
    (folder / "test_list.txt").write_text("00000002_000.png\n")
    with pytest.raises(InputError, match="in the other one too"):
        read_folder(folder)
    (folder / "test_list.txt").unlink()
    with pytest.raises(InputError, match=r": test_list\.txt of the official split is missing"):
        read_folder(folder)


def test_the_corrected_table_is_preferred(folder: Path) -> None:
    write_table(folder / "Data_Entry_2017_v2020.csv", *(row.replace("Hernia|", "") for row in ROWS), header=HEADER_2020)
    source, _ = read_folder(folder)
    assert source.records[3].label == [1, *[0] * 13]
    assert source.records[3].where == "Data_Entry_2017_v2020.csv, line 5"


def test_what_the_table_and_the_images_do_not_share(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "images_001" / "images" / "00000009_000.png").touch()
    (folder / "images_001" / "images" / "00000001_000.png").unlink()
    write_table(folder / "Data_Entry_2017.csv", *ROWS, ROWS[1])
    with caplog.at_level(logging.WARNING):
        source, rejects = read_folder(folder)
    assert len(source.records) == 3
    assert f"Data_Entry_2017.csv has 1 rows of images that are not in {folder}." in caplog.messages
    assert [(item.path, item.reason) for item in rejects.found] == [
        ("Data_Entry_2017.csv, line 6", "an earlier row is of the same image"),
        ("images_001/images/00000009_000.png", "Data_Entry_2017.csv has no row of this image"),
    ]


@pytest.mark.parametrize(("cell", "named"), [("Cardiomegaly|Flu", "'Flu'"), ("No Finding|Mass", "'No Finding.Mass'")])
def test_unknown_findings_are_named(folder: Path, cell: str, named: str) -> None:
    write_table(folder / "Data_Entry_2017.csv", *ROWS, ROWS[0].replace("Cardiomegaly", cell))
    with pytest.raises(InputError, match=f"{named} is none of the 14 findings"):
        read_folder(folder)


def test_other_columns_no_table_and_no_images(folder: Path, tmp_path: Path) -> None:
    write_table(folder / "Data_Entry_2017.csv", "00000001_000.png,1", header="Image Index,Patient ID")
    with pytest.raises(InputError, match="no column Finding Labels"):
        read_folder(folder)
    (folder / "Data_Entry_2017.csv").unlink()
    with pytest.raises(InputError, match=r"no Data_Entry_2017\*\.csv"):
        read_folder(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no PNG"):
        read_folder(tmp_path / "empty")


@pytest.mark.parametrize(("name", "images", "patients"), [("nih14_256", 703, 470), ("nih14_64", 804, 197)])
def test_released_images(real_images: Path, name: str, images: int, patients: int) -> None:
    source, rejects = read_folder(real_images / name)
    assert len(source.records) == images
    assert len({record.patient for record in source.records}) == patients
    assert not rejects.found
