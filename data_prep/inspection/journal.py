"""What earlier runs have found out about files, one line of JSON a file."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from monai_ssl.files import make_folder

__all__ = ["Journal", "read_journal"]


def read_journal(path: Path) -> dict[str, dict[str, Any]]:
    """The facts of a journal, by their key; of several with one key the last.

    Args:
        path: the file; none is an empty journal. Lines that are none of a journal are left out, such as the last one
            of a run that was killed while it wrote.
    """
    facts = {}
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            fact = json.loads(line)
            facts[fact.pop("key")] = fact
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return facts


class Journal:
    """Appends facts to a file, each as soon as it is known. A context manager.

    Args:
        path: the file; it and its folder are made where they are missing.
    """

    def __init__(self, path: Path) -> None:
        make_folder(path.parent)
        self._file = path.open("a", encoding="ascii", buffering=1)
        if self._file.tell():
            self._file.write("\n")  # the last line may be half of one; empty lines do no harm

    def add(self, key: str, fact: Mapping[str, Any]) -> None:
        """Append a fact.

        Args:
            key: names the file without telling which it is.
            fact: what JSON can hold.
        """
        self._file.write(json.dumps({"key": key, **fact}) + "\n")

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        self._file.close()
