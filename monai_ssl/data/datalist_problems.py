"""What is wrong in a data list, told without a look at any file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from monai_ssl.data.datalist_conflicts import image_problems, mask_problems
from monai_ssl.data.datalist_entries import LISTS, is_entry, paths_of
from monai_ssl.data.datalist_problem import Problem

__all__ = ["HEAD", "HEAD_KIND", "PATHS_KIND", "TASKS", "find_problems"]

TASKS = ("multilabel", "multiclass", "segmentation", "joint")
HEAD_KIND = "head of the data list"
PATHS_KIND = "paths"
HEAD = ("task", "labels", "modality", "channels", "spatial_dims")


def find_problems(content: Mapping[str, Any], folder: Path) -> Iterator[Problem]:
    """Find all that is wrong in a data list, without a look at any file.

    Entries that are no entries, and labels where the task or the class names are wrong, are not looked at further.

    Args:
        content: the data list's keys and values, as in the file.
        folder: what relative paths are relative to.
    """
    absent = [key for key in (*HEAD, *LISTS) if key not in content]
    if absent:
        yield _in_head(f"{', '.join(absent)} is missing", "Make the data list anew with python -m data_prep.")
        return
    yield from _head_problems(content)
    known = content["task"] in TASKS and _are_names(content["labels"])
    for key in LISTS:
        if not isinstance(content[key], list):
            yield _in_head(f"{key} is not a list", "Give it a list of entries, which may be empty.")
        elif key in ("labeled", "validation") and not content[key]:
            yield _in_head(f"the {key} list is empty", "Put images with labels in it.")
    for key in LISTS:
        for index, entry in enumerate(content[key] if isinstance(content[key], list) else ()):
            place = f"{key}[{index}]"
            if not is_entry(entry):
                reason = "is not an entry"
                yield Problem(
                    "entries", (place,), reason, "Give it an image (a path, or several) and a patient (a pseudonym)."
                )
                continue
            if not all(map(_is_printable, (*paths_of(entry), entry["patient"]))):
                reason = "has a path or a patient that is no text in UTF-8"
                yield Problem(PATHS_KIND, (place,), reason, "Rename the file, and mend the entry.")
            if known:
                yield from _label_problems(content, key, entry, place)
    yield from image_problems(content, folder)
    yield from mask_problems(content, folder)


def _in_head(reason: str, remedy: str) -> Problem:
    return Problem(HEAD_KIND, (), reason, remedy)


def _head_problems(content: Mapping[str, Any]) -> Iterator[Problem]:
    task, labels = content["task"], content["labels"]
    if task not in TASKS:
        yield _in_head(f"the task {task!r} is not known", f"Give one of {', '.join(TASKS)}.")
    if not _are_names(labels):
        yield _in_head("labels is not a list of class names", "Give at least one name.")
    else:
        if "mean" in labels:
            yield _in_head("a class is called 'mean', as the mean over the classes is", "Rename it.")
        if len(set(labels)) < len(labels):
            yield _in_head("a class name occurs twice in labels", "Give each class a name of its own.")
    if isinstance(content.get("name"), str) and not _is_printable(content["name"]):
        yield _in_head("name is no text in UTF-8", "Give another one.")
    if not _is_text(content["modality"]) or not _is_printable(content["modality"]):
        yield _in_head("modality is not a text", "Give one as in DICOM, such as CT, DX or OT.")
    if type(content["channels"]) is not int or content["channels"] < 1:
        yield _in_head(f"channels is {content['channels']!r}", "Give 1, 3 or the number of modalities.")
    if content["spatial_dims"] not in (2, 3):
        yield _in_head(f"spatial_dims is {content['spatial_dims']!r}", "Give 2 or 3.")
    yield from _region_problems(content)


def _region_problems(content: Mapping[str, Any]) -> Iterator[Problem]:
    """The regions of masks have names and values, and are the labels of a segmentation."""
    task, masks = content["task"], content.get("masks", {})
    if not isinstance(masks, dict):
        yield _in_head("masks does not name the values of regions", 'Give it as in {"lung": [255]}, or as {}.')
    elif task not in ("segmentation", "joint"):
        if masks:
            yield _in_head(f"masks are named, but the task is {task}", "Remove them, or give another task.")
    elif not masks or not all(map(_is_region, masks.values())):
        yield _in_head("masks does not name the values of regions", 'Give them as in {"lung": [255]}, all above 0.')
    elif "mean" in masks:
        yield _in_head("masks has a region called 'mean', as the mean of the regions is", "Give it another name.")
    elif task == "segmentation" and list(masks) != content["labels"]:
        yield _in_head("labels and the names in masks differ", "Give the same names in the same order.")


def _is_region(values: Any) -> bool:
    return isinstance(values, list) and bool(values) and all(type(value) is int and value > 0 for value in values)


def _label_problems(content: Mapping[str, Any], key: str, entry: Mapping[str, Any], place: str) -> Iterator[Problem]:
    if key == "unlabeled":
        if "label" in entry or "mask" in entry:
            yield Problem("labels", (place,), "has a label", "Remove it, or move the entry to the labeled list.")
        return
    task, classes, label = content["task"], len(content["labels"]), entry.get("label")
    if task == "segmentation":
        good, wanted = _is_text(label), "the path of a mask"
    elif task in ("multiclass", "joint"):
        good, wanted = type(label) is int and -1 <= label < classes, f"a class from 0 to {classes - 1}, or -1 (missing)"
    else:
        good = isinstance(label, list) and len(label) == classes and all(type(v) is int and -1 <= v <= 1 for v in label)
        wanted = f"a list of {classes} values, each 0, 1 or -1 (missing)"
    if not good:
        yield Problem("labels", (place,), f"has the label {label!r}", f"Give it {wanted}.")
    if "mask" in entry and (task != "joint" or not _is_text(entry["mask"])):
        reason = "has a mask that is not the path of one, or that its task does not have"
        yield Problem("labels", (place,), reason, "Mend it.")


def _is_printable(text: str) -> bool:
    """Whether a text can be written and can be a path: JSON may hold halves of characters, and zeros."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_text(name) and _is_printable(name) for name in value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
