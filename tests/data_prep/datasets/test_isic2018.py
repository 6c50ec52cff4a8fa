"""ISIC 2018: diagnoses, lesions, masks and the official split, from files of the released form."""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep.datasets.isic2018 import add_arguments, read
from data_prep.records import Record, Rejects, Source
from monai_ssl.errors import InputError
from monai_ssl.readers.mask import read_mask

TRAINING = "ISIC2018_Task3_Training_GroundTruth/ISIC2018_Task3_Training_GroundTruth.csv"
HEADER = "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC"
ROWS = (
    "ISIC_0024306,0.0,1.0,0.0,0.0,0.0,0.0,0.0",
    "ISIC_0024307,1.0,0.0,0.0,0.0,0.0,0.0,0.0",
    "ISIC_0024308,0.0,0.0,0.0,0.0,0.0,0.0,1.0",
)
METADATA = (
    "lesion_id,image_id,dx,dx_type,age,sex,localization",
    "HAM_0000550,ISIC_0024306,nv,follow_up,45.0,male,trunk",
    "HAM_0000550,ISIC_0024307,mel,histo,50.0,male,lower extremity",
    "HAM_0001477,ISIC_0024308,vasc,consensus,55.0,female,trunk",
)
REGION = np.array([[0, 255], [255, 255]], dtype=np.uint8)


