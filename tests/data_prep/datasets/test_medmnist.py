"""MedMNIST: splits, labels, classes and pixels of every kind of npz."""

import argparse
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from data_prep.datasets.medmnist import add_arguments, read
from data_prep.datasets.medmnist_classes import KNOWN, known_as
from data_prep.records import Rejects, Source
from monai_ssl.errors import InputError

COUNTS = {"train": 4, "val": 2, "test": 3}


def arrays(image: tuple[int, ...], labels: dict[str, Any] | None = None) -> dict[str, np.ndarray]:
    """Random images of a shape, and by default the classes 0, 1, 0, 1..."""
    random = np.random.default_rng(1)
    found = {}
    for name, count in COUNTS.items():
        found[f"{name}_images"] = random.integers(0, 256, (count, *image), dtype=np.uint8)
        found[f"{name}_labels"] = np.arange(count, dtype=np.uint8)[:, None] % 2 if labels is None else labels[name]
    return found


def read_npz(folder: Path, file: str = "pneumoniamnist.npz", *more: str, **content: np.ndarray) -> Source:
    if content:
        np.savez_compressed(folder / file, **content)
    return read_folder(folder, *more)


def read_folder(folder: Path, *more: str) -> Source:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = parser.parse_args(more)
    options.source, options.output, options.workers = folder, folder / "out", 1
    return read(options, Rejects())


def test_grey_pictures_of_two_classes(tmp_path: Path) -> None:
    content = arrays((28, 28))
    source = read_npz(tmp_path, **content)
    assert (source.name, source.task, source.labels) == ("pneumoniamnist", "multiclass", ("normal", "pneumonia"))
    assert (source.modality, source.channels, source.spatial_dims) == ("DX", 1, 2)
    assert [record.split for record in source.records] == ["training"] * 4 + ["validation"] * 2 + ["test"] * 3
    assert [record.label for record in source.records] == [0, 1, 0, 1, 0, 1, 0, 1, 0]
    assert source.records[4].name == "pneumoniamnist.npz/val/0"
    assert all(record.patient is None for record in source.records)
    pixels = np.concatenate([content[f"{name}_images"] for name in COUNTS])
    for record, expected in zip(source.records, pixels, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(record.image)), expected)


def test_a_second_read_writes_nothing(tmp_path: Path) -> None:
    source = read_npz(tmp_path, **arrays((28, 28)))
    times = [record.image.stat().st_mtime_ns for record in source.records]
    again = read_npz(tmp_path)
    assert again.records == source.records
    assert [record.image.stat().st_mtime_ns for record in again.records] == times


def test_colour_pictures_of_a_larger_size(tmp_path: Path) -> None:
    content = arrays((64, 64, 3))
    source = read_npz(tmp_path, "dermamnist_64.npz", **content)
    assert (source.modality, source.channels, source.spatial_dims, len(source.labels)) == ("XC", 3, 2, 7)
    np.testing.assert_array_equal(np.asarray(Image.open(source.records[8].image)), content["test_images"][2])


def test_volumes(tmp_path: Path) -> None:
    content = arrays((28, 28, 28))
    source = read_npz(tmp_path, "nodulemnist3d.npz", **content)
    assert (source.channels, source.spatial_dims, source.labels) == (1, 3, ("benign", "malignant"))
    volume = nib.load(source.records[1].image)
    np.testing.assert_array_equal(volume.dataobj, content["train_images"][1])
    np.testing.assert_array_equal(volume.affine, np.eye(4))


def test_several_labels_an_image(tmp_path: Path) -> None:
    labels = {name: np.eye(14, dtype=np.uint8)[:count] for name, count in COUNTS.items()}
    source = read_npz(tmp_path, "chestmnist.npz", **arrays((28, 28), labels))
    assert source.task == "multilabel"
    assert source.labels[13] == "hernia"
    assert source.records[1].label == [0, 1] + [0] * 12


def test_a_set_that_is_not_known(tmp_path: Path) -> None:
    labels = {"train": np.array([0, 1, 2, 0]), "val": np.array([3, 0]), "test": np.array([0, 1, 2])}
    source = read_npz(tmp_path, "mymnist.npz", **arrays((28, 28), labels))
    assert source.labels == ("class 0", "class 1", "class 2", "class 3")
    assert source.modality is None
    assert [record.label for record in source.records] == [0, 1, 2, 0, 3, 0, 0, 1, 2]


