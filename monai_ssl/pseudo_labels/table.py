"""Pseudo-labels of images: a table that any spreadsheet opens, and that may be corrected there."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from monai_ssl.errors import InputError
from monai_ssl.files import write_whole
from monai_ssl.pseudo_labels.journal import FoundLabel, Label, PseudoLabelRecord
from monai_ssl.pseudo_labels.names import Place
from monai_ssl.pseudo_labels.probabilities import check_probabilities, decided_probabilities
from monai_ssl.pseudo_labels.rows import TableContent, read_table
from monai_ssl.tasks import Task

__all__ = ["TABLE_NAME", "PseudoTable"]

TABLE_NAME = "pseudo_labels.csv"
_IMAGE = ("number", "patient")
_CONFIDENCE = "confidence"
# Some programs write whole numbers so where a cell of the column is empty.
_VALUES = {"": -1, "-1": -1, "0": 0, "1": 1, "-1.0": -1, "0.0": 0, "1.0": 1}


class PseudoTable:
    """The table of a folder, ``pseudo_labels.csv``, with a row an image.

    Its columns are ``number``, ``patient``, the label and ``confidence`` (the probability of the label; multi-label:
    that of the least certain class). The label is the class's name in the column ``label``, or 0 or 1 in the column
    ``label_<class>`` for each class; an empty one is missing. The table is what counts: where it differs from the
    journal, it was corrected by hand. Columns that somebody has added stay.

    Args:
        folder: where it is.
        class_names: C names.
        task: "multiclass" or "multilabel".
        soft: whether the labels that were not corrected are the teacher's probabilities, which the journal keeps.
    """

    def __init__(self, folder: Path, class_names: Sequence[str], task: Task, soft: bool) -> None:
        self.path = folder / TABLE_NAME
        self.names = list(class_names)
        self.task = task
        self.soft = soft

    def make(
        self,
        entry: Mapping[str, Any],
        key: str,
        place: Place,
        probabilities: Tensor,
        _recorded: Callable[[], Sequence[PseudoLabelRecord]],
    ) -> PseudoLabelRecord:
        """Label an image.

        Args:
            entry: of the data list.
            key: of the entry.
            place: gives the number.
            probabilities: (C,).

        Raises:
            InputError: for what are no probabilities.
        """
        p = check_probabilities(probabilities, len(self.names), self.task, f"number {place.number}")
        multiclass = self.task == "multiclass"
        decided = (p >= 0.5).long()
        label: Label = int(p.argmax()) if multiclass else decided.tolist()
        confidence = p.max() if multiclass else decided_probabilities(p, decided)
        return PseudoLabelRecord(
            key=key,
            number=place.number,
            patient=entry["patient"],
            confidence=confidence.item(),
            label=label,
            probabilities=p.tolist() if self.soft else None,
        )

    def publish(self, record: PseudoLabelRecord) -> None:
        """The table is written by :meth:`settle`, for all images at once."""

    def settle(self, records: Sequence[PseudoLabelRecord]) -> None:
        """Write the rows that the table lacks; the labels and the other columns that it has stay as they are."""
        content = self._content(records)
        rows, latest = content.rows, {record.number: record for record in records}
        if latest.keys() <= rows.keys():
            return
        with write_whole(self.path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([*_IMAGE, *self._columns(), _CONFIDENCE, *content.others])
            for number, record in sorted(latest.items()):
                row = rows.get(number)
                label, others = (row.label, row.others) if row else (record.label, [""] * len(content.others))
                writer.writerow([number, record.patient, *self._cells(label), f"{record.confidence:.4f}", *others])

    def present(self, records: Sequence[PseudoLabelRecord]) -> set[str]:
        """The keys of all: :meth:`settle` puts a row that is missing back."""
        return {record.key for record in records}

    def read(self, records: Sequence[PseudoLabelRecord]) -> dict[str, FoundLabel]:
        """The labels of the table, by the key of the image.

        Raises:
            InputError: for a table that cannot be used; the message names the line.
        """
        rows, found = self._content(records).rows, {}
        for record in {record.key: record for record in records}.values():
            if record.number in rows:
                label = rows[record.number].label
                corrected = label != record.label
                value = record.probabilities if self.soft and not corrected else label
                found[record.key] = FoundLabel(value, corrected, json.dumps(value))
        return found

    def describe(self, record: PseudoLabelRecord) -> str:
        """What the pseudo-label of an image is called in messages."""
        return f"{self.path}, row of number {record.number}"

    def check_folder(self, _records: Sequence[PseudoLabelRecord]) -> None:
        """There is one table, whatever lies beside it."""

    def check(self, _entry: Mapping[str, Any], found: FoundLabel) -> None:
        """A label that could be read is sound."""

    def remove(self, _records: Sequence[PseudoLabelRecord]) -> None:
        """Remove the table."""
        self.path.unlink(missing_ok=True)

    def summary(self, records: Sequence[PseudoLabelRecord]) -> dict[str, float]:
        """The fraction of the images that are labeled with each class."""
        counts: Counter[str] = Counter()
        for record in records:
            if isinstance(record.label, list):
                counts.update(name for name, value in zip(self.names, record.label, strict=True) if value)
            elif record.label is not None:
                counts[self.names[record.label]] += 1
        return {name: counts[name] / len(records) for name in self.names}

    def _content(self, records: Sequence[PseudoLabelRecord]) -> TableContent:
        content = read_table(self.path, _IMAGE, self._columns(), _CONFIDENCE, self._parse)
        patients = {record.number: record.patient for record in records}
        for number, row in content.rows.items():
            if row.patient != patients.get(number, row.patient):
                raise InputError(
                    f"{self.path}, line {row.line}: the patient of image {number} is {patients[number]}, not "
                    f"{row.patient}. Keep the columns number and patient as they were, and sort whole rows only."
                )
        return content

    def _columns(self) -> list[str]:
        return ["label"] if self.task == "multiclass" else [f"label_{name}" for name in self.names]

    def _cells(self, label: Label | None) -> list[str]:
        if isinstance(label, list):
            return ["" if value < 0 else str(value) for value in label]
        return ["" if label is None or label < 0 else self.names[label]]

    def _parse(self, cells: Sequence[str]) -> Label:
        if self.task == "multiclass":
            (name,) = cells
            if name and name not in self.names:
                raise ValueError(
                    f"{name!r} is no class. Give one of {', '.join(self.names)}, or nothing where it is not known."
                )
            return self.names.index(name) if name else -1
        for name, cell in zip(self.names, cells, strict=True):
            if cell not in _VALUES:
                raise ValueError(f"{name} is {cell!r}. Give 1 or 0, or nothing where it is not known.")
        return [_VALUES[cell] for cell in cells]
