"""What a teacher has said of each image: one line of JSON an image, appended as soon as it is known."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from monai_ssl.errors import InputError
from monai_ssl.files import write_whole

__all__ = ["JOURNAL_NAME", "FoundLabel", "Label", "PseudoLabelJournal", "PseudoLabelRecord"]

JOURNAL_NAME = "pseudo_labels.jsonl"
FORMAT = 2

Label = int | list[int]
"""A class index, or 0 or 1 for each class; -1 is missing."""


@dataclass(frozen=True)
class PseudoLabelRecord:
    """The pseudo-label of one image.

    Args:
        key: digest of the patient and of the paths and sizes of the image's files.
        number: of the image, from 1.
        patient: pseudonym.
        confidence: from 0 to 1, a mean over the voxels of a mask.
        file: the mask's name in the folder.
        sha256: of the mask's file as it was written.
        voxels: how many voxels have each value of the mask.
        label: in classification.
        probabilities: (C,) in classification with soft labels.
    """

    key: str
    number: int
    patient: str
    confidence: float
    file: str = ""
    sha256: str = ""
    voxels: dict[str, int] | None = None
    label: Label | None = None
    probabilities: list[float] | None = None


@dataclass(frozen=True)
class FoundLabel:
    """A pseudo-label as it is on disk.

    Args:
        value: the path of a mask, or a label.
        corrected: whether it was changed since the teacher made it.
        state: text that differs for another mask or label.
    """

    value: Any
    corrected: bool
    state: str


class PseudoLabelJournal:
    """The journal of a folder, ``pseudo_labels.jsonl``: a line with the settings, then a line an image.

    A process beside the first appends to a file of its own, ``pseudo_labels.<rank>.jsonl``, so that lines never
    interleave. Lines that are no records are left out: the last one of a run that was killed while it wrote.

    Args:
        folder: where the files are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / JOURNAL_NAME

    def read(self) -> tuple[dict[str, Any] | None, list[PseudoLabelRecord]]:
        """The settings (``None`` without a journal) and the records in the order of the files; later ones hold.

        Raises:
            InputError: for a journal of another version.
        """
        head, *rest = self._lines(self.path) or [b""]
        settings = _parse(head)
        if not isinstance(settings, dict) or "format" not in settings:
            return None, []
        if settings.pop("format") != FORMAT:
            raise InputError(
                f"{self.path}: another version of this package made these pseudo-labels. Choose another folder."
            )
        for path in self._others():
            rest += self._lines(path)
        return settings, list(_records(rest))

    def begin(self, settings: Mapping[str, Any]) -> None:
        """Begin an empty journal; whatever there was is gone."""
        self._write(settings, [])

    def merge(self) -> None:
        """Put the lines of all processes into the first file, while none of them writes."""
        settings, records = self.read()
        if settings is not None:
            self._write(settings, records)

    def append(self, record: PseudoLabelRecord, rank: int = 0) -> None:
        """Append a record, which outlives the process from then on."""
        path = self.folder / f"pseudo_labels.{rank}.jsonl" if rank else self.path
        with path.open("a", encoding="ascii") as file:
            file.write(_line(record))

    def _write(self, settings: Mapping[str, Any], records: Sequence[PseudoLabelRecord]) -> None:
        with write_whole(self.path) as temporary, temporary.open("w", encoding="ascii") as file:
            file.write(json.dumps({"format": FORMAT, **settings}) + "\n")
            file.writelines(map(_line, records))
        for path in self._others():
            path.unlink()

    def _others(self) -> list[Path]:
        return sorted(self.folder.glob("pseudo_labels.*.jsonl"))

    def _lines(self, path: Path) -> list[bytes]:
        try:
            return path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(
                f"{path}: this journal cannot be read ({os.strerror(error.errno or 0)}). Mend its rights, or choose "
                "another folder."
            ) from error


def _line(record: PseudoLabelRecord) -> str:
    return json.dumps({name: value for name, value in asdict(record).items() if value not in (None, "")}) + "\n"


def _parse(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _records(lines: Sequence[bytes]) -> Iterator[PseudoLabelRecord]:
    for line in lines:
        try:
            yield PseudoLabelRecord(**_parse(line))
        except TypeError:
            continue
