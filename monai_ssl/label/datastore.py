"""MONAI Label's datastore of a folder, which takes nothing in that could not be used later."""

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from monailabel.datastore.local import LocalDatastore

from monai_ssl.errors import InputError
from monai_ssl.label.labels import LABEL_SUFFIX, check_mask, read_classes
from monai_ssl.label.settings import Settings
from monai_ssl.readers import read_image

__all__ = ["EXTENSIONS", "CheckedDatastore", "MissingError"]

EXTENSIONS = ("*.nii.gz", "*.nii", "*.dcm", "*.png", "*.jpg", "*.jpeg", "*.tif", "*.tiff", "*.bmp")
"""What is taken for an image, by suffix."""

_NAME = re.compile(r"\w[\w.\- ]{0,127}")
_TAG = re.compile(r"\w[\w\-]{0,31}")


class MissingError(InputError):
    """There is no such image."""


class CheckedDatastore(LocalDatastore):
    """A folder of images, with labels in ``labels/final``.

    Before an image or a label is kept, its name is checked, and the file is read: an image must be one that the bundles
    can read; a label must be of a known class, or lie on the grid of its image. What is refused leaves the folder as it
    was.

    Args:
        path: the folder.
        settings: the app's.
        auto_reload: whether files that are put into the folder are found while the server runs.
        read_only: whether to leave the folder's index as it is.
    """

    def __init__(self, path: str, settings: Settings, auto_reload: bool = False, read_only: bool = False) -> None:
        self.settings = settings
        super().__init__(path, extensions=EXTENSIONS, auto_reload=auto_reload, read_only=read_only)

    def add_image(self, image_id: str, image_filename: str, image_info: dict[str, Any]) -> str:
        """Keep an image.

        Raises:
            InputError: for a name that could be a path, that is taken, and a file that is no image.
        """
        name = image_id or self._to_id(Path(image_filename).name)[0]
        _check(_NAME, name, "the name of an image")
        if name in self.list_images():
            raise InputError(f"There is an image {name!r} already. Remove it first, or give another name.")
        if not any(image_filename.lower().endswith(suffix[1:]) for suffix in EXTENSIONS):
            raise InputError(f"{name}: files of this kind are not taken. Give one that ends in {_listed()}.")
        with _named(image_filename, name):
            read_image(image_filename, windows=("raw",))
        return super().add_image(name, image_filename, _plain(image_info))

    def save_label(self, image_id: str, label_filename: str, label_tag: str, label_info: dict[str, Any]) -> str:
        """Keep a label of an image.

        Raises:
            MissingError: when there is no such image.
            InputError: for a label that does not fit.
        """
        _check(_TAG, str(getattr(label_tag, "value", label_tag)), "the tag of a label")
        image = self.get_image_uri(image_id)
        if not image:
            raise MissingError(f"There is no image {image_id!r}.")
        with _named(label_filename, f"label of {image_id}"):
            if label_filename.lower().endswith(LABEL_SUFFIX):
                read_classes(label_filename, self.settings.labels)
            else:
                check_mask(label_filename, image, self.settings.regions)
        return super().save_label(image_id, label_filename, label_tag, _plain(label_info))


@contextlib.contextmanager
def _named(path: str, name: str) -> Iterator[None]:
    """Name what was uploaded, not the temporary file that it lies in."""
    try:
        yield
    except InputError as error:
        raise InputError(str(error).replace(path, name)) from None


def _check(pattern: re.Pattern[str], text: str, what: str) -> None:
    if not pattern.fullmatch(text):
        raise InputError(
            f"{text[:80]!r} cannot be {what}. Give letters, digits, '.', '_', '-', beginning with none of '.-'."
        )


def _plain(info: Any) -> dict[str, Any]:
    """Facts as they came with an upload."""
    if not isinstance(info or {}, dict):
        raise InputError(f"The parameters are {json.dumps(info)[:80]}. Give a JSON object.")
    return dict(info or {})


def _listed() -> str:
    return ", ".join(suffix[1:] for suffix in EXTENSIONS)
