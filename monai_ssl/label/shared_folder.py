"""MONAI Label's datastore of a folder, for several processes that may be killed at any moment."""

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock
from monailabel.datastore.local import DataModel, ImageLabelModel, LocalDatastore

from monai_ssl.errors import InputError
from monai_ssl.files import write_json, write_whole

__all__ = ["SharedFolder"]

_LOCK = ".changes.lock"


class SharedFolder(LocalDatastore):
    """A folder whose files, and whose index of them, are written whole, and by one process at a time.

    MONAI Label copies an upload to its place, where another process may read half of it, and writes over what others
    have written to the index meanwhile: of their images it then knows nothing, such as whose they are.

    Args:
        path: the folder.
        options: those of MONAI Label's ``LocalDatastore``.

    Raises:
        InputError: when the index is damaged.
    """

    def __init__(self, path: str, **options: Any) -> None:
        self._alone = FileLock(Path(path) / _LOCK)
        try:
            super().__init__(path, **options)
        except ValueError as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"{self._datastore_config_path}: this index is damaged. Put back a copy, or remove it: images and "
                "labels are found again, but not what was said of them, such as patients."
            ) from None

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Begin with what others have written, and let nobody write until the end."""
        with self._alone:
            self._init_from_datastore_file()
            yield

    def add_image(self, image_id: str, image_filename: str, image_info: dict[str, Any]) -> str:
        """Keep an image."""
        suffix = self._to_id(Path(image_filename).name)[1]
        with self.changing():
            kept = self._keep(image_filename, self._datastore.image_path(), image_id + suffix, image_info)
            self._datastore.objects[image_id] = ImageLabelModel(image=DataModel(info=kept, ext=suffix))
            self._update_datastore_file()
        return image_id

    def save_label(self, image_id: str, label_filename: str, label_tag: str, label_info: dict[str, Any]) -> str:
        """Keep a label."""
        suffix = self._to_id(Path(label_filename).name)[1]
        with self.changing():
            kept = self._keep(label_filename, self._datastore.label_path(label_tag), image_id + suffix, label_info)
            self._datastore.objects[image_id].labels[label_tag] = DataModel(info=kept, ext=suffix)
            self._update_datastore_file()
        return image_id

    def remove_image(self, image_id: str) -> None:
        """Remove an image and its labels."""
        with self.changing():
            super().remove_image(image_id)

    def remove_label(self, label_id: str, label_tag: str) -> None:
        """Remove a label."""
        with self.changing():
            super().remove_label(label_id, label_tag)

    def update_image_info(self, image_id: str, info: dict[str, Any]) -> None:
        """Keep facts on an image."""
        with self.changing():
            super().update_image_info(image_id, info)

    def update_label_info(self, label_id: str, label_tag: str, info: dict[str, Any]) -> None:
        """Keep facts on a label."""
        with self.changing():
            super().update_label_info(label_id, label_tag, info)

    def _keep(self, file: str, folder: str, name: str, info: dict[str, Any]) -> dict[str, Any]:
        """Copy a file to its place; what the index is to say of it."""
        with write_whole(Path(folder) / name) as temporary:
            shutil.copyfile(file, temporary)
        return {**info, "ts": int(time.time()), "name": name}

    def _reconcile_datastore(self) -> None:
        with self._alone:
            super()._reconcile_datastore()

    def _update_datastore_file(self, lock: bool = True) -> None:  # noqa: ARG002
        with self._alone:
            write_json(self._datastore_config_path, self._datastore.model_dump(exclude={"base_path"}))
            self._config_ts = os.stat(self._datastore_config_path).st_mtime  # noqa: PTH116
