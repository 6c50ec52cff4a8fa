"""``python -m data_prep cifar10``: CIFAR-10."""

import argparse
from functools import partial
from pathlib import Path

from data_prep.datasets.arrays import Stack, write_images
from data_prep.datasets.cifar10_batch import SIZE, read_batch, read_pixels
from data_prep.records import TRAIN_VAL, Record, Rejects, Source
from monai_ssl.errors import InputError

__all__ = ["HELP", "add_arguments", "read"]

HELP = """Make a data set from CIFAR-10, the "python version" (https://www.cs.toronto.edu/~kriz/cifar.html).

    DIR/                        or the folder above it
      data_batch_1 ... data_batch_5
      test_batch

60,000 RGB images of 32 x 32 pixels in 10 classes, written as PNG. The test images are the official ones, the other
50,000 are divided into training and validation. The batches are pickles: they are read without running anything in
them.
"""

_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_BATCHES = {f"data_batch_{number}": TRAIN_VAL for number in range(1, 6)} | {"test_batch": "test"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """This data set has no options of its own."""


def read(options: argparse.Namespace, rejects: Rejects) -> Source:  # noqa: ARG001 - the batches are used as a whole
    """List the images of the batches, and write them one a file.

    Raises:
        InputError: when a batch is missing, damaged or holds anything else.
    """
    folder = _find(options.source)
    labels = {name: read_batch(folder / name)[1] for name in _BATCHES}
    stacks = [
        Stack(folder / name, name, (len(labels[name]), SIZE, SIZE, 3), partial(read_pixels, folder / name))
        for name in _BATCHES
    ]
    records = [
        Record(path, f"{name}/{index}", label, split=split)
        for (name, split), paths in zip(
            _BATCHES.items(), write_images(stacks, output=options.output, workers=options.workers), strict=True
        )
        for index, (path, label) in enumerate(zip(paths, labels[name], strict=True))
    ]
    return Source(
        name="cifar10",
        task="multiclass",
        labels=_CLASSES,
        records=records,
        modality="OT",
        channels=3,
        grouped=False,
        spatial_dims=2,
        tables=[folder / name for name in _BATCHES],
        details={"split": "official test split; the rest is drawn", "groups": "none: each image is one of its own"},
    )


def _find(source: Path) -> Path:
    """The folder of the batches."""
    inner = source / "cifar-10-batches-py"
    folder = inner if inner.is_dir() else source
    missing = [name for name in _BATCHES if not (folder / name).is_file()]
    if missing:
        raise InputError(f"{folder}: {', '.join(missing)} is not there. Give the folder of the extracted archive.")
    return folder
