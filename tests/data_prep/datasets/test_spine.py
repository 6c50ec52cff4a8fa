"""Vertebra patches: where they are cut, what is in them, which labels and patients they have."""

import argparse
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from data_prep.datasets.spine import add_arguments, read
from data_prep.datasets.spine_patches import SpineJob, box_of, cut, cut_vertebrae
from data_prep.records import Rejects, Source
from monai_ssl.errors import InputError

HEADER = "image,vertebra,abnormal,patient"


def save(file: Path, values: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(values, dtype=np.uint8)).save(file)
    return file


def save_dicom(file: Path, grey: NDArray[np.uint8], patient: str) -> None:
    header = pydicom.Dataset()
    header.SOPClassUID, header.SOPInstanceUID = DigitalXRayImageStorageForPresentation, "1.2.3"
    header.PatientID, header.Modality, header.PhotometricInterpretation = patient, "DX", "MONOCHROME2"
    header.Rows, header.Columns = grey.shape
    header.SamplesPerPixel, header.BitsAllocated, header.BitsStored, header.HighBit = 1, 8, 8, 7
    header.PixelRepresentation, header.WindowCenter, header.WindowWidth = 0, "127.5", "255"
    header.PixelData = grey.tobytes()
    header.file_meta = pydicom.dataset.FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file.parent.mkdir(parents=True, exist_ok=True)
    header.save_as(file, enforce_file_format=True)


def pixels(file: Path | tuple[Path, ...] | None) -> NDArray[np.generic]:
    assert isinstance(file, Path)
    with Image.open(file) as picture:
        return np.asarray(picture)


def read_folder(folder: Path, *arguments: str) -> tuple[Source, Rejects]:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = parser.parse_args(arguments)
    options.source, options.output, options.workers = folder, folder / "out", 1
    rejects = Rejects()
    return read(options, rejects), rejects


