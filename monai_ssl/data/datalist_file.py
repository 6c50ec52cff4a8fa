"""The file of a data list."""

import os
from pathlib import Path
from typing import Any

from monai_ssl.errors import InputError
from monai_ssl.files import read_object

__all__ = ["DATALIST_NAME", "read_content"]

DATALIST_NAME = "datalist.json"
_MAKE = "Make the data set with `python -m data_prep demo` or `python -m data_prep folder`."


def read_content(dataset_dir: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the JSON object in ``<dataset_dir>/datalist.json``, without a check of what is in it.

    Raises:
        InputError: when the folder or the file is missing, or the file holds no JSON object.
    """
    folder = Path(dataset_dir)
    file = folder / DATALIST_NAME
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder. {_MAKE}")
    if not file.is_file():
        state = f"holds no {DATALIST_NAME}" if any(folder.iterdir()) else "is empty"
        raise InputError(f"{folder}: this folder {state}. {_MAKE}")
    return read_object(file, _MAKE)
