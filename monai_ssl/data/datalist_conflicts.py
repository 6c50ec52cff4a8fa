"""Entries of a data list that do not go together, told without a look at any file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from monai_ssl.data.datalist_entries import absolute_path, image_paths, paths_of, sound_entries, split_of
from monai_ssl.data.datalist_problem import Problem

__all__ = ["image_problems", "mask_problems"]


def image_problems(content: Mapping[str, Any], folder: Path) -> Iterator[Problem]:
    """No image twice; no patient in two splits."""
    images: dict[str, str] = {}
    patients: dict[str, tuple[str, str]] = {}
    for key, index, entry in sound_entries(content):
        place = f"{key}[{index}]"
        firsts = [images.setdefault(absolute_path(folder, path), place) for path in image_paths(entry)]
        for first in dict.fromkeys(firsts):
            if first != place:
                yield Problem("an image twice", (first, place), "are the same image", "Remove one of them.")
        split, first = patients.setdefault(entry["patient"], (split_of(key), place))
        if split != split_of(key):
            yield Problem(
                "a patient in two splits",
                (first, place),
                "are of the same patient but in different splits",
                "Keep all images of a patient in one split.",
            )


def mask_problems(content: Mapping[str, Any], folder: Path) -> Iterator[Problem]:
    """No mask that is an image; no mask of two images."""
    if content.get("task") not in ("segmentation", "joint"):
        return  # to look at every path once more takes seconds in a long list
    images: dict[str, str] = {}
    masks: dict[str, str] = {}
    found = []
    for key, index, entry in sound_entries(content):
        place = f"{key}[{index}]"
        paths = [absolute_path(folder, path) for path in paths_of(entry)]
        count = len(image_paths(entry))
        images.update(dict.fromkeys(paths[:count], place))
        found += [(place, mask) for mask in paths[count:]]
    for place, mask in found:
        if mask in images:
            places = tuple(dict.fromkeys((images[mask], place)))
            reason = "have one file as image and mask" if len(places) > 1 else "has its image as its mask"
            yield Problem("an image as a mask", places, reason, "Give the path of the mask.")
        first = masks.setdefault(mask, place)
        if first != place:
            yield Problem("a mask twice", (first, place), "have the same mask", "Give each image a mask of its own.")