def write_table(folder: Path, *rows: str, header: str = HEADER) -> None:
    (folder / "labels.csv").write_text("\n".join((header, *rows)) + "\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Radiograph a has vertebrae 1 and 2 in one mask, b_2 has L1 and L2 in masks of their own."""
    grey = np.arange(40 * 30).reshape(40, 30) % 251
    save(tmp_path / "images" / "a.png", grey)
    save(tmp_path / "images" / "b_2.png", grey)
    numbers = np.zeros((40, 30))
    numbers[0:8, 10:18], numbers[20:28, 10:18] = 1, 2
    save(tmp_path / "masks" / "a.png", numbers)
    save(tmp_path / "masks" / "b_2_L1.png", (numbers == 1) * 255)
    save(tmp_path / "masks" / "b_2_L2.png", numbers == 2)
    write_table(tmp_path, "a,1,0,P1", "a.png,2,1,P1", "b_2,l2,1,")
    return tmp_path


def test_patches_with_labels_and_patients(folder: Path) -> None:
    source, rejects = read_folder(folder, "--patch_size", "16")
    assert (source.task, source.labels, source.masks) == ("joint", ("normal", "abnormal"), {"vertebra": [255]})
    assert (source.modality, source.channels, source.spatial_dims) == ("DX", 1, 2)
    assert [(r.name, r.label, r.patient, r.mask is None, r.where) for r in source.records] == [
        ("images/a.png, vertebra 1", 0, "table P1", False, "labels.csv, line 2"),
        ("images/a.png, vertebra 2", 1, "table P1", False, "labels.csv, line 3"),
        ("images/b_2.png, vertebra L1", None, "image b_2.png", True, ""),
        ("images/b_2.png, vertebra L2", 1, "image b_2.png", False, "labels.csv, line 4"),
    ]
    assert not rejects.found


def test_the_pixels_of_a_dicom_file(folder: Path) -> None:
    grey = pixels(folder / "images" / "a.png")
    (folder / "images" / "a.png").unlink()
    save_dicom(folder / "images" / "a.dcm", grey, "Q7")
    source, _ = read_folder(folder, "--patch_size", "16")
    patch = pixels(source.records[1].image).astype(np.float64)
    np.testing.assert_allclose(patch, grey[16:32, 6:22] * 257.0, atol=1.0)


def radiographs(folder: Path, headers: dict[str, str]) -> None:
    """DICOM radiographs with these PatientIDs by their names, each with a mask of the vertebra 1."""
    for name, patient in headers.items():
        save_dicom(folder / "images" / f"{name}.dcm", np.arange(64, dtype=np.uint8).reshape(8, 8), patient)
        save(folder / "masks" / f"{name}.png", np.ones((8, 8)))


def groups(source: Source) -> list[list[str]]:
    """The names of the radiographs of each patient."""
    of: dict[str, list[str]] = {}
    for record in source.records:
        assert record.patient is not None
        of.setdefault(record.patient, []).append(record.name.removeprefix("images/").partition(".")[0])
    return sorted(of.values())


def test_a_header_means_the_patient_of_the_table_that_it_comes_with(tmp_path: Path) -> None:
    """Of e and f the table says nothing; that P2 is a name in the table and in a header of another one is chance."""
    radiographs(tmp_path, {"a": "Q1", "b": "Q1", "c": "", "d": "Q2", "e": "P2", "f": "P2", "g": "", "h": ""})
    write_table(tmp_path, "a,1,0,P1", "c,1,1,P1", "d,1,1,P2")
    source, rejects = read_folder(tmp_path, "--patch_size", "16")
    assert groups(source) == [["a", "b", "c"], ["d"], ["e", "f"], ["g"], ["h"]]
    assert not rejects.found


def test_a_header_that_may_mean_two_patients(tmp_path: Path) -> None:
    radiographs(tmp_path, {"a": "Q1", "b": "Q1", "c": "Q1"})
    write_table(tmp_path, "a,1,0,P1", "b,1,1,P2")
    with pytest.raises(InputError, match=r"labels\.csv: 1 of the PatientIDs .* belong to several patients"):
        read_folder(tmp_path, "--patch_size", "16")


@pytest.mark.parametrize("abnormal", ["", "maybe"])
def test_a_row_without_a_class_tells_the_patient(folder: Path, abnormal: str) -> None:
    write_table(folder, "a,1,0,P1", f"b_2,L1,{abnormal},P1")
    source, rejects = read_folder(folder, "--patch_size", "16")
    assert groups(source) == [["a", "a", "b_2", "b_2"]]
    assert [record.label for record in source.records] == [0, None, None, None]
    assert [(item.path, item.reason) for item in rejects.found] == [
        ("labels.csv, line 3", "abnormal is neither 0 nor 1")
    ]


def test_a_damaged_dicom_header_is_set_aside(folder: Path) -> None:
    """It ends within a sequence before the PatientID."""
    radiographs(folder, {"broken": "Q7"})
    file = folder / "images" / "broken.dcm"
    content = file.read_bytes()
    start = content.index(b"\x10\x00\x20\x00LO")
    file.write_bytes(content[:start] + b"\x08\x00\x12\x12SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0")
    source, rejects = read_folder(folder)
    assert len(source.records) == 4
    assert [(item.path, item.reason) for item in rejects.found] == [
        ("images/broken.dcm", "the DICOM header is damaged (OSError)")
    ]


def test_a_patch_shows_the_vertebra_and_its_margin(folder: Path) -> None:
    """A vertebra of 8 x 8 pixels with half of that on each side is 16 x 16, so that nothing is resampled."""
    source, _ = read_folder(folder, "--patch_size", "16")
    grey = pixels(folder / "images" / "a.png").astype(np.int64)
    inner = np.zeros((16, 16))
    inner[4:12, 4:12] = 255
    second, first = source.records[1], source.records[0]
    np.testing.assert_array_equal(pixels(second.image), grey[16:32, 6:22] * 257)
    np.testing.assert_array_equal(pixels(second.mask), inner)
    above = np.zeros((4, 16))
    np.testing.assert_array_equal(pixels(first.image), np.concatenate([above, grey[0:12, 6:22] * 257]))
    np.testing.assert_array_equal(pixels(first.mask), inner)


def test_patches_are_reduced_by_averaging_and_masks_by_nearest_neighbor(tmp_path: Path) -> None:
    grey = np.zeros((64, 64))
    grey[1::2, :] = 100
    mask = np.zeros((64, 64))
    mask[16:48, 16:48] = 1
    image, number = save(tmp_path / "a.png", grey), save(tmp_path / "m.png", mask)
    job = SpineJob(image, {"": number}, tmp_path / "out", bytes(32), 0.5, 32)
    (patch,) = cut_vertebrae(job).patches
    assert np.unique(pixels(patch.image)).tolist() == [12850]  # the average of 0 and 100, times 257
    expected = np.zeros((32, 32))
    expected[8:24, 8:24] = 255
    np.testing.assert_array_equal(pixels(patch.mask), expected)


@pytest.mark.parametrize(
    ("region", "margin", "box"),
    [
        ((slice(20, 28), slice(10, 18)), 0.5, (16, 6, 16)),
        ((slice(20, 28), slice(10, 18)), 0.0, (20, 10, 8)),
        ((slice(20, 24), slice(10, 18)), 0.5, (14, 6, 16)),  # made square around the middle
        ((slice(0, 10), slice(0, 5)), 0.25, (-2, -5, 15)),
        ((slice(3, 4), slice(3, 4)), 0.3, (3, 3, 2)),
    ],
)
def test_the_box_of_a_vertebra(region: tuple[slice, slice], margin: float, box: tuple[int, int, int]) -> None:
    mask = np.zeros((40, 30), dtype=bool)
    mask[region] = True
    assert box_of(mask, margin) == box


def test_what_is_outside_is_black() -> None:
    image = np.array([[1, 2], [3, 4]])
    assert cut(image, (-1, -1, 3)).tolist() == [[0, 0, 0], [0, 1, 2], [0, 3, 4]]
    assert cut(image, (1, 0, 3)).tolist() == [[3, 4, 0], [0, 0, 0], [0, 0, 0]]


def test_a_second_run_writes_nothing_and_other_options_write_anew(folder: Path) -> None:
    first, _ = read_folder(folder, "--patch_size", "16")
    times = {file: file.stat().st_mtime_ns for file in (folder / "out").rglob("*.png")}
    assert len(times) == 8
    second, _ = read_folder(folder, "--patch_size", "16")
    assert second == first
    assert {file: file.stat().st_mtime_ns for file in (folder / "out").rglob("*.png")} == times
    other, _ = read_folder(folder, "--patch_size", "16", "--margin", "0.25")
    assert {record.image for record in other.records}.isdisjoint(record.image for record in first.records)


def test_rows_that_cannot_be_used(folder: Path) -> None:
    write_table(
        folder,
        "a,1,0,P1",
        "a,1,0,P1",
        "a,2,maybe,P1",
        "a,2,1,P2",
        "a,3,1,P1",
        "c,1,0,P1",
        "b_2,L1,1.0,P3",
    )
    source, rejects = read_folder(folder)
    assert [(record.label, record.patient) for record in source.records] == [
        (0, "table P1"),
        (None, "table P1"),
        (1, "table P3"),
        (None, "table P3"),
    ]
    assert [(item.path, item.reason) for item in rejects.found] == [
        ("labels.csv, line 3", "an earlier row is of the same vertebra"),
        ("labels.csv, line 4", "abnormal is neither 0 nor 1"),
        ("labels.csv, line 5", "an earlier row gives this radiograph to another patient"),
        ("labels.csv, line 7", "no images have this name"),
        ("labels.csv, line 6", "the mask of the radiograph does not have this vertebra"),
    ]


def test_radiographs_that_cannot_be_used(folder: Path) -> None:
    numbers = pixels(folder / "masks" / "a.png")
    for name in ("broken", "empty", "large", "small", "unmasked"):
        save(folder / "images" / f"{name}.png", np.zeros((40, 30)))
    (folder / "images" / "broken.png").write_bytes(b"no picture")
    save(folder / "masks" / "broken.png", numbers)
    save(folder / "masks" / "empty.png", np.zeros((40, 30)))
    save(folder / "masks" / "large.png", numbers * 120)
    save(folder / "masks" / "small.png", numbers[:20])
    save(folder / "masks" / "other.png", numbers)
    source, rejects = read_folder(folder)
    assert len(source.records) == 4
    assert [(item.path, item.reason) for item in rejects.found] == [
        ("masks/other.png", "no image has the name of this mask"),
        ("images/unmasked.png", "there is no mask of this radiograph"),
        ("images/broken.png", "this picture cannot be read (UnidentifiedImageError)"),
        ("images/empty.png", "the mask of this radiograph is empty"),
        ("images/large.png", "the value 240 of this mask is no number of a vertebra"),
        ("images/small.png", "the mask of this radiograph has the size (20, 30), the radiograph (40, 30)"),
    ]


def test_a_layout_that_is_another(folder: Path) -> None:
    save(folder / "masks" / "b_2.png", np.zeros((40, 30)))
    with pytest.raises(InputError, match="b_2 has a mask of all vertebrae and masks of single ones"):
        read_folder(folder)
    for file in (folder / "masks").iterdir():
        file.rename(folder / "masks" / f"x{file.name}")
    with pytest.raises(InputError, match="no mask here has the name of an image"):
        read_folder(folder)
    write_table(folder, "a,1", header="image,vertebra")
    for file in (folder / "masks").iterdir():
        file.rename(folder / "masks" / file.name[1:])
    (folder / "masks" / "b_2.png").unlink()
    with pytest.raises(InputError, match="no column abnormal"):
        read_folder(folder)
    (folder / "labels.csv").unlink()
    with pytest.raises(InputError, match=r"labels\.csv: this file cannot be read"):
        read_folder(folder)
    with pytest.raises(InputError, match="images: there is no such folder"):
        read_folder(folder / "images")


@pytest.mark.parametrize("arguments", [("--margin", "-1"), ("--margin", "nan"), ("--patch_size", "0")])
def test_options_that_make_no_patch(folder: Path, arguments: tuple[str, str]) -> None:
    with pytest.raises(SystemExit):
        read_folder(folder, *arguments)
