"""What the reader of a data set gives: its images, and what is known of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monai_ssl.errors import InputError

__all__ = ["TRAIN_VAL", "Record", "Rejected", "Rejects", "Source", "split_message"]

TRAIN_VAL = "train_val"
"""The split of an image that a data set leaves to its users to put into training or validation."""


@dataclass(frozen=True, slots=True)
class Record:
    """An image of a data set, before anyone has looked at its file.

    Args:
        image: the file; several are the channels of one image (the modalities of an MR study).
        name: what the image is called in ``rejected.csv``: the path below the source folder as a rule.
        label: C values in {0, 1, -1 = missing} (multi-label), the index of the class, -1 = missing (multi-class,
            joint), None where nothing is known. Segmentation has none.
        mask: the file of the mask, where there is one.
        patient: the real identifier of the patient, lesion or subject, by which images are grouped; it reaches no
            output. None: that of the DICOM header, else the image is a group of its own.
        split: ``"training"``, ``"validation"``, ``"test"`` or :data:`TRAIN_VAL` of the official split that is to be
            kept; None: drawn. Images that the data set means to be used unlabeled have ``"training"`` and no label.
        where: the place in the table, such as ``"labels.csv, line 3"``, for messages.
    """

    image: Path | tuple[Path, ...]
    name: str
    label: list[int] | int | None = None
    mask: Path | None = None
    patient: str | None = None
    split: str | None = None
    where: str = ""

    @property
    def images(self) -> tuple[Path, ...]:
        """The files of the image, also where it is one."""
        return self.image if isinstance(self.image, tuple) else (self.image,)


@dataclass(frozen=True)
class Rejected:
    """A file or row that was set aside: a line of ``rejected.csv``."""

    path: str
    reason: str
    remedy: str


class Rejects:
    """Collects what is set aside, or stops at the first where the user asked for that.

    Args:
        strict: whether the first is an error.
    """

    def __init__(self, strict: bool = False) -> None:
        self.strict = strict
        self.found: list[Rejected] = []

    def add(self, path: str, reason: str, remedy: str) -> None:
        """Set aside ``path`` (of a file below the source folder, or a place in a table).

        Raises:
            InputError: in strict mode.
        """
        if self.strict:
            raise InputError(f"{path}: {reason}. {remedy} Without --strict it is set aside.")
        self.found.append(Rejected(path, reason, remedy))

    def add_error(self, path: str, error: str) -> None:
        """Set aside ``path`` for the message of an ``InputError``; see :func:`split_message`."""
        self.add(path, *split_message(error, path))


def split_message(message: str, path: str = "") -> tuple[str, str]:
    """The reason and the remedy of an ``InputError``'s message, ``"{path}: {reason}. {remedy}"``, without the path.

    Args:
        message: of the error; its path may be absolute.
        path: what the file is called, or the end of its path, which may itself hold a colon.
    """
    _, known, text = message.partition(f"{path}: ") if path else ("", "", "")
    if not known:
        text = message.split(": ", 1)[-1]
    reason, _, remedy = text.partition(". ")
    return reason.rstrip("."), remedy or "Mend the file, or take it away."


@dataclass
class Source:
    """A data set as its reader found it.

    Args:
        name: of the data set.
        task: ``"multilabel"``, ``"multiclass"``, ``"segmentation"`` or ``"joint"`` (class and mask).
        labels: class names; for segmentation the names in ``masks``.
        records: the images, in a fixed order.
        masks: for segmentation and joint: the values of a mask that make up each named region, such as
            ``{"whole tumor": [1, 2, 4], "enhancing tumor": [4]}``; 0 is background.
        grouped: False where the data set tells no groups, as its help says: each image is one of its own.
        modality: as in DICOM; None: that of the DICOM headers, else ``"OT"``.
        channels: of an image; None: 1 or 3, whichever most images are.
        spatial_dims: 2 or 3; None: what the images are.
        tables: the files that labels and splits were read from; their checksums are kept.
        details: what else the data list's provenance should tell: the columns used, the official split...
    """

    name: str
    task: str
    labels: Sequence[str]
    records: list[Record]
    masks: dict[str, list[int]] = field(default_factory=dict)
    grouped: bool = True
    modality: str | None = None
    channels: int | None = None
    spatial_dims: int | None = None
    tables: Sequence[Path] = ()
    details: dict[str, Any] = field(default_factory=dict)
