"""Predictions as a table that opens in any spreadsheet, and the thresholds that they are called at."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monai_ssl.errors import InputError
from monai_ssl.files import read_object, write_whole
from monai_ssl.metrics import check_arrays
from monai_ssl.tasks import check_task

__all__ = ["read_thresholds", "write_predictions"]


def write_predictions(
    path: str | os.PathLike[str],
    images: Sequence[str],
    probabilities: ArrayLike,
    class_names: Sequence[str],
    thresholds: ArrayLike | None = None,
    task: str = "multilabel",
) -> Path:
    """Write one row an image: its name, the probability of each class, and what is called.

    Multi-label: the columns ``image``, ``probability_<class>`` and ``prediction_<class>``, the last being 1 where the
    probability is at or above the class's threshold, else 0, and empty where the class has no threshold. Multi-class:
    ``image``, ``probability_<class>`` and ``prediction``, the name of the most probable class.

    Args:
        path: the CSV file, written whole or not at all.
        images: N names.
        probabilities: (N, C), each from 0 to 1.
        class_names: C names.
        thresholds: (C,), multi-label only; NaN for a class without; 0.5 each when not given.
        task: "multilabel" or "multiclass".

    Returns:
        the path.

    Raises:
        InputError: when the parts do not fit together, or a probability is NaN or not from 0 to 1.
    """
    check_task(task)
    p, _ = check_arrays(probabilities, np.full(np.shape(probabilities), np.nan))
    if p.shape != (len(images), len(class_names)):
        raise InputError(
            f"{path}: probabilities have shape {p.shape}, but there are {len(images)} images and {len(class_names)} "
            "classes. Give one row an image and one column a class."
        )
    if task == "multiclass":
        if thresholds is not None:
            raise InputError(f"{path}: multi-class predictions take the most probable class. Give no thresholds.")
        header = ["prediction"]
        called = [[class_names[c]] for c in p.argmax(axis=1)]
    else:
        t = np.full(len(class_names), 0.5) if thresholds is None else np.asarray(thresholds, dtype=np.float64)
        if t.shape != (len(class_names),):
            raise InputError(
                f"{path}: thresholds have shape {t.shape}. Give one for each of {len(class_names)} classes."
            )
        header = [f"prediction_{name}" for name in class_names]
        called = [["" if np.isnan(t[c]) else str(int(row[c] >= t[c])) for c in range(len(t))] for row in p]
    with write_whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["image", *(f"probability_{name}" for name in class_names), *header])
        for image, row, calls in zip(images, p, called, strict=True):
            writer.writerow([image, *(f"{value:.6f}" for value in row), *calls])
    return Path(path)


def read_thresholds(path: str | os.PathLike[str], class_names: Sequence[str]) -> NDArray[np.float64]:
    """Read the thresholds that an evaluation has written.

    Args:
        path: ``thresholds.json``, ``{class: threshold}`` with null for a class without.
        class_names: C names, in the order wanted.

    Returns:
        (C,), NaN for null.

    Raises:
        InputError: when the file is missing or broken, or is of other classes.
    """
    remedy = "Give the thresholds.json of an evaluation of this network."
    content = read_object(path, remedy)
    if set(content) != set(class_names):
        found = ", ".join(content) or "no classes"
        raise InputError(f"{path}: it holds {found}, not the classes {', '.join(class_names)}. {remedy}")
    for name, value in content.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (number and 0 <= value <= 1):
            raise InputError(f"{path}: the threshold of {name} is {value!r}, not a number from 0 to 1. {remedy}")
    return np.array([np.nan if content[name] is None else content[name] for name in class_names], dtype=np.float64)
