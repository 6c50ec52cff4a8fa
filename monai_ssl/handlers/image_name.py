"""The name of an image in tables and reports."""

import os
from pathlib import Path
from typing import Any

from monai.utils import ensure_tuple

__all__ = ["image_name"]


def image_name(source: Any, folder: str | os.PathLike[str] | None = None) -> str:
    """Name an image by its path, or by the first of its paths.

    Args:
        source: the path, or the paths of an image of several files.
        folder: names of images below it are relative to it; others are as given.
    """
    image = str(ensure_tuple(source)[0])
    if folder is None:
        return image
    # A data list's paths keep the links on the way to its folder, which other paths may have followed.
    path = Path(image).absolute()
    for base in (Path(folder).absolute(), Path(folder).resolve()):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return image
