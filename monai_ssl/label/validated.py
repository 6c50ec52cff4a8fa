"""The patients that models are validated on, in all rounds of all models of an app."""

import json
from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock

from monai_ssl.errors import InputError
from monai_ssl.files import write_json

__all__ = ["Validated"]


class Validated:
    """A list of pseudonyms on disk that only grows: who was validated on once is never trained with.

    Args:
        path: the file; it is made with the first patients.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def read(self) -> set[str]:
        """The pseudonyms.

        Raises:
            InputError: when the file is damaged.
        """
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return set()
        except (OSError, ValueError):
            found = None
        if not isinstance(found, list) or not all(isinstance(patient, str) for patient in found):
            raise InputError(
                f"{self.path}: this file is damaged, and with it who must not be trained with. Put back a copy, or "
                "remove it together with all rounds to begin anew."
            )
        return set(found)

    def add(self, patients: Iterable[str]) -> None:
        """Add patients."""
        with FileLock(self.path.with_name(f".{self.path.name}.lock")):
            write_json(self.path, sorted(self.read() | set(patients)))
