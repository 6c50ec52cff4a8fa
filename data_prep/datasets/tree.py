"""The files of a data set that is known by its file names, in whatever folders they lie."""

import filecmp
import logging
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from data_prep.records import Rejects
from monai_ssl.errors import InputError

__all__ = ["by_name", "list_files", "stem_of"]

_logger = logging.getLogger("monai_ssl")


def list_files(folder: Path, suffixes: Sequence[str], without: Sequence[Path] = ()) -> list[str]:
    """The files below a folder whose names end with one of the suffixes.

    No file is opened or looked at, so that a million of them take seconds. Links are followed, but no folder is
    entered twice. Hidden files and folders are left out, and with them what macOS adds to archives (``._x.png``).

    Args:
        folder: of the data set.
        suffixes: in small letters, such as ``".png"``; a whole name does as well.
        without: folders to leave out.

    Returns:
        Sorted POSIX paths relative to the folder.

    Raises:
        InputError: when the folder is missing or cannot be read.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder. Give the folder of the data set with --source.")
    endings = tuple(suffixes)
    found, entered = [], {folder.resolve(), *(other.resolve() for other in without)}
    for parent, folders, names in os.walk(folder, onerror=_refuse, followlinks=True):
        here = Path(parent)
        folders[:] = [name for name in sorted(folders) if not name.startswith(".") and _is_new(here / name, entered)]
        start = "" if here == folder else f"{here.relative_to(folder).as_posix()}/"
        found += [start + name for name in names if name.lower().endswith(endings) and not name.startswith(".")]
    return sorted(found)


def stem_of(path: str) -> str:
    """The name of a file without its folders and its suffix; much quicker than with a path object.

    Args:
        path: a POSIX path.
    """
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name


def by_name(
    folder: Path, paths: Iterable[str], rejects: Rejects, name: Callable[[str], str] = stem_of
) -> dict[str, str]:
    """The path of each file by its name, for data sets whose images have a number of their own.

    Files of one name with the same content are one file that was unpacked twice: the first path is taken, and a warning
    tells of the others. Of files that differ nobody knows which one is meant: all of them are set aside.

    Args:
        folder: of the data set.
        paths: POSIX paths below the folder.
        rejects: gets the files that have one name and differ.
        name: gives what a path is called.

    Returns:
        The paths in the order of the first of each name.

    Raises:
        InputError: when more than half of the names are of files that differ, so that two sets are mixed up.
    """
    named: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        named[name(path)].append(path)
    several = {key: same for key, same in named.items() if len(same) > 1}
    differing = [key for key, same in several.items() if not _are_same(folder, same)]
    if 2 * len(differing) > len(named):
        first, second, *_ = several[differing[0]]
        raise InputError(
            f"{folder}: {len(differing)} of {len(named)} names are those of several files with different contents, "
            f"such as {first} and {second}. Take away the files that do not belong here, or give a folder without them."
        )
    for key in differing:
        for path in named.pop(key):
            rejects.add(path, "another file of this name has other contents", "Keep the right one of them.")
    _warn(sum(len(same) - 1 for key, same in several.items() if key in named))
    return {key: same[0] for key, same in named.items()}


def _are_same(folder: Path, paths: Sequence[str]) -> bool:
    """Whether files have the same content; one that cannot be read has not."""
    try:
        return all(filecmp.cmp(folder / paths[0], folder / path, shallow=False) for path in paths[1:])
    except OSError:
        return False


def _warn(others: int) -> None:
    if others:
        _logger.warning("%d files have the name of another one: the first of each name is taken.", others)


def _is_new(folder: Path, entered: set[Path]) -> bool:
    """Whether a folder has not been entered before; from now on it has. A link to its own parent would never end."""
    place = folder.resolve()
    new = place not in entered
    entered.add(place)
    return new


def _refuse(error: OSError) -> NoReturn:
    raise InputError(f"{error.filename}: this cannot be read ({error.strerror}). Mend its rights, or take it away.")
