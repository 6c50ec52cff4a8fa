"""Pseudo-labels as they are on disk: which teacher and settings made them, and what is there of them."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monai_ssl.errors import InputError
from monai_ssl.files import make_folder, write_json
from monai_ssl.pseudo_labels.entries import refuse_corrected
from monai_ssl.pseudo_labels.journal import JOURNAL_NAME, FoundLabel, PseudoLabelJournal, PseudoLabelRecord
from monai_ssl.pseudo_labels.settings import difference, kept_labels, teacher_digest
from monai_ssl.pseudo_labels.table import TABLE_NAME

__all__ = ["PseudoLabelState"]

_logger = logging.getLogger("monai_ssl")
_SUMMARY_NAME = "summary.json"


class PseudoLabelState:
    """The journal and the files of a folder of pseudo-labels, as one teacher and some settings see them.

    Args:
        folder: where they are.
        teacher_path: the file of the teacher's weights.
        settings: what :func:`~monai_ssl.pseudo_labels.settings.check_settings` gives.
        confidence_maps: whether new masks get a map.
    """

    def __init__(self, folder: Path, teacher_path: Path, settings: Mapping[str, Any], confidence_maps: bool) -> None:
        self.folder = folder
        self.teacher_path = teacher_path
        self.settings = settings
        self.journal = PseudoLabelJournal(folder)
        self.kept = kept_labels(folder, settings, confidence_maps)

    def current(self) -> dict[str, Any]:
        """The teacher, by the hash of its weights, and the settings.

        Raises:
            InputError: when the teacher is missing.
        """
        return {"teacher": teacher_digest(self.teacher_path), **self.settings}

    def start(self) -> None:
        """Go on where the journal ends, or begin anew if another teacher or other settings made what is there.

        Raises:
            InputError: where beginning anew would remove what was corrected by hand, when the teacher is missing, or
                the folder cannot be written.
        """
        make_folder(self.folder)
        current = self.current()
        settings, records = self.journal.read()
        if settings is None and (table := self.folder / TABLE_NAME).exists():
            raise InputError(f"{table}: what made this table is not known, as {JOURNAL_NAME} is missing. Move it away.")
        if settings != current:
            if settings is not None:
                made = difference(settings, current)
                kept = kept_labels(self.folder, settings)
                refuse_corrected(records, kept, made)
                kept.remove(records)
                (self.folder / _SUMMARY_NAME).unlink(missing_ok=True)
                _logger.info("%s: the pseudo-labels there were made %s, and are removed.", self.folder, made)
            self.journal.begin(current)
        self.settle()

    def settle(self) -> None:
        """Bring together what all processes made, and write the summary."""
        self.journal.merge()
        _, records = self.journal.read()
        self.kept.settle(records)
        if made := self.made():
            write_json(self.folder / _SUMMARY_NAME, self.summary(made))

    def refuse_corrected(self) -> None:
        """Make sure that nothing was corrected by hand.

        Raises:
            InputError: when something was.
        """
        settings, records = self.journal.read()
        if settings is not None:
            refuse_corrected(
                records,
                kept_labels(self.folder, settings),
                "by the teacher before",
                " To train a student on what was corrected, run the stage `training_student` alone.",
            )

    def records(self) -> list[PseudoLabelRecord]:
        """The records of this teacher and these settings; none where others made what is there."""
        settings, records = self.journal.read()
        return records if settings == self.current() else []

    def made(self) -> list[PseudoLabelRecord]:
        """The last record of each image whose pseudo-label is there."""
        _, records = self.journal.read()
        there = self.kept.present(records)
        return list({record.key: record for record in records if record.key in there}.values())

    def summary(self, made: Sequence[PseudoLabelRecord]) -> dict[str, Any]:
        """What ``summary.json`` holds of these records."""
        return {
            **self.current(),
            "images": len(made),
            "confidence": sum(record.confidence for record in made) / len(made),
            "fractions": self.kept.summary(made),
        }

    def found(self) -> tuple[dict[str, FoundLabel], list[PseudoLabelRecord]]:
        """The pseudo-labels as they are now, corrections included, by image, and their records.

        Raises:
            InputError: when there are none, or they are of another teacher or other settings.
        """
        settings, records = self.journal.read()
        if settings is None:
            raise InputError(f"{self.folder}: there are no pseudo-labels yet. Run the pseudo-labeling first.")
        if made := difference(settings, self.current()):
            raise InputError(
                f"{self.folder}: these pseudo-labels were made {made} ({self.teacher_path}). Run the pseudo-labeling "
                "again, or give the teacher and the settings that made them."
            )
        return self.kept.read(records), records
