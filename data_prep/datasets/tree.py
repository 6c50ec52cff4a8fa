"""The files of a data set that is known by its file names, in whatever folders they lie."""

import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from monai_ssl.errors import InputError

__all__ = ["by_stem", "list_files", "stem_of"]

_logger = logging.getLogger("monai_ssl")


def list_files(folder: Path, suffixes: Sequence[str], without: Sequence[Path] = ()) -> list[str]:
    """The files below a folder that have one of the suffixes.

    No file is opened or looked at, so that a million of them take seconds. Links are followed, but no folder is
    entered twice. Hidden files and folders are left out, and with them what macOS adds to archives (``._x.png``).

    Args:
        folder: of the data set.
        suffixes: in small letters, such as ``".png"``.
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


def by_stem(paths: Iterable[str]) -> dict[str, str]:
    """The path of each file by its stem, for data sets whose images have a number of their own.

    Where several files have a name, the first path is taken and a warning tells of the others: they are the same image,
    unpacked twice.

    Args:
        paths: POSIX paths.
    """
    found: dict[str, str] = {}
    others = 0
    for path in paths:
        if found.setdefault(stem_of(path), path) != path:
            others += 1
    if others:
        _logger.warning("%d files have the name of another one: the first of each name is taken.", others)
    return found


def stem_of(path: str) -> str:
    """The name of a file without its folders and its suffix; much quicker than with a path object.

    Args:
        path: a POSIX path.
    """
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name


def _is_new(folder: Path, entered: set[Path]) -> bool:
    """Whether a folder has not been entered before; from now on it has. A link to its own parent would never end."""
    place = folder.resolve()
    new = place not in entered
    entered.add(place)
    return new


def _refuse(error: OSError) -> NoReturn:
    raise InputError(f"{error.filename}: this cannot be read ({error.strerror}). Mend its rights, or take it away.")