def test_one_of_several_files(tmp_path: Path) -> None:
    np.savez(tmp_path / "pathmnist.npz", nothing=np.zeros(1))
    with pytest.raises(InputError, match=r"one npz of MedMNIST is expected, and 2 are there"):
        read_npz(tmp_path, **arrays((28, 28)))
    assert read_npz(tmp_path, "", "--file", "pneumoniamnist.npz").name == "pneumoniamnist"
    with pytest.raises(InputError, match=r"absent\.npz: there is no such file"):
        read_npz(tmp_path, "", "--file", "absent.npz")


GREY = (28, 28)
WRONG = {
    "no train_labels": ({"train_labels": None}, "there is no array train_labels"),
    "other count": ({"val_labels": np.zeros((3, 1), np.uint8)}, "val has 2 images, but 3 labels"),
    "other class": ({"test_labels": np.full((3, 1), 2)}, "there are 3 classes, but pneumoniamnist has 2"),
    "negative": ({"test_labels": np.full((3, 1), -1)}, "test_labels are not numbers from 0 up"),
    "other shape": ({"test_images": np.zeros((3, 30, 30), np.uint8)}, "differ in the shape"),
    "floats": ({"test_images": np.zeros((3, 28, 28))}, "test_images is not an array of 2D or 3D images of 8 bits"),
    "objects": ({"train_labels": np.array([[{}]] * 4)}, r"cannot be read \(ValueError\)"),
    "counts": ({f"{name}_labels": np.full((count, 2), 3) for name, count in COUNTS.items()}, "neither 0 nor 1"),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_other_arrays(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    content = {key: value for key, value in (arrays(GREY) | change).items() if value is not None}
    with pytest.raises(InputError, match=message) as caught:
        read_npz(tmp_path, **content)
    assert "pneumoniamnist.npz: " in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_damaged_files(tmp_path: Path) -> None:
    file = tmp_path / "pneumoniamnist.npz"
    np.savez_compressed(file, **arrays(GREY))
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cannot be read \(BadZipFile\)\. Download it again"):
        read_folder(tmp_path)
    # The pixels of the first array are changed, so that their checksum is wrong.
    file.write_bytes(whole[:1000] + bytes(100) + whole[1100:])
    with pytest.raises(InputError, match="cannot be read"):
        read_folder(tmp_path)
    file.unlink()
    with pytest.raises(InputError, match="and 0 are there"):
        read_folder(tmp_path)


@pytest.mark.parametrize(
    ("stem", "known"), [("pathmnist", "pathmnist"), ("organmnist3d_64", "organmnist3d"), ("mnist", None)]
)
def test_known_names(stem: str, known: str | None) -> None:
    assert known_as(stem) == known


def test_classes_of_the_known_sets() -> None:
    """The numbers of classes in the paper's table 2."""
    counts = {name: len(classes) for name, (_, classes) in KNOWN.items()}
    assert counts == {
        "pathmnist": 9,
        "chestmnist": 14,
        "dermamnist": 7,
        "octmnist": 4,
        "pneumoniamnist": 2,
        "retinamnist": 5,
        "breastmnist": 2,
        "bloodmnist": 8,
        "tissuemnist": 8,
        "organamnist": 11,
        "organcmnist": 11,
        "organsmnist": 11,
        "organmnist3d": 11,
        "nodulemnist3d": 2,
        "adrenalmnist3d": 2,
        "fracturemnist3d": 3,
        "vesselmnist3d": 2,
        "synapsemnist3d": 2,
    }
    assert all(len(set(classes)) == len(classes) for _, classes in KNOWN.values())


def test_real_file(tmp_path: Path, real_images: Path) -> None:
    """PneumoniaMNIST has 4708, 524 and 624 images; 3494, 389 and 390 of them show pneumonia."""
    folder = real_images / "medmnist"
    if not (folder / "pneumoniamnist.npz").is_file():
        pytest.skip("PneumoniaMNIST is not there")
    options = argparse.Namespace(source=folder, output=tmp_path, workers=2, file=None)
    records = read(options, Rejects()).records
    found = {split: [r.label for r in records if r.split == split] for split in ("training", "validation", "test")}
    assert {split: (len(labels), sum(labels)) for split, labels in found.items()} == {
        "training": (4708, 3494),
        "validation": (524, 389),
        "test": (624, 390),
    }
