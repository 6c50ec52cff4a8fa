"""``python -m data_prep la``: the 2018 left atrium segmentation challenge, as semi-supervised learning uses it."""

import argparse
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_prep.pipeline.writing import converted_path, is_written, write_nifti
from data_prep.records import TRAIN_VAL, Record, Rejects, Source
from data_prep.workers.pool import run_jobs
from monai_ssl.errors import InputError
from monai_ssl.salt import read_salt

__all__ = ["HELP", "add_arguments", "read"]

HELP = """Make a data set from the 2018 left atrium segmentation challenge (gadolinium-enhanced MR,
https://www.cardiacatlas.org/atriaseg2018-challenge), in the preprocessed form that UA-MT and later work on
semi-supervised learning share: normalized volumes, cropped, one h5 a subject.

    DIR/
      <subject>/mri_norm2.h5      at any depth; "image" and "label" of the same shape
      train.list, test.list       optional: a subject a line

Each is written as two NIfTI files, image and mask, with voxels of 0.625 mm as the challenge states them (the h5 knows
none, nor the directions of the axes). Where the two lists are there, the test subjects are those of test.list and the
others are divided into training and validation.

NOTE: the volumes were cropped around the atrium with the labels of all subjects, those used unlabeled and for test
included. Results on these crops are better than what a model would reach on whole volumes.

h5 files need the package h5py: pip install 'monai-ssl[h5]'.
"""

_NAME = "mri_norm2.h5"
_SPACING = 0.625  # mm, https://www.cardiacatlas.org/atriaseg2018-challenge/atria-seg-data/
_LISTS = {"train.list": TRAIN_VAL, "test.list": "test"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """This data set has no options of its own."""


def read(options: argparse.Namespace, rejects: Rejects) -> Source:
    """List the subjects, and write their volumes and masks as NIfTI.

    Raises:
        InputError: when there is no subject, a list is of no use, or h5py is not installed.
    """
    if importlib.util.find_spec("h5py") is None:
        raise InputError(f"{options.source}: h5 files cannot be read without h5py. Run pip install 'monai-ssl[h5]'.")
    files = sorted(options.source.rglob(_NAME))
    if not files:
        raise InputError(f"{options.source}: there is no {_NAME}, one in the folder of each subject. Give another one.")
    splits = _splits(options.source)
    salt = read_salt(options.output)
    records, jobs = [], []
    for file in files:
        subject, name = file.parent.name, file.relative_to(options.source).as_posix()
        if splits and subject not in splits:
            rejects.add(name, f"this subject is in none of {', '.join(_LISTS)}", "Add it to one, or remove both lists.")
            continue
        image = converted_path(options.output, salt, file, suffix=".nii.gz")
        mask = options.output / "masks" / image.name
        records.append(Record(image, name, mask=mask, patient=subject, split=splits.get(subject)))
        jobs.append((file, image, mask))
    results = run_jobs(
        _convert, jobs, workers=options.workers, description="converting volumes", name=lambda job: str(job[0])
    )
    converted = []
    for record, result in zip(records, results, strict=True):
        if isinstance(result, InputError):
            rejects.add_error(record.name, str(result))
        else:
            converted.append(record)
    return Source(
        name="la2018",
        task="segmentation",
        labels=("left atrium",),
        records=converted,
        masks={"left atrium": [1]},
        modality="MR",
        channels=1,
        spatial_dims=3,
        tables=[options.source / name for name in _LISTS] if splits else [],
        details={
            "split": "official test list; the rest is drawn" if splits else "drawn",
            "groups": "subjects",
            "spacing": f"{_SPACING} mm as the challenge states it; the directions of the axes are not known",
            "crop": "around the atrium, by the labels of all subjects",
        },
    )


def _splits(folder: Path) -> dict[str, str]:
    """The split of each subject by the two lists; none where there are no lists."""
    missing = [name for name in _LISTS if not (folder / name).is_file()]
    if len(missing) == 1:
        raise InputError(f"{folder / missing[0]}: this list is missing beside the other one. Add it, or remove both.")
    if missing:
        return {}
    members = {name: set((folder / name).read_text(encoding="utf-8", errors="replace").split()) for name in _LISTS}
    both = set.intersection(*members.values())
    if both:
        raise InputError(f"{folder / 'test.list'}: {len(both)} subjects are in train.list too. Mend the lists.")
    return {subject: split for name, split in _LISTS.items() for subject in members[name]}


def _convert(job: tuple[Path, Path, Path]) -> None:
    """Write the volume and the mask of an h5 file."""
    file, image, mask = job
    if is_written(image) and is_written(mask):
        return
    volume, label = _read_h5(file)
    affine = np.diag([_SPACING, _SPACING, _SPACING, 1.0])
    write_nifti(image, volume, affine)
    write_nifti(mask, label, affine)


def _read_h5(file: Path) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Read the volume and the mask, of the same shape (H, W, D)."""
    import h5py

    try:
        with h5py.File(file) as content:
            volume: NDArray[np.float32] = content["image"][()].astype(np.float32)
            label: NDArray[Any] = content["label"][()]
        mask = label.astype(np.uint8)
    except (OSError, KeyError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{file}: no image and label can be read here ({type(error).__name__}). Copy it again from its source."
        ) from None
    if volume.ndim != 3 or volume.shape != label.shape:
        raise InputError(
            f"{file}: image and label have the shapes {volume.shape} and {label.shape}. Give 3D ones that are the same."
        )
    if not np.array_equal(mask, label):
        raise InputError(f"{file}: the label is not of whole numbers from 0 up. Copy it again from its source.")
    return volume, mask
