"""CIFAR-10: images, labels and splits of batches as Python 2 wrote them, and nothing of a pickle is run."""

import argparse
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data_prep.datasets.cifar10 import add_arguments, read
from data_prep.datasets.cifar10_batch import read_batch
from data_prep.records import Rejects, Source
from monai_ssl.errors import InputError

NAMES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]


class Python2Pickler(pickle._Pickler):  # type: ignore[name-defined]
    """Writes bytes as Python 2 wrote its strings, and the names that NumPy had then."""

    dispatch = pickle._Pickler.dispatch.copy()  # type: ignore[attr-defined]

    def save_bytes(self, text: bytes) -> None:
        short = len(text) < 256
        self.write((b"U" + bytes([len(text)]) if short else b"T" + struct.pack("<i", len(text))) + text)
        self.memoize(text)

    dispatch[bytes] = save_bytes


def write_batch(file: Path, content: Any) -> None:
    with file.open("wb") as opened:
        Python2Pickler(opened, protocol=2).dump(content)
    file.write_bytes(file.read_bytes().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n"))


def batch(number: int) -> dict[bytes, Any]:
    pixels = np.random.default_rng(number).integers(0, 256, (2, 3072), dtype=np.uint8)
    return {b"batch_label": b"training batch", b"labels": [number, 9], b"data": pixels, b"filenames": [b"a.png"] * 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six batches of two images."""
    inner = tmp_path / "cifar-10-batches-py"
    inner.mkdir()
    for number, name in enumerate(NAMES):
        write_batch(inner / name, batch(number))
    return tmp_path


def read_folder(folder: Path) -> Source:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = parser.parse_args([])
    options.source, options.output, options.workers = folder, folder / "out", 1
    return read(options, Rejects())


def test_images_labels_and_splits(folder: Path) -> None:
    source = read_folder(folder)
    assert (source.task, source.channels, source.modality, source.labels[3]) == ("multiclass", 3, "OT", "cat")
    assert [record.label for record in source.records] == [0, 9, 1, 9, 2, 9, 3, 9, 4, 9, 5, 9]
    assert [record.split for record in source.records] == ["train_val"] * 10 + ["test"] * 2
    assert source.records[11].name == "test_batch/1"
    # A row holds 1024 bytes of red, then of green, then of blue, each row by row.
    row = batch(5)[b"data"][1].tolist()
    pixels = np.asarray(Image.open(source.records[11].image))
    assert pixels.shape == (32, 32, 3)
    assert pixels[0, 0].tolist() == [row[0], row[1024], row[2048]]
    assert pixels[2, 5].tolist() == [row[69], row[1024 + 69], row[2048 + 69]]


def test_a_second_read_writes_nothing(folder: Path) -> None:
    first = read_folder(folder)
    times = [record.image.stat().st_mtime_ns for record in first.records]
    again = read_folder(folder / "cifar-10-batches-py")
    assert [record.label for record in again.records] == [record.label for record in first.records]
    assert read_folder(folder).records == first.records
    assert [record.image.stat().st_mtime_ns for record in first.records] == times


def test_batches_of_python_3(tmp_path: Path) -> None:
    (tmp_path / "batch").write_bytes(pickle.dumps(batch(7), protocol=2))
    pixels, labels = read_batch(tmp_path / "batch")
    assert (pixels.shape, labels) == ((2, 32, 32, 3), [7, 9])


class Evil:
    """Makes a folder when a pickle of it is loaded."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (self.target,)


def test_nothing_in_a_pickle_is_run(tmp_path: Path) -> None:
    write_batch(tmp_path / "batch", batch(1) | {b"more": Evil(tmp_path / "made")})
    with pytest.raises(InputError, match=r"batch: this pickle holds code .* nothing of it was run\. Download"):
        read_batch(tmp_path / "batch")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("name", ["builtins eval", "os system", "numpy fromfile", "numpy.core.multiarray fromfile"])
def test_other_names_in_a_pickle(tmp_path: Path, name: str) -> None:
    module, function = name.split()
    (tmp_path / "batch").write_bytes(f"c{module}\n{function}\n(S'1'\ntR.".encode())
    with pytest.raises(InputError, match="nothing of it was run"):
        read_batch(tmp_path / "batch")


WRONG = {
    "no labels": ({b"labels": None}, "there is not one label"),
    "a label too few": ({b"labels": [1]}, "there is not one label"),
    "another label": ({b"labels": [1, 10]}, "there is not one label"),
    "another size": ({b"data": np.zeros((2, 784), np.uint8)}, "the images are not rows of 3072 bytes"),
    "no array": ({b"data": [1, 2]}, "the images are not rows of 3072 bytes"),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_other_content(tmp_path: Path, change: dict[bytes, Any], message: str) -> None:
    write_batch(tmp_path / "batch", batch(1) | change)
    with pytest.raises(InputError, match=f"batch: {message}"):
        read_batch(tmp_path / "batch")


def test_damaged_batches(tmp_path: Path) -> None:
    write_batch(tmp_path / "batch", batch(1))
    (tmp_path / "batch").write_bytes((tmp_path / "batch").read_bytes()[:3000])
    (tmp_path / "list").write_bytes(pickle.dumps([1, 2]))
    (tmp_path / "text").write_text("no pickle")
    for name in ("batch", "list", "text", "absent"):
        with pytest.raises(InputError, match=rf"{name}: this is no batch of CIFAR-10, or damaged"):
            read_batch(tmp_path / name)


def test_a_batch_that_is_missing(folder: Path) -> None:
    (folder / "cifar-10-batches-py" / "data_batch_3").unlink()
    with pytest.raises(InputError, match=r"cifar-10-batches-py: data_batch_3 is not there"):
        read_folder(folder)
