"""The entries of a data list as they are in the file, which may be wrong ones."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = [
    "LISTS",
    "absolute_path",
    "count_positives",
    "image_paths",
    "is_entry",
    "paths_of",
    "sound_entries",
    "split_of",
]

LISTS = ("labeled", "unlabeled", "validation", "test")


def absolute_path(folder: Path, path: str) -> str:
    """``path`` (relative to ``folder`` where it is not absolute) without ``..``; links are not followed."""
    # Through pathlib this would be more than half of the time that a long list takes to load.
    return os.path.normpath(os.path.join(folder.absolute(), path))  # noqa: PTH118


def image_paths(entry: Mapping[str, Any]) -> list[str]:
    """The paths of an entry's image: one, or one a channel."""
    return [entry["image"]] if isinstance(entry["image"], str) else list(entry["image"])


def paths_of(entry: Mapping[str, Any]) -> list[str]:
    """The paths of an entry's image and mask."""
    mask = entry.get("mask", entry.get("label"))
    return [*image_paths(entry), mask] if isinstance(mask, str) else image_paths(entry)


def count_positives(task: str, num_classes: int, entries: Sequence[Mapping[str, Any]]) -> list[int]:
    """The number of positive images of each class (zeros for segmentation, whose labels are masks)."""
    if task == "segmentation":
        return [0] * num_classes
    if task in ("multiclass", "joint"):
        counted = Counter(entry["label"] for entry in entries)
        return [counted[index] for index in range(num_classes)]
    return [sum(entry["label"][index] == 1 for entry in entries) for index in range(num_classes)]


def split_of(key: str) -> str:
    """The split that a list belongs to: labeled and unlabeled images are the training split."""
    return "training" if key in ("labeled", "unlabeled") else key


def sound_entries(content: Mapping[str, Any]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """The list, the place in it and the entry of all entries that have an image and a patient."""
    for key in LISTS:
        for index, entry in enumerate(entries if isinstance(entries := content.get(key), list) else ()):
            if is_entry(entry):
                yield key, index, entry


def is_entry(entry: Any) -> bool:
    """Whether it has an image and a patient."""
    return isinstance(entry, dict) and _is_text(entry.get("patient")) and _is_image(entry.get("image"))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_image(value: Any) -> bool:
    return _is_text(value) or (isinstance(value, list) and bool(value) and all(map(_is_text, value)))
