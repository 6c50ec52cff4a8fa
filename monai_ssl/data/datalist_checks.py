"""Checks of a data list's content."""

import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from monai_ssl.errors import InputError

__all__ = ["LISTS", "TASKS", "absolute_path", "check_data_list", "count_positives"]

TASKS = ("multilabel", "multiclass", "segmentation", "joint")
LISTS = ("labeled", "unlabeled", "validation", "test")

_logger = logging.getLogger("monai_ssl")


def check_data_list(content: Mapping[str, Any], folder: Path, file: Path) -> None:
    """Check a data list as it is in the file.

    Messages name an entry by its list and place, never by its patient.

    Args:
        content: the data list's keys and values.
        folder: what relative paths are relative to.
        file: named in the messages.

    Raises:
        InputError: at the first thing that cannot be used.
    """
    _check_head(content, file)
    for key in LISTS:
        if not isinstance(content[key], list):
            raise InputError(f"{file}: {key} is not a list. Give it a list of entries, which may be empty.")
    for key in ("labeled", "validation"):
        if not content[key]:
            raise InputError(f"{file}: the {key} list is empty. Put images with labels in it.")
    for key in LISTS:
        for index, entry in enumerate(content[key]):
            _check_entry(content, key, entry, f"{file}: {key}[{index}]")
    _check_twice(content, folder, file)
    _check_present(content, folder, file)
    if content["task"] != "segmentation":
        counts = count_positives(content["task"], len(content["labels"]), content["labeled"])
        unseen = [label for label, count in zip(content["labels"], counts, strict=True) if not count]
        if unseen:
            _logger.warning("%s: no labeled image is positive for %s.", file, ", ".join(unseen))


def absolute_path(folder: Path, path: str) -> str:
    """``path`` (relative to ``folder`` where it is not absolute) without ``..``; links are not followed."""
    return os.path.normpath(folder.absolute() / path)


def count_positives(task: str, num_classes: int, entries: Sequence[Mapping[str, Any]]) -> list[int]:
    """The number of positive images of each class (zeros for segmentation, whose labels are masks)."""
    if task == "segmentation":
        return [0] * num_classes
    if task == "multiclass":
        counted = Counter(entry["label"] for entry in entries)
        return [counted[index] for index in range(num_classes)]
    return [sum(entry["label"][index] == 1 for entry in entries) for index in range(num_classes)]


def _check_head(content: Mapping[str, Any], file: Path) -> None:
    if content["task"] not in TASKS:
        raise InputError(f"{file}: the task {content['task']!r} is not known. Give one of {', '.join(TASKS)}.")
    labels = content["labels"]
    if not isinstance(labels, list) or not labels or not all(isinstance(label, str) and label for label in labels):
        raise InputError(f"{file}: labels is not a list of class names. Give at least one name.")
    if "mean" in labels:
        raise InputError(f"{file}: a class is called 'mean', as the mean over the classes is. Rename it.")
    if len(set(labels)) < len(labels):
        raise InputError(f"{file}: a class name occurs twice in labels. Give each class a name of its own.")
    if not isinstance(content["modality"], str) or not content["modality"]:
        raise InputError(f"{file}: modality is not a text. Give one as in DICOM, such as CT, DX or OT.")
    for key, allowed in (("channels", (1, 3)), ("spatial_dims", (2, 3))):
        if content[key] not in allowed:
            raise InputError(f"{file}: {key} is {content[key]!r}. Give {allowed[0]} or {allowed[1]}.")


def _check_entry(content: Mapping[str, Any], key: str, entry: Any, where: str) -> None:
    if not isinstance(entry, dict) or not all(isinstance(entry.get(k), str) and entry[k] for k in ("image", "patient")):
        raise InputError(f"{where} is not an entry. Give it an image (a path) and a patient (a pseudonym).")
    if key == "unlabeled":
        if "label" in entry or "mask" in entry:
            raise InputError(f"{where} has a label. Remove it, or move the entry to the labeled list.")
        return
    task, classes, label = content["task"], len(content["labels"]), entry.get("label")
    if task == "segmentation":
        good, wanted = isinstance(label, str) and bool(label), "the path of a mask"
    elif task == "multiclass":
        good, wanted = type(label) is int and -1 <= label < classes, f"a class from 0 to {classes - 1}, or -1 (missing)"
    else:
        good = isinstance(label, list) and len(label) == classes and all(type(v) is int and -1 <= v <= 1 for v in label)
        wanted = f"a list of {classes} values, each 0, 1 or -1 (missing)"
    if not good:
        raise InputError(f"{where} has the label {label!r}. Give it {wanted}.")
    if task == "joint" and not (isinstance(entry.get("mask"), str) and entry["mask"]):
        raise InputError(f"{where} has no mask. Give it the path of one.")


def _check_twice(content: Mapping[str, Any], folder: Path, file: Path) -> None:
    """No image twice; no patient in two splits."""
    images: dict[str, str] = {}
    patients: dict[str, tuple[str, str]] = {}
    for key in LISTS:
        split = "training" if key in ("labeled", "unlabeled") else key
        for index, entry in enumerate(content[key]):
            where = f"{key}[{index}]"
            first = images.setdefault(absolute_path(folder, entry["image"]), where)
            if first != where:
                raise InputError(f"{file}: {first} and {where} are the same image. Remove one of them.")
            other, place = patients.setdefault(entry["patient"], (split, where))
            if other != split:
                raise InputError(
                    f"{file}: {place} and {where} are of the same patient but in different splits. "
                    f"Keep all images of a patient in one split."
                )


def _paths(content: Mapping[str, Any]) -> Iterator[str]:
    for key in LISTS:
        for entry in content[key]:
            yield entry["image"]
            if "mask" in entry:
                yield entry["mask"]
            elif isinstance(entry.get("label"), str):
                yield entry["label"]


def _check_present(content: Mapping[str, Any], folder: Path, file: Path) -> None:
    """Every file is there: one listing a folder is much faster than one look-up a file, above all over a network."""
    names: dict[str, set[str]] = {}
    missing = []
    for path in _paths(content):
        parent, name = os.path.split(absolute_path(folder, path))
        if parent not in names:
            try:
                with os.scandir(parent) as found:
                    names[parent] = {item.name for item in found if item.is_file()}
            except OSError:
                names[parent] = set()
        if name not in names[parent]:
            missing.append(path)
    if missing:
        count = "1 file is" if len(missing) == 1 else f"{len(missing)} files are"
        raise InputError(
            f"{file}: {count} missing, the first is {missing[0]}. Put them back, or make the data list anew."
        )
