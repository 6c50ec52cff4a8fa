"""The files of NIH ChestX-ray14 beside its images: the table, and the lists of the official split."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from data_prep.datasets.tree import stem_of
from data_prep.records import TRAIN_VAL
from monai_ssl.errors import InputError

__all__ = ["find_lists", "find_table", "read_splits"]

_logger = logging.getLogger("monai_ssl")
_LISTS = {"train_val_list.txt": TRAIN_VAL, "test_list.txt": "test"}


def find_table(folder: Path, files: Sequence[str]) -> Path:
    """The table of the newest release.

    Args:
        folder: of the data set.
        files: paths below the folder.

    Raises:
        InputError: when there is none.
    """
    names = [path for path in files if PurePosixPath(path).match("Data_Entry_2017*.csv")]
    if not names:
        raise InputError(f"{folder}: there is no Data_Entry_2017*.csv here. Put the release's table here.")
    chosen = max(names, key=lambda path: PurePosixPath(path).name)
    if len(names) > 1:
        _logger.info("Of %s, %s is read.", ", ".join(names), chosen)
    return folder / chosen


def find_lists(folder: Path, files: Sequence[str], split: str | None) -> dict[str, Path]:
    """The two official lists by their names; none where the splits are to be drawn.

    Args:
        folder: of the data set.
        files: paths below the folder.
        split: "official", "random", or None for the official split where its lists are there.

    Raises:
        InputError: when only one of the lists is there, or none and the official split is asked for.
    """
    if split == "random":
        return {}
    found = {name: folder / path for name in _LISTS for path in reversed(files) if PurePosixPath(path).name == name}
    if len(found) == len(_LISTS) or (not found and split is None):
        return found
    missing = [name for name in _LISTS if name not in found]
    raise InputError(
        f"{folder}: {' and '.join(missing)} of the official split is missing. Put it here, or give --split random."
    )


def read_splits(lists: Iterable[Path]) -> dict[str, str]:
    """Read the split of each image, by its stem.

    Args:
        lists: the files.

    Raises:
        InputError: when a list cannot be read, or an image is in both.
    """
    split_of: dict[str, str] = {}
    for path in lists:
        try:
            lines = path.read_text(encoding="utf-8-sig").split()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"{path}: this list cannot be read ({type(error).__name__}). Give the release's, or --split random."
            ) from error
        for line in lines:
            if split_of.setdefault(stem_of(line), _LISTS[path.name]) != _LISTS[path.name]:
                raise InputError(
                    f"{path}: an image of this list is in the other one too. Give the release's lists, or "
                    "--split random."
                )
    return split_of
