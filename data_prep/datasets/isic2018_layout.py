"""The images and masks of ISIC 2018, and what their folders tell: the task and the part of the challenge."""

import re
from collections.abc import Sequence
from pathlib import Path

from data_prep.datasets.tree import by_name, stem_of
from data_prep.records import Rejects

__all__ = ["MASK_END", "find_images", "find_masks", "part_of"]

MASK_END = "_segmentation"
"""What the name of a mask has after that of its image."""

_IMAGE = re.compile(r"ISIC_\d{7}")
_TASK = re.compile(r"task[ _-]?(\d)|(ham10000)", re.IGNORECASE)
_PART = re.compile(r"task\d(?:-\d)?[ _-](training|validation|test)(?![a-z])", re.IGNORECASE)


def find_images(folder: Path, files: Sequence[str], task: int, rejects: Rejects) -> dict[str, str]:
    """The images by their id, without those in folders of the other tasks where there are others.

    Args:
        folder: of the data set.
        files: paths below the folder.
        task: 1 for masks, 3 for diagnoses (HAM10000).
        rejects: gets images of one id that differ.

    Raises:
        InputError: when most images differ from another one of the same id.
    """
    paths = {path: _task_of(path) for path in files if _IMAGE.fullmatch(stem_of(path))}
    return by_name(folder, [path for path, own in paths.items() if own in (None, task)] or paths, rejects)


def find_masks(folder: Path, files: Sequence[str], images: dict[str, str], rejects: Rejects) -> dict[str, str]:
    """The masks of images by the id of the image.

    Args:
        folder: of the data set.
        files: paths below the folder.
        images: see :func:`find_images`.
        rejects: gets masks of one image that differ.

    Raises:
        InputError: when most masks differ from another one of the same image.
    """
    paths = [path for path in files if stem_of(path).endswith(MASK_END) and _image_of(path) in images]
    return by_name(folder, paths, rejects, _image_of)


def part_of(path: str) -> str:
    """The part of the challenge that an image is of, by the folders that are named as in its release.

    Args:
        path: a POSIX path below the folder of the data set.

    Returns:
        ``"training"``, ``"validation"`` or ``"test"``.
    """
    for folder in _folders(path):
        if match := _PART.search(folder):
            return match[1].lower()
    return "training"


def _task_of(path: str) -> int | None:
    """The task that the innermost folder with a task in its name tells; None where there is none."""
    for folder in _folders(path):
        tasks = {int(number or 3) for number, _ in _TASK.findall(folder)}
        if len(tasks) == 1:
            return tasks.pop()
    return None


def _folders(path: str) -> list[str]:
    """The folders of a path, innermost first."""
    return path.split("/")[-2::-1]


def _image_of(path: str) -> str:
    return stem_of(path).removesuffix(MASK_END)
