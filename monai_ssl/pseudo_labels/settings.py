"""What pseudo-labels are made with, and the kind of files that follows from it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monai_ssl.errors import InputError
from monai_ssl.files import file_sha256
from monai_ssl.masks import MaskCoding, MaskForm
from monai_ssl.pseudo_labels.masks import PseudoMasks
from monai_ssl.pseudo_labels.table import PseudoTable
from monai_ssl.tasks import CLASSIFICATION_TASKS

__all__ = ["check_settings", "difference", "kept_labels", "teacher_digest"]


def check_settings(
    task: str,
    class_names: Sequence[str],
    regions: Mapping[str, Sequence[int]],
    form: MaskForm,
    soft: bool,
    confidence_maps: bool,
) -> dict[str, Any]:
    """Check what :class:`~monai_ssl.pseudo_labels.PseudoLabels` is given.

    Returns:
        what decides of the pseudo-labels, as JSON gives it back: all but ``confidence_maps``.

    Raises:
        InputError: for another task, and names or regions that do not go with it.
    """
    names = list(class_names)
    if task == "segmentation":
        MaskCoding(regions, form)
        if names and names != list(regions):
            raise InputError(f"class_names are {names}, but the regions {list(regions)}. Give the same, or no names.")
        # As items: the order of regions is that of the teacher's channels.
        items = [[name, list(values)] for name, values in regions.items()]
        return {"task": task, "regions": items, "form": form, "soft": soft}
    if task not in CLASSIFICATION_TASKS:
        tasks = ", ".join(("segmentation", *CLASSIFICATION_TASKS))
        raise InputError(f"There are no pseudo-labels for the task {task!r}. Use one of {tasks}.")
    if not names or regions or confidence_maps:
        raise InputError(f"Pseudo-labels of task {task!r} have class_names, and neither regions nor confidence_maps.")
    return {"task": task, "class_names": names, "soft": soft}


def kept_labels(folder: Path, settings: Mapping[str, Any], confidence_maps: bool = False) -> PseudoMasks | PseudoTable:
    """The files of some settings; with ``confidence_maps`` new masks get a map."""
    if settings["task"] == "segmentation":
        regions = dict(settings["regions"])
        return PseudoMasks(folder, regions, settings["form"], settings["soft"], confidence_maps)
    return PseudoTable(folder, settings["class_names"], settings["task"], settings["soft"])


def difference(settings: Mapping[str, Any], current: Mapping[str, Any]) -> str:
    """Say how settings differ from the current ones; nothing where they do not."""
    if settings == current:
        return ""
    if settings["teacher"] != current["teacher"]:
        return "by another teacher"
    named = (name for name in sorted({*settings, *current}) if settings.get(name) != current.get(name))
    return "with other settings: " + ", ".join(
        f"{name} {json.dumps(settings.get(name))}, now {json.dumps(current.get(name))}" for name in named
    )


def teacher_digest(path: Path) -> str:
    """SHA-256 of the file of a teacher's weights.

    Raises:
        InputError: when there is none.
    """
    try:
        return file_sha256(path)
    except OSError as error:
        raise InputError(
            f"{path}: the teacher cannot be read ({error.strerror}). Train it first, or name the file of its weights."
        ) from error
