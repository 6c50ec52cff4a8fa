"""``python -m data_prep medmnist``: an npz of MedMNIST."""

import argparse
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_prep.datasets.array_stream import open_stream, refuse_damaged
from data_prep.datasets.arrays import Stack, stream_stack, write_images
from data_prep.datasets.medmnist_classes import KNOWN, known_as
from data_prep.records import Record, Rejects, Source
from monai_ssl.errors import InputError

__all__ = ["HELP", "add_arguments", "read"]

HELP = """Make a data set from an npz of MedMNIST (https://medmnist.com), 2D or 3D, of any size.

    DIR/
      pneumoniamnist.npz        or pathmnist_224.npz, organmnist3d.npz, nodulemnist3d_64.npz...

Labels are one class an image (multi-class) or several of 0 and 1 (ChestMNIST, multi-label). The splits are the official
ones. Images are written as PNG, and volumes as NIfTI with the identity as affine, because the npz knows no voxel size.
The npz does not tell which images are of one patient: each is taken for a patient of its own.
"""

_SPLITS = {"train": "training", "val": "validation", "test": "test"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this data set."""
    parser.add_argument("--file", metavar="NAME", help="the npz in DIR, where there are several")


def read(options: argparse.Namespace, rejects: Rejects) -> Source:  # noqa: ARG001 - an npz is used whole or not at all
    """List the images of the npz, and write them one a file.

    Raises:
        InputError: when there is no npz, or it is damaged or not one of MedMNIST.
    """
    file = _find(options.source, options.file)
    _refuse_other_arrays(file)
    labels = {name: _labels(file, name) for name in _SPLITS}
    stacks = [_images(file, name, len(labels[name])) for name in _SPLITS]
    if len({array.shape[1] for array in labels.values()}) > 1 or len({stack.shape[1:] for stack in stacks}) > 1:
        raise InputError(f"{file}: the three splits differ in the shape of images or labels. Download it again.")
    multilabel = labels["train"].shape[1] > 1
    modality, names = _classes(file, labels)
    records = []
    for (name, split), paths in zip(
        _SPLITS.items(), write_images(stacks, output=options.output, workers=options.workers), strict=True
    ):
        for index, (path, label) in enumerate(zip(paths, labels[name].tolist(), strict=True)):
            records.append(Record(path, f"{file.name}/{name}/{index}", label if multilabel else label[0], split=split))
    return Source(
        name=file.stem,
        task="multilabel" if multilabel else "multiclass",
        labels=names,
        records=records,
        modality=modality,
        channels=3 if stacks[0].shape[3:] == (3,) else 1,
        grouped=False,
        spatial_dims=3 if stacks[0].is_volumes else 2,
        tables=[file],
        details={"split": "official", "groups": "not known: each image is one of its own"},
    )


def _find(folder: Path, name: str | None) -> Path:
    """The npz file."""
    if name is not None:
        if not (folder / name).is_file():
            raise InputError(f"{folder / name}: there is no such file. Give the name of an npz in --source.")
        return folder / name
    found = sorted(folder.glob("*mnist*.npz"))
    if len(found) != 1:
        raise InputError(
            f"{folder}: one npz of MedMNIST is expected, and {len(found)} are there. Give another --source, or --file."
        )
    return found[0]


def _refuse_other_arrays(file: Path) -> None:
    with refuse_damaged(file), zipfile.ZipFile(file) as archive:
        there = set(archive.namelist())
    missing = [
        f"{name}_{kind}" for name in _SPLITS for kind in ("images", "labels") if f"{name}_{kind}.npy" not in there
    ]
    if missing:
        raise InputError(f"{file}: there is no array {', '.join(missing)}. Give an npz of MedMNIST.")


def _labels(file: Path, split: str) -> NDArray[np.int64]:
    """Labels of shape (N, k), k = 1 for classes."""
    with refuse_damaged(file), open_stream(file, f"{split}_labels.npy") as stream:
        labels: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    if labels.ndim == 1:
        labels = labels[:, None]
    if labels.dtype.kind not in "iu" or labels.ndim != 2 or not labels.size or int(labels.min()) < 0:
        raise InputError(
            f"{file}: {split}_labels are not numbers from 0 up, as many for each image. Give an npz of MedMNIST."
        )
    return labels.astype(np.int64)


def _images(file: Path, split: str, count: int) -> Stack:
    """Where the images of a split lie in the file."""
    member = f"{split}_images.npy"
    with refuse_damaged(file), open_stream(file, member) as stream:
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran_order, dtype = read_header(stream)
        offset = stream.tell()
    if fortran_order or dtype != np.uint8 or len(shape) not in (3, 4) or not all(shape):
        raise InputError(f"{file}: {split}_images is not an array of 2D or 3D images of 8 bits. Download it again.")
    if shape[0] != count:
        raise InputError(f"{file}: {split} has {shape[0]} images, but {count} labels. Download it again.")
    return stream_stack(file, split, shape, offset, member)


def _classes(file: Path, labels: dict[str, NDArray[np.int64]]) -> tuple[str | None, tuple[str, ...]]:
    """The modality, where it is known, and the names of the classes."""
    known = known_as(file.stem)
    width = labels["train"].shape[1]
    greatest = max(int(array.max()) for array in labels.values())
    if width > 1 and greatest > 1:
        raise InputError(f"{file}: a label of several an image is neither 0 nor 1. Download the file again.")
    count = width if width > 1 else greatest + 1
    if known is None:
        return None, tuple(f"class {index}" for index in range(count))
    modality, names = KNOWN[known]
    if count > len(names) or (width > 1 and count != len(names)):
        raise InputError(f"{file}: there are {count} classes, but {known} has {len(names)}. Rename or reload the file.")
    return modality, names
