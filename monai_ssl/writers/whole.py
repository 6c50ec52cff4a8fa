"""Saving a file whole or not at all, with an error that names it."""

import os
from collections.abc import Callable
from pathlib import Path

from monai_ssl.errors import InputError
from monai_ssl.files import write_whole

__all__ = ["save_whole"]


def save_whole(path: str | os.PathLike[str], save: Callable[[Path], None]) -> None:
    """Save a file under a temporary name and rename it; see :func:`~monai_ssl.files.write_whole`.

    Args:
        path: the file.
        save: writes to the path that it is given.

    Raises:
        InputError: when the file cannot be written, as on a full disk.
    """
    try:
        with write_whole(path) as temporary:
            save(temporary)
    except OSError as error:
        raise InputError(
            f"{path}: this file cannot be written ({error.strerror}). Make room on this disk, or choose another folder."
        ) from error
