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
FINDINGS_REASON = "Finding Labels is neither some of the 14 findings nor No Finding alone"
PATIENT_REASON = "Patient ID is not the whole number that the image's patient has"


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


BAD_ROWS = {
    "no finding": (ROWS[0].replace("Cardiomegaly", ""), FINDINGS_REASON),
    "unknown finding": (ROWS[0].replace("Cardiomegaly", "Cardiomegaly|Flu"), FINDINGS_REASON),
    "contradiction": (ROWS[0].replace("Cardiomegaly", "No Finding|Mass"), FINDINGS_REASON),
    "cells missing": ("00000001_000.png,Cardiomegaly,0", "this row has 3 cells, but the header has 12"),
    "cell too many": (f"{ROWS[0]},", "this row has 13 cells, but the header has 12"),
    "no patient": (ROWS[0].replace(",0,1,", ",0,,"), PATIENT_REASON),
    "shifted, age in years": (ROWS[0].replace(",0,1,57,", ",1,057Y,"), PATIENT_REASON),
    "shifted, age in numbers": (ROWS[0].replace(",0,1,57,", ",1,57,"), PATIENT_REASON),
    "shifted the other way": (ROWS[0].replace(",0,1,", ",,0,1,").removesuffix(","), PATIENT_REASON),
}


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS.values(), ids=BAD_ROWS)
@pytest.mark.parametrize("twice", [False, True])
def test_a_row_that_cannot_be_used_is_set_aside_with_its_image(
    folder: Path, row: str, reason: str, twice: bool
) -> None:
    """Also where another row of the image is in order."""
    write_table(folder / "Data_Entry_2017.csv", row, *ROWS[1 - twice :])
    source, rejects = read_folder(folder)
    assert [(record.image.name, record.patient) for record in source.records] == [
        ("00000001_001.png", "1"),
        ("00000002_000.png", "2"),
        ("00000003_000.png", "3"),
    ]
    assert [(item.path, item.reason) for item in rejects.found] == [("Data_Entry_2017.csv, line 2", reason)]


def test_rows_that_contradict_each_other(folder: Path) -> None:
    write_table(folder / "Data_Entry_2017.csv", *ROWS, ROWS[2].replace("No Finding", "Mass"))
    source, rejects = read_folder(folder)
    assert [record.patient for record in source.records] == ["1", "1", "3"]
    assert [(item.path, item.reason) for item in rejects.found] == [
        ("Data_Entry_2017.csv, line 6", "an earlier row says something else of the same image")
    ]


def test_a_row_without_the_cell_of_its_image(folder: Path) -> None:
    write_table(folder / "Data_Entry_2017.csv", ROWS[0].partition(",")[2], *ROWS[1:])
    source, rejects = read_folder(folder)
    assert len(source.records) == 3
    assert [(item.path, item.reason) for item in rejects.found] == [
        ("images_001/images/00000001_000.png", "Data_Entry_2017.csv has no row of this image")
    ]


def test_patients_of_images_with_other_names(folder: Path) -> None:
    for image in folder.rglob("0*.png"):
        image.rename(image.with_name(f"x{image.name}"))
    rows = [f"x{row}" for row in ROWS]
    write_table(
        folder / "Data_Entry_2017.csv", *rows[:2], rows[2].replace(",2,", ",0012,"), rows[3].replace(",3,", ",x,")
    )
    source, rejects = read_folder(folder)
    assert [record.patient for record in source.records] == ["1", "1", "12"]
    assert [item.reason for item in rejects.found] == [PATIENT_REASON]


def test_a_table_of_other_findings(folder: Path) -> None:
    """That most rows cannot be used is no slip. What is in their cells may be a name: it is not shown."""
    write_table(folder / "Data_Entry_2017.csv", *(row.replace("Cardiomegaly", "Flu") for row in ROWS))
    assert len(read_folder(folder)[0].records) == 2
    write_table(folder / "Data_Entry_2017.csv", ROWS[0], *(row.replace("Hernia", "Flu") for row in ROWS[3:] * 2))
    with pytest.raises(InputError, match="most rows have findings that are none of the 14") as error:
        read_folder(folder)
    assert "Flu" not in str(error.value)


def test_a_table_that_is_none(folder: Path) -> None:
    for content in (b"", b"\xff\xfe\x00", b'Image Index,"Finding'):
        (folder / "Data_Entry_2017.csv").write_bytes(content)
        with pytest.raises(InputError, match=r"Data_Entry_2017\.csv: this is no table \(\w+\)\. Give that"):
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
