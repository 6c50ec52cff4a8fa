"""MONAI Label's datastore of a folder, with the images and labels that are there at the moment."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monai_ssl.label.labels import LABEL_SUFFIX
from monai_ssl.label.shared_folder import SharedFolder
from monai_ssl.readers.listing import IMAGE_SUFFIXES, split_name

__all__ = ["ListedFolder"]

logger = logging.getLogger(__name__)


class ListedFolder(SharedFolder):
    """A folder whose files may be put there, and taken away, by anybody.

    They are seen at the next request that lists images. MONAI Label's own watcher is not used: it changes the index
    from another thread, beside the requests.

    Args:
        path: the folder.
        read_only: whether to leave the folder's index as it is.
    """

    def __init__(self, path: str, read_only: bool = False) -> None:
        self.read_only = read_only
        self._left_out: set[str] = set()
        patterns = [f"*{suffix}" for suffix in IMAGE_SUFFIXES]
        super().__init__(path, extensions=patterns, auto_reload=False, read_only=read_only)

    def look(self) -> None:
        """Bring the index to what is in the folder."""
        if not self.read_only:
            self.refresh()

    def list_images(self) -> list[str]:
        """The names of all images that are in the folder now."""
        self.look()
        return super().list_images()

    def get_unlabeled_images(self, label_tag: str | None = None, labels: Any = None) -> list[str]:
        """The names of those without a final label."""
        self.look()
        return super().get_unlabeled_images(label_tag, labels)

    def status(self) -> dict[str, Any]:
        """How many images and labels there are."""
        self.look()
        return super().status()

    def get_image_uri(self, image_id: str) -> str:
        """The file of an image; empty where there is none."""
        found = super().get_image_uri(image_id)
        if not found or not Path(found).is_file():
            self.look()
            found = super().get_image_uri(image_id)
        return found

    def get_label_uri(self, label_id: str, label_tag: str) -> str:
        """The file of a label; empty where there is none."""
        found = super().get_label_uri(label_id, label_tag)
        if not found or not Path(found).is_file():
            self.look()
            found = super().get_label_uri(label_id, label_tag)
        return found

    def _to_id(self, file: str) -> tuple[str, str]:
        """A file's name without its suffix, and the suffix as it is written."""
        if file.lower().endswith(LABEL_SUFFIX):
            return file[: -len(LABEL_SUFFIX)], LABEL_SUFFIX
        return split_name(file)

    def _list_files(self, path: str, patterns: Sequence[str]) -> dict[str, str]:  # noqa: ARG002
        """The images, or labels, of a folder; of several whose names differ in their suffixes alone, the first."""
        labels = Path(path).resolve() != Path(self._datastore.image_path()).resolve()
        suffixes = (*IMAGE_SUFFIXES, LABEL_SUFFIX) if labels else IMAGE_SUFFIXES
        found: dict[str, str] = {}
        for file in sorted(Path(path).iterdir()):
            if file.name.startswith(".") or not file.name.lower().endswith(suffixes) or not file.is_file():
                continue
            if not _is_unicode(file.name):
                self._leave_out(file, "this name is no Unicode, which the index could not keep. Rename it")
            elif found.setdefault(self._to_id(file.name)[0], file.name) != file.name:
                self._leave_out(file, "another file has this name with another suffix, and this one is left out")
        return {name: name for name in found.values()}

    def _leave_out(self, file: Path, reason: str) -> None:
        """Say so, once."""
        if str(file) not in self._left_out:
            self._left_out.add(str(file))
            logger.warning("%s: %s.", os.fsencode(file).decode(errors="replace"), reason)


def _is_unicode(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
