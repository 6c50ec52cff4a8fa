"""MONAI Label's datastore of a folder, which takes nothing in that could not be used later."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from monai_ssl.errors import InputError
from monai_ssl.label.facts import read_plain
from monai_ssl.label.labels import check_mask, kind_of_label, read_classes
from monai_ssl.label.listed_folder import ListedFolder
from monai_ssl.label.settings import Settings
from monai_ssl.readers import read_image
from monai_ssl.readers.listing import IMAGE_SUFFIXES, split_name

__all__ = ["CheckedDatastore", "MissingError"]

_NAME = re.compile(r"\w[\w.\- ]{0,127}")
_TAG = re.compile(r"\w[\w\-]{0,31}")
# Of the facts on an image, those that MONAI Label and this app write themselves.
_RESERVED = ("strategy", "path", "name", "ts")


class MissingError(InputError):
    """There is no such image, or no such label."""


class CheckedDatastore(ListedFolder):
    """A folder of images, with labels in ``labels/final``.

    Before an image or a label is kept, its name is checked, and the file is read: an image must be one that the bundles
    can read; a label must be of a known class, or lie on the grid of its image. What is refused leaves the folder as it
    was.

    Args:
        path: the folder.
        settings: the app's.
        read_only: whether to leave the folder's index as it is.
    """

    def __init__(self, path: str, settings: Settings, read_only: bool = False) -> None:
        super().__init__(path, read_only)
        self.settings = settings

    def add_image(self, image_id: str, image_filename: str, image_info: dict[str, Any]) -> str:
        """Keep an image.

        Raises:
            InputError: for a name that could be a path, that is taken, and a file that is no image.
        """
        name = image_id or self._to_id(Path(image_filename).name)[0]
        _check(_NAME, name, "the name of an image")
        if not split_name(image_filename)[1]:
            raise InputError(
                f"{name}: files of this kind are not taken. Give one that ends in {', '.join(IMAGE_SUFFIXES)}."
            )
        info = _facts(image_info)
        with _named(image_filename, name):
            read_image(image_filename, windows=("raw",))
        with self.changing():
            if name in self.list_images():
                raise InputError(f"There is an image {name!r} already. Remove it first, or give another name.")
            return super().add_image(name, image_filename, info)

    def remove_image(self, image_id: str) -> None:
        """Remove an image and its labels.

        Raises:
            MissingError: when there is no such image.
        """
        if not self.get_image_uri(image_id):
            raise MissingError(f"There is no image {image_id!r}.")
        super().remove_image(image_id)

    def update_image_info(self, image_id: str, info: dict[str, Any]) -> None:
        """Keep facts on an image.

        Raises:
            MissingError: when there is no such image.
            InputError: when they are no facts.
        """
        if not self.get_image_uri(image_id):
            raise MissingError(f"There is no image {image_id!r}.")
        given = _facts(info)
        strategy = info.get("strategy")
        super().update_image_info(image_id, given | ({"strategy": strategy} if isinstance(strategy, dict) else {}))

    def save_label(self, image_id: str, label_filename: str, label_tag: str, label_info: dict[str, Any]) -> str:
        """Keep a label of an image, in place of one that it has.

        Raises:
            MissingError: when there is no such image.
            InputError: for a label that does not fit.
        """
        tag = str(getattr(label_tag, "value", label_tag))
        _check(_TAG, tag, "the tag of a label")
        with self.changing():
            return self._save_label(image_id, label_filename, tag, _facts(label_info))

    def _save_label(self, image_id: str, label_filename: str, tag: str, info: dict[str, Any]) -> str:
        image = self.get_image_uri(image_id)
        if not image:
            raise MissingError(f"There is no image {image_id!r}.")
        former = self.get_label_uri(image_id, tag)
        is_class = kind_of_label(label_filename) == "classification"
        if former and kind_of_label(former) != kind_of_label(label_filename):
            raise InputError(
                f"The image {image_id!r} has {'a mask' if is_class else 'a class'} as its label. It has one label: "
                "remove that one first, or keep masks and classes in a datastore each."
            )
        with _named(label_filename, f"label of {image_id}"):
            if is_class:
                read_classes(label_filename, self.settings.labels)
            else:
                check_mask(label_filename, image, self.settings.regions)
        saved = super().save_label(image_id, label_filename, tag, info)
        if former and former != self.get_label_uri(image_id, tag):
            Path(former).unlink(missing_ok=True)  # of another suffix, it would be taken for the label one day
        return saved

    def remove_label(self, label_id: str, label_tag: str) -> None:
        """Remove a label.

        Raises:
            MissingError: when there is no such label.
        """
        if not self.get_label_uri(label_id, label_tag):
            raise MissingError(f"There is no label {label_tag!r} of {label_id!r}.")
        super().remove_label(label_id, label_tag)

    def update_label_info(self, label_id: str, label_tag: str, info: dict[str, Any]) -> None:
        """Keep facts on a label.

        Raises:
            MissingError: when there is no such label.
            InputError: when they are no facts.
        """
        if not self.get_label_uri(label_id, label_tag):
            raise MissingError(f"There is no label {label_tag!r} of {label_id!r}.")
        super().update_label_info(label_id, label_tag, _facts(info))

    def get_dataset_archive(self, limit_cases: int | None) -> str:
        """The labeled images with their labels, in one file.

        Raises:
            MissingError: when no image is labeled.
        """
        self.look()
        if not self.get_labeled_images():
            raise MissingError("No image has a final label, so that there is nothing to download.")
        return super().get_dataset_archive(limit_cases)


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


def _facts(info: Any) -> dict[str, Any]:
    """Facts as they came with an upload."""
    return {key: value for key, value in read_plain(info).items() if key not in _RESERVED}
