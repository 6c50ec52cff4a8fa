"""``python -m data_prep mnist``: MNIST and Fashion-MNIST."""

import argparse
import math
from pathlib import Path

import numpy as np

from data_prep.datasets.array_stream import open_stream, refuse_damaged
from data_prep.datasets.arrays import Stack, stream_stack, write_images
from data_prep.records import TRAIN_VAL, Record, Rejects, Source
from monai_ssl.errors import InputError

__all__ = ["HELP", "add_arguments", "read"]

HELP = """Make a data set from MNIST (http://yann.lecun.com/exdb/mnist), or Fashion-MNIST with --fashion.

    DIR/
      train-images-idx3-ubyte     each as it is or with .gz; train-images.idx3-ubyte is understood too
      train-labels-idx1-ubyte
      t10k-images-idx3-ubyte
      t10k-labels-idx1-ubyte

70,000 grey images of 28 x 28 pixels in 10 classes, written as PNG. The test images are the official ones, the other
60,000 are divided into training and validation.
"""

_SPLITS = {"train": TRAIN_VAL, "t10k": "test"}
_DIGITS = tuple(str(digit) for digit in range(10))
_CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_UNSIGNED_BYTE = 0x08


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this data set."""
    parser.add_argument("--fashion", action="store_true", help="the files are those of Fashion-MNIST")


def read(options: argparse.Namespace, rejects: Rejects) -> Source:  # noqa: ARG001 - the files are used as a whole
    """List the images of the idx files, and write them one a file.

    Raises:
        InputError: when a file is missing, damaged or no idx file of this kind.
    """
    labels = {name: _labels(_find(options.source, f"{name}-labels", 1)) for name in _SPLITS}
    stacks = [_images(_find(options.source, f"{name}-images", 3), len(labels[name])) for name in _SPLITS]
    records = [
        Record(path, f"{stack.file.name}/{index}", label, split=split)
        for (name, split), stack, paths in zip(
            _SPLITS.items(),
            stacks,
            write_images(stacks, output=options.output, workers=options.workers),
            strict=True,
        )
        for index, (path, label) in enumerate(zip(paths, labels[name], strict=True))
    ]
    return Source(
        name="fashion_mnist" if options.fashion else "mnist",
        task="multiclass",
        labels=_CLOTHES if options.fashion else _DIGITS,
        records=records,
        modality="OT",
        channels=1,
        grouped=False,
        spatial_dims=2,
        tables=[_find(options.source, f"{name}-labels", 1) for name in _SPLITS],
        details={"split": "official test split; the rest is drawn", "groups": "none: each image is one of its own"},
    )


def _find(folder: Path, name: str, dims: int) -> Path:
    """The file, by any of its spellings."""
    spellings = [f"{name}{mark}idx{dims}-ubyte{suffix}" for suffix in ("", ".gz") for mark in "-."]
    for spelling in spellings:
        if (folder / spelling).is_file():
            return folder / spelling
    raise InputError(f"{folder}: there is no {spellings[0]}, with or without .gz. Give the folder of the four files.")


def _shape(file: Path, content: bytes, dims: int) -> tuple[int, ...]:
    """The sizes in an idx file's header: after two zeros, the type and the number of dimensions, 4 bytes each."""
    if content[:4] != bytes([0, 0, _UNSIGNED_BYTE, dims]) or len(content) < 4 * (dims + 1):
        raise InputError(f"{file}: this is no idx file of bytes with {dims} dimensions. Download it again.")
    return tuple(np.frombuffer(content, dtype=">u4", count=dims, offset=4).tolist())


def _labels(file: Path) -> list[int]:
    with refuse_damaged(file), open_stream(file) as stream:
        content = stream.read()
    (count,) = _shape(file, content, dims=1)
    labels = list(content[8:])
    if len(labels) != count or not count or max(labels) > 9:
        raise InputError(f"{file}: there are not {count} labels from 0 to 9. Download it again.")
    return labels


def _images(file: Path, count: int) -> Stack:
    """Where the images lie in the file."""
    with refuse_damaged(file), open_stream(file) as stream:
        shape = _shape(file, stream.read(16), dims=3)
    if shape[0] != count or not math.prod(shape):
        raise InputError(f"{file}: there are {shape[0]} images, but {count} labels. Download both files again.")
    return stream_stack(file, "images", shape, offset=16)
