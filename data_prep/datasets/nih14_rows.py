"""The rows of NIH ChestX-ray14's table: findings and patient of each image."""

import csv
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from data_prep.datasets.tree import stem_of
from data_prep.folder.tables import normalize
from data_prep.records import Rejects
from monai_ssl.errors import InputError

__all__ = ["FINDINGS", "Row", "Rows", "read_rows"]

FINDINGS = (
    "Atelectasis",
    "Cardiomegaly",
    "Effusion",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pneumonia",
    "Pneumothorax",
    "Consolidation",
    "Edema",
    "Emphysema",
    "Fibrosis",
    "Pleural_Thickening",
    "Hernia",
)
"""The 14 classes in their usual order (that of Wang et al., CVPR 2017, with the six of the extended set at the end)."""

_IMAGE, _LABELS, _PATIENT = _COLUMNS = ("Image Index", "Finding Labels", "Patient ID")
_NONE = "No Finding"
_RELEASED_NAME = re.compile(r"(\d{8})_\d{3}")  # of the patient, and of the image
_MEND = "Mend the row."


@dataclass(frozen=True, slots=True)
class Row:
    """What the table says of an image: 14 values of 0 or 1, the patient, and the place in the table."""

    label: tuple[int, ...]
    patient: str
    where: str


@dataclass
class Rows:
    """The rows of images by their stem, the stems of which a row is wrong, and the number of rows without an image."""

    of: dict[str, Row] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)
    absent: int = 0


def read_rows(file: Path, images: Collection[str], rejects: Rejects) -> Rows:
    """Read the table, setting aside rows that cannot be used, with their images.

    Args:
        file: the table.
        images: the stems of those that are there; other rows are counted only.
        rejects: gets rows with another number of cells than the header, with findings that are none of the 14, without
            a patient, and those of an image that has an earlier one.

    Raises:
        InputError: when the table cannot be read, a column is missing, or most of its rows are not of ChestX-ray14.
    """
    header, lines = _read_cells(file)
    missing = [column for column in _COLUMNS if column not in header]
    if missing:
        raise InputError(f"{file}: there is no column {' nor '.join(missing)}. Give the table of ChestX-ray14.")
    image, findings, patient = (header.index(column) for column in _COLUMNS)
    # The released header ends with a comma: it has a column without a name, which rows may leave out.
    sizes = range(sum(map(bool, header)), len(header) + 1)
    labels = [_label(cells[findings]) if len(cells) in sizes else None for _, cells in lines]
    if 2 * labels.count(None) > len(labels):
        raise InputError(
            f"{file}: most rows have findings that are none of the 14, or too many or too few cells. Give the table of "
            "ChestX-ray14."
        )
    rows = Rows()
    for (line, cells), label in zip(lines, labels, strict=True):
        where = f"{file.name}, line {line}"
        stem = stem_of(cells[image]) if image < len(cells) else ""
        if stem not in images:
            rows.absent += 1
            continue
        number = _patient(stem, cells[patient]) if len(cells) in sizes else None
        if len(cells) not in sizes:
            rejects.add(where, f"this row has {len(cells)} cells, but the header has {len(header)}", _MEND)
        elif label is None:
            rejects.add(where, f"{_LABELS} is neither some of the 14 findings nor {_NONE} alone", _MEND)
        elif number is None:
            rejects.add(where, f"{_PATIENT} is not the whole number that the image's patient has", _MEND)
        elif stem not in rows.of:
            rows.of[stem] = Row(label, number, where)
            continue
        elif (rows.of[stem].label, rows.of[stem].patient) == (label, number):
            rejects.add(where, "an earlier row is of the same image", "Keep one row an image.")
            continue
        else:
            rejects.add(where, "an earlier row says something else of the same image", "Keep the right one.")
        rows.wrong.add(stem)
    for stem in rows.wrong:
        rows.of.pop(stem, None)
    return rows


def _read_cells(file: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header's cells, and those of each row with its line."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            delimiter = max(",;\t", key=stream.readline().count)
            stream.seek(0)
            reader = csv.reader(stream, delimiter=delimiter, strict=True)
            (_, header), *lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if cells]
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{file}: this is no table ({type(error).__name__}). Give that of ChestX-ray14.") from None
    return header, lines


def _label(cell: str) -> tuple[int, ...] | None:
    """14 values; None for a cell that is no combination of findings."""
    words = [word.strip() for word in cell.split("|")]
    if words == [_NONE]:
        words = []
    return tuple(int(finding in words) for finding in FINDINGS) if set(words) <= set(FINDINGS) else None


def _patient(stem: str, cell: str) -> str | None:
    """The number in a cell; None where it is none, or not that with which the released name of the image begins."""
    number = normalize(cell)
    name = _RELEASED_NAME.fullmatch(stem)
    return number if number.isdecimal() and (name is None or int(name[1]) == int(number)) else None
