"""Checks of a data list's content."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monai_ssl.data.datalist_entries import absolute_path, count_positives, paths_of, sound_entries
from monai_ssl.data.datalist_problems import find_problems
from monai_ssl.errors import InputError

__all__ = ["check_data_list", "missing_files"]

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
    for problem in find_problems(content, folder):
        raise InputError(f"{file}: {problem.sentence}. {problem.remedy}")
    missing = missing_files(content, folder)
    if missing:
        count = "1 file is" if len(missing) == 1 else f"{len(missing)} files are"
        raise InputError(
            f"{file}: {count} missing, the first is {missing[0][1]}. Put them back, or make the data list anew."
        )
    if content["task"] != "segmentation":
        counts = count_positives(content["task"], len(content["labels"]), content["labeled"])
        unseen = [label for label, count in zip(content["labels"], counts, strict=True) if not count]
        if unseen:
            _logger.warning("%s: no labeled image is positive for %s.", file, ", ".join(unseen))


def missing_files(content: Mapping[str, Any], folder: Path) -> list[tuple[str, str]]:
    """The place of the entry and the path, as the data list has it, of every file that is not there.

    One listing a folder is much faster than one look-up a file, above all over a network.

    Args:
        content: the data list's keys and values.
        folder: what relative paths are relative to.
    """
    names: dict[str, set[str]] = {}
    missing = []
    for key, index, entry in sound_entries(content):
        for path in paths_of(entry):
            parent, name = os.path.split(absolute_path(folder, path))
            if parent not in names:
                try:
                    with os.scandir(parent) as found:
                        names[parent] = {item.name for item in found if item.is_file()}
                except OSError:
                    names[parent] = set()
            if name not in names[parent]:
                missing.append((f"{key}[{index}]", path))
    return missing