def write(file: Path, lines: Sequence[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n")


def image(folder: Path, name: str) -> None:
    """Images are only listed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.jpg").touch()


def mask(folder: Path, name: str, values: object = REGION) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(values, dtype=np.uint8)).save(folder / f"{name}_segmentation.png")


def read_folder(folder: Path, *arguments: str) -> tuple[Source, Rejects]:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = parser.parse_args(arguments)
    options.source, options.output, options.workers = folder, folder / "out", 1
    rejects = Rejects()
    return read(options, rejects), rejects


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / TRAINING, (HEADER, *ROWS))
    write(tmp_path / "HAM10000_metadata.csv", METADATA)
    for row in ROWS:
        image(tmp_path / "ISIC2018_Task3_Training_Input", row[:12])
    return tmp_path


def with_test_set(folder: Path) -> Path:
    write(
        folder / "ISIC2018_Task3_Test_GroundTruth" / "ISIC2018_Task3_Test_GroundTruth.csv",
        (HEADER, "ISIC_0034524,0.0,0.0,1.0,0.0,0.0,0.0,0.0"),
    )
    image(folder / "ISIC2018_Task3_Test_Input", "ISIC_0034524")
    return folder


def test_diagnoses_and_lesions(folder: Path) -> None:
    source, rejects = read_folder(folder)
    assert (source.task, source.modality, source.channels, source.spatial_dims) == ("multiclass", "XC", 3, 2)
    assert source.labels == ("MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC")
    assert [record.label for record in source.records] == [1, 0, 6]
    assert source.records[2] == Record(
        folder / "ISIC2018_Task3_Training_Input" / "ISIC_0024308.jpg",
        "ISIC2018_Task3_Training_Input/ISIC_0024308.jpg",
        label=6,
        patient="HAM_0001477",
        where="ISIC2018_Task3_Training_GroundTruth.csv, line 4",
    )
    assert [record.patient for record in source.records[:2]] == ["HAM_0000550", "HAM_0000550"]
    assert source.tables == [folder / TRAINING, folder / "HAM10000_metadata.csv"]
    assert not rejects.found


def test_lesions_of_the_challenge_and_diagnoses_of_the_metadata(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / TRAINING).unlink()
    source, _ = read_folder(folder)
    assert [record.label for record in source.records] == [1, 0, 6]
    assert source.tables == [folder / "HAM10000_metadata.csv"]
    write(folder / TRAINING, (HEADER, *ROWS))
    (folder / "HAM10000_metadata.csv").unlink()
    with caplog.at_level(logging.WARNING):
        source, _ = read_folder(folder)
    assert "images of one lesion may come into several splits" in caplog.text
    groupings = ("image,lesion_id,diagnosis_confirm_type", "ISIC_0024307,HAM_0000550,histopathology")
    write(folder / "ISIC2018_Task3_Training_LesionGroupings.csv", groupings)
    source, _ = read_folder(folder)
    assert [record.patient for record in source.records] == [None, "HAM_0000550", None]


def test_the_official_split(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(InputError, match="no test images with labels"):
        read_folder(folder, "--split", "official")
    source, _ = read_folder(with_test_set(folder))
    assert [(record.name[-12:-4], record.label, record.split) for record in source.records] == [
        ("_0034524", 2, "test"),
        ("_0024306", 1, "train_val"),
        ("_0024307", 0, "train_val"),
        ("_0024308", 6, "train_val"),
    ]
    assert source.details == {"split": "official"}
    write(folder / "ISIC2018_Task3_Validation_GroundTruth.csv", (HEADER, ROWS[0].replace("0024306", "0034321")))
    image(folder / "ISIC2018_Task3_Validation_Input", "ISIC_0034321")
    image(folder / "ISIC2018_Task3_Validation_Input", "ISIC_0034322")  # without ground truth
    source, rejects = read_folder(folder)
    assert [record.split for record in source.records] == ["test", "training", "training", "training", "validation"]
    assert not rejects.found
    with caplog.at_level(logging.INFO):
        source, _ = read_folder(folder, "--split", "random")
    assert [record.split for record in source.records] == [None, None, None]
    assert "2 labeled validation and test images of the challenge are not used." in caplog.messages


def test_a_folder_whose_name_only_contains_a_part_is_none(folder: Path) -> None:
    (folder / "latest").mkdir()
    (folder / "ISIC2018_Task3_Training_Input").rename(folder / "latest" / "HAM10000_images_part_1")
    source, _ = read_folder(folder)
    assert [record.split for record in source.records] == [None, None, None]


@pytest.mark.parametrize("parent", ["", "ham_train_test/", "HAM10000 task1 task3/"])
@pytest.mark.parametrize(
    ("metadata", "truth", "delimiter"),
    [
        ("HAM10000_metadata", "ISIC2018_Task3_Test_GroundTruth.csv", ","),
        ("HAM10000_metadata.csv", "ISIC2018_Task3_Test_GroundTruth.tab", ","),
        ("HAM10000_metadata.tab", "ISIC2018_Task3_Test_GroundTruth.tab", "\t"),
    ],
)
def test_ham10000_as_it_is_downloaded(tmp_path: Path, parent: str, metadata: str, truth: str, delimiter: str) -> None:
    """Of Dataverse, which gives tables as text with tabs, or as they were uploaded."""
    folder = tmp_path / parent
    write(folder / metadata, [row.replace(",", delimiter) for row in METADATA])
    test = (METADATA[0], "HAMTEST_0000000,ISIC_0034524,bcc,histo,50.0,male,back")
    write(folder / truth, [row.replace(",", delimiter) for row in test])
    for number, row in enumerate(ROWS):
        image(folder / f"HAM10000_images_part_{1 + number % 2}", row[:12])
    image(folder / "ISIC2018_Task3_Test_Images", "ISIC_0034524")
    source, rejects = read_folder(tmp_path)
    assert [(record.name[-12:-4], record.label, record.split) for record in source.records] == [
        ("_0024306", 1, "train_val"),
        ("_0024308", 6, "train_val"),
        ("_0024307", 0, "train_val"),
        ("_0034524", 2, "test"),
    ]
    assert [record.patient for record in source.records[:3]] == ["HAM_0000550", "HAM_0001477", "HAM_0000550"]
    assert not rejects.found


def test_the_ground_truth_tells_the_part_of_images_in_other_folders(folder: Path) -> None:
    (with_test_set(folder) / "ISIC2018_Task3_Test_Input").rename(folder / "others")
    source, _ = read_folder(folder)
    assert [(record.name, record.split) for record in source.records][-1] == ("others/ISIC_0034524.jpg", "test")
    assert {record.split for record in source.records[:-1]} == {"train_val"}


def test_only_folders_named_as_released_tell_the_part(tmp_path: Path) -> None:
    folder = tmp_path / "ham_train_test"
    write(folder / "HAM10000_metadata.csv", METADATA)
    for row in ROWS:
        image(folder / "imgs", row[:12])
    source, _ = read_folder(tmp_path)
    assert [(record.label, record.split) for record in source.records] == [(1, None), (0, None), (6, None)]


def test_images_of_one_name_that_differ_are_set_aside(folder: Path) -> None:
    image(folder / "copy", "ISIC_0024306")  # the same
    image(folder / "copy", "ISIC_0024308")
    (folder / "copy" / "ISIC_0024308.jpg").write_bytes(b"another")
    source, rejects = read_folder(folder)
    assert [record.name for record in source.records] == [
        "ISIC2018_Task3_Training_Input/ISIC_0024306.jpg",
        "ISIC2018_Task3_Training_Input/ISIC_0024307.jpg",
    ]
    assert [item.path for item in rejects.found] == [
        "ISIC2018_Task3_Training_Input/ISIC_0024308.jpg",
        "copy/ISIC_0024308.jpg",
    ]


def test_joint_and_segmentation(folder: Path) -> None:
    masks = folder / "ISIC2018_Task1_Training_GroundTruth"
    mask(masks, "ISIC_0024306")
    mask(masks, "ISIC_0024307", [[0, 140], [100, 255]])
    mask(masks, "ISIC_0099999")
    source, rejects = read_folder(folder, "--task", "joint")
    assert source.masks == {"lesion": [255]}
    assert [record.label for record in source.records] == [1, 0, 6]
    as_it_is, converted, none = (record.mask for record in source.records)
    assert as_it_is == masks / "ISIC_0024306_segmentation.png"
    assert converted is not None
    assert converted.parent == folder / "out" / "masks"
    np.testing.assert_array_equal(np.asarray(Image.open(converted)), [[0, 255], [0, 255]])
    assert none is None
    written = converted.stat().st_mtime_ns
    source, _ = read_folder(folder, "--task", "segmentation")
    assert source.labels == ("lesion",)
    assert [(record.label, record.mask) for record in source.records] == [
        (None, as_it_is),
        (None, converted),
        (None, None),
    ]
    assert converted.stat().st_mtime_ns == written
    assert not rejects.found


def test_segmentation_takes_the_images_of_task_1_where_they_are(folder: Path) -> None:
    image(folder / "ISIC2018_Task1-2_Training_Input", "ISIC_0000000")
    image(folder / "ISIC2018_Task1-2_Test_Input", "ISIC_0012169")
    mask(folder / "ISIC2018_Task1_Training_GroundTruth", "ISIC_0000000")
    mask(folder / "ISIC2018_Task1_Test_GroundTruth", "ISIC_0012169")
    source, _ = read_folder(folder, "--task", "segmentation")
    assert [(record.name.split("/")[1], record.split) for record in source.records] == [
        ("ISIC_0012169.jpg", "test"),
        ("ISIC_0000000.jpg", "train_val"),
    ]
    assert [record.name[-16:] for record in read_folder(folder)[0].records] == [f"{row[:12]}.jpg" for row in ROWS]


def test_segmentation_takes_images_in_folders_of_any_name(folder: Path) -> None:
    image(folder / "ISIC2018_Task1-2_Training_Input", "ISIC_0000000")
    image(folder / "more", "ISIC_0000001")
    image(folder / "HAM10000_images_part_1", "ISIC_0024309")
    mask(folder / "ISIC2018_Task1_Training_GroundTruth", "ISIC_0000000")
    mask(folder / "more masks", "ISIC_0000001")
    source, _ = read_folder(folder, "--task", "segmentation")
    assert [record.name for record in source.records] == [
        "ISIC2018_Task1-2_Training_Input/ISIC_0000000.jpg",
        "more/ISIC_0000001.jpg",
    ]
    assert all(record.mask for record in source.records)


@pytest.mark.parametrize(
    "row", [ROWS[0].replace("0.0,1.0", "1.0,1.0"), ROWS[0].replace("1.0", "0.0"), "ISIC_0024306,,,,,,,"]
)
def test_a_row_without_exactly_one_diagnosis(folder: Path, row: str) -> None:
    write(folder / TRAINING, (HEADER, row, *ROWS[1:]))
    source, rejects = read_folder(folder)
    assert len(source.records) == 2
    assert [(item.path, item.reason) for item in rejects.found] == [
        ("ISIC2018_Task3_Training_GroundTruth.csv, line 2", "this row does not mark exactly one diagnosis")
    ]


def test_what_is_set_aside(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(
        folder / TRAINING,
        (HEADER, ROWS[0], ROWS[0].replace("0.0,1.0", "1.0,0.0"), ROWS[1], "ISIC_0020000" + ROWS[0][12:]),
    )
    (folder / "ISIC2018_Task1_Training_GroundTruth").mkdir()
    (folder / "ISIC2018_Task1_Training_GroundTruth" / "ISIC_0024307_segmentation.png").write_bytes(b"no picture")
    with caplog.at_level(logging.WARNING):
        source, rejects = read_folder(folder, "--task", "joint")
    assert [(record.name[-16:], record.label, record.mask) for record in source.records] == [
        ("ISIC_0024307.jpg", 0, None)
    ]
    assert [(item.path, item.reason) for item in rejects.found] == [
        ("ISIC2018_Task3_Training_GroundTruth.csv, line 3", "an earlier row has another diagnosis of this image"),
        (
            "ISIC2018_Task1_Training_GroundTruth/ISIC_0024307_segmentation.png",
            "this picture cannot be read (UnidentifiedImageError)",
        ),
        ("ISIC2018_Task3_Training_Input/ISIC_0024308.jpg", "no table has a row of this image"),
    ]
    assert f"The tables have labels of 1 images that are not in {folder}." in caplog.messages


def test_what_the_task_needs_must_be_there(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no mask here"):
        read_folder(folder, "--task", "segmentation")
    write(folder / TRAINING, ("image,MEL,NV", "ISIC_0024306,0,1"))
    with pytest.raises(InputError, match="MEL, NV, BCC, AKIEC, BKL, DF, VASC"):
        read_folder(folder)
    write(folder / TRAINING, (HEADER.replace("image", "picture"), *ROWS))
    with pytest.raises(InputError, match="no column image or image_id"):
        read_folder(folder)
    (folder / TRAINING).unlink()
    (folder / "HAM10000_metadata.csv").unlink()
    with pytest.raises(InputError, match=r"neither ISIC2018_Task3_Training_GroundTruth\.csv nor"):
        read_folder(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no image here"):
        read_folder(tmp_path / "empty")


def test_released_images(real_images: Path, tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = parser.parse_args([])
    options.source, options.output = real_images / "isic2018", tmp_path / "out"
    rejects = Rejects()
    source = read(options, rejects)
    assert len(source.records) == 7069
    assert len({record.patient for record in source.records}) == 5251
    assert not rejects.found


def test_released_masks_show_the_lesion_not_the_skin_around(real_images: Path, tmp_path: Path) -> None:
    """Some of the masks have a palette whose index 255 is black."""
    masks = sorted((real_images / "isic2018" / "ISIC2018_Task1_Training_GroundTruth").glob("*.png"))[:400]
    inverted = [path for path in masks if Image.open(path).mode == "P"][:8]
    for path in inverted:
        (tmp_path / path.name).symlink_to(path)
        image(tmp_path, path.name[:12])
    source, _ = read_folder(tmp_path, "--task", "segmentation")
    assert len(source.records) == len(inverted) == 8
    for record in source.records:
        assert record.mask is not None
        region = read_mask(record.mask) == 255
        border = np.concatenate([region[0], region[-1], region[:, 0], region[:, -1]])
        assert region.any()
        assert border.mean() < 0.3
