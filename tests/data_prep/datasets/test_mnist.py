"""MNIST: idx files in each of their spellings, and damaged ones."""

import argparse
import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep.datasets.mnist import add_arguments, read
from data_prep.records import Rejects, Source
from monai_ssl.errors import InputError

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
LABELS = [7, 2, 0, 9, 1]


def images(count: int = 3, first: int = 0) -> bytes:
    """The magic number 2051, three sizes and the pixels."""
    return struct.pack(">4I", 2051, count, 28, 28) + PIXELS[first : first + count].tobytes()


def labels(count: int = 3, first: int = 0) -> bytes:
    """The magic number 2049, the count and the labels."""
    return struct.pack(">2I", 2049, count) + bytes(LABELS[first : first + count])


def write(folder: Path, mark: str = "-", suffix: str = "") -> None:
    """Three images for training and two for test."""
    files = {
        f"train-images{mark}idx3-ubyte": images(),
        f"train-labels{mark}idx1-ubyte": labels(),
        f"t10k-images{mark}idx3-ubyte": images(2, 3),
        f"t10k-labels{mark}idx1-ubyte": labels(2, 3),
    }
    for name, content in files.items():
        (folder / f"{name}{suffix}").write_bytes(gzip.compress(content) if suffix else content)


def read_folder(folder: Path, *more: str) -> Source:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = parser.parse_args(more)
    options.source, options.output, options.workers = folder, folder / "out", 1
    return read(options, Rejects())


@pytest.mark.parametrize(("mark", "suffix"), [("-", ""), ("-", ".gz"), (".", "")])
def test_images_labels_and_splits(tmp_path: Path, mark: str, suffix: str) -> None:
    write(tmp_path, mark, suffix)
    source = read_folder(tmp_path)
    assert (source.name, source.task, source.channels, source.labels) == ("mnist", "multiclass", 1, tuple("0123456789"))
    assert [record.label for record in source.records] == LABELS
    assert [record.split for record in source.records] == ["train_val"] * 3 + ["test"] * 2
    for record, pixels in zip(source.records, PIXELS, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(record.image)), pixels)


def test_a_second_read_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path)
    first = read_folder(tmp_path)
    times = [record.image.stat().st_mtime_ns for record in first.records]
    assert read_folder(tmp_path).records == first.records
    assert [record.image.stat().st_mtime_ns for record in first.records] == times


def test_fashion(tmp_path: Path) -> None:
    write(tmp_path)
    source = read_folder(tmp_path, "--fashion")
    assert (source.name, source.labels[9], len(source.labels)) == ("fashion_mnist", "Ankle boot", 10)


WRONG = {
    "images for labels": ("train-labels-idx1-ubyte", images(), "this is no idx file of bytes with 1 dimensions"),
    "labels for images": ("t10k-images-idx3-ubyte", labels(2), "this is no idx file of bytes with 3 dimensions"),
    "floats": ("train-images-idx3-ubyte", b"\0\0\x0d\3" + images()[4:], "this is no idx file"),
    "short header": ("train-images-idx3-ubyte", images()[:10], "this is no idx file"),
    "short images": ("train-images-idx3-ubyte", images()[:-1], "this file is cut short"),
    "short labels": ("train-labels-idx1-ubyte", labels()[:-1], "there are not 3 labels"),
    "label above 9": ("train-labels-idx1-ubyte", labels()[:-1] + b"\x0a", "there are not 3 labels from 0 to 9"),
    "other count": ("train-labels-idx1-ubyte", labels(2), "there are 3 images, but 2 labels"),
}


@pytest.mark.parametrize(("name", "content", "message"), WRONG.values(), ids=WRONG)
def test_other_content(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    write(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f": {message}"):
        read_folder(tmp_path)


def test_a_damaged_archive(tmp_path: Path) -> None:
    write(tmp_path, suffix=".gz")
    file = tmp_path / "train-images-idx3-ubyte.gz"
    file.write_bytes(file.read_bytes()[:-500])
    with pytest.raises(InputError, match=r"ubyte\.gz: this file cannot be read \(EOFError\)\. Download it again"):
        read_folder(tmp_path)


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"])
def test_an_archive_with_other_bytes(tmp_path: Path, name: str) -> None:
    """The last pixel or label is another one, which the checksum alone tells."""
    write(tmp_path, suffix=".gz")
    file = tmp_path / name
    content = bytearray(gzip.compress(gzip.decompress(file.read_bytes()), compresslevel=0))
    content[-9] ^= 1
    file.write_bytes(content)
    with pytest.raises(InputError, match=rf"{name}: this file cannot be read \(BadGzipFile\)\. Download it again"):
        read_folder(tmp_path)
    assert not [*tmp_path.rglob("*.png")]


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(InputError, match="there is no t10k-labels-idx1-ubyte, with or without"):
        read_folder(tmp_path)
