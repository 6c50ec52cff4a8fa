"""Reading a CSV of labels and finding out what its columns are."""

import csv
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from monai_ssl.errors import InputError

__all__ = ["Roles", "Table", "find_column", "find_roles", "normalize", "read_table"]

# Spelled in small letters without spaces and signs. Of the first group that occurs, one column must be plain.
_IMAGE_NAMES = (
    ("image", "imageid", "imageindex", "imagename", "imagepath", "imagefile", "file", "filename", "filepath", "path"),
    ("id", "name"),
)
_PATIENT_NAMES = (("patient", "patientid", "subject", "subjectid"),)
_LABEL_NAMES = (
    ("label", "labels", "findinglabels", "finding", "findings", "class", "classname", "diagnosis", "dx", "target"),
)


@dataclass(frozen=True)
class Table:
    """The cells of a CSV file, stripped, with the line of the file that each row ends on."""

    file: Path
    columns: tuple[str, ...]
    rows: list[dict[str, str]]
    lines: list[int]

    def where(self, row: int) -> str:
        """A row's place, for messages: its content is never shown, as it may tell who the patient is."""
        return f"{self.file.name}, line {self.lines[row]}"


@dataclass(frozen=True)
class Roles:
    """What the columns of a table are."""

    image: str
    patient: str | None
    split: str | None
    labels: tuple[str, ...]


def read_table(path: str | os.PathLike[str]) -> Table:
    """Read a CSV file with a header; its delimiter (comma, semicolon or tab) is that which the header has most of.

    Raises:
        InputError: when the file is missing or is no such table.
    """
    file = Path(path)
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            delimiter = max(",;\t", key=stream.readline().count)
            stream.seek(0)
            reader = csv.reader(stream, delimiter=delimiter, strict=True)
            numbered = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if cells]
    except OSError as error:
        raise InputError(f"{file}: this file cannot be read ({error.strerror}). Give the CSV of labels.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file}: this is no CSV in UTF-8 ({type(error).__name__}). Save it as such.") from error
    if len(numbered) < 2:
        raise InputError(f"{file}: this CSV holds no rows below its header. Give one row an image.")
    header = numbered[0][1]
    named = [column for column in header if column]
    if len(set(named)) < len(named):
        raise InputError(f"{file}: a column's name occurs twice in the header. Give each column a name of its own.")
    for line, cells in numbered[1:]:
        # A header that ends with the delimiter has a column without a name, which rows may leave out.
        if not len(named) <= len(cells) <= len(header):
            raise InputError(
                f"{file}, line {line}: this row has {len(cells)} cells, but the header has {len(header)}. Mend the row."
            )
    rows = [{c: cell for c, cell in zip(header, cells, strict=False) if c} for _, cells in numbered[1:]]
    return Table(file, tuple(named), rows, [line for line, _ in numbered[1:]])


def normalize(cell: str) -> str:
    """One spelling for a value: ``"1.0"`` and ``"1"`` are the same, and so are ``"NaN"`` and ``"nan"``."""
    try:
        value = float(cell)
    except ValueError:
        return cell.lower()
    return str(int(value)) if value.is_integer() else cell.lower()


def find_column(table: Table, option: str, given: str | None, groups: Sequence[Sequence[str]]) -> str | None:
    """The column that is given, else the one plain by its name, else None.

    Raises:
        InputError: when the given column is not in the table, or several columns would do.
    """
    if given is not None:
        if given not in table.columns:
            raise InputError(
                f"{table.file}: there is no column {given!r}. Give with --{option} one of: {', '.join(table.columns)}."
            )
        return given
    for group in groups:
        found = [column for column in table.columns if re.sub(r"[^a-z0-9]", "", column.lower()) in group]
        if len(found) > 1:
            raise InputError(f"{table.file}: {' and '.join(found)} may each be meant. Give --{option}.")
        if found:
            return found[0]
    return None


def find_roles(
    table: Table,
    *,
    image_column: str | None,
    patient_column: str | None,
    split_column: str | None,
    label_columns: Sequence[str] | None,
    missing: frozenset[str],
) -> Roles:
    """What each column is: as given, else as its name says.

    Labels are a column with such a name or else all other columns, when they hold 0, 1 and missing values only.

    Raises:
        InputError: when it is not plain; the message says which option to give.
    """
    columns = ", ".join(table.columns)
    image = find_column(table, "image_column", image_column, _IMAGE_NAMES)
    if image is None:
        raise InputError(f"{table.file}: which column names the image? Give with --image_column one of: {columns}.")
    patient = find_column(table, "patient_column", patient_column, _PATIENT_NAMES)
    split = find_column(table, "split_column", split_column, ())
    if label_columns is not None:
        labels = [find_column(table, "label_columns", column, ()) or column for column in label_columns]
    else:
        named = find_column(table, "label_columns", None, _LABEL_NAMES)
        others = [column for column in table.columns if column not in (image, patient, split)]
        labels = [named] if named else [c for c in others if _is_binary(table, c, missing)]
        if not labels or (not named and labels != others):
            seen = f"only {', '.join(labels)} hold 0 and 1" if labels else "none holds 0 and 1 only"
            raise InputError(
                f"{table.file}: which columns are labels? Of {', '.join(others) or 'no column'} {seen}. "
                f"Give --label_columns with names separated by commas."
            )
    if len({image, patient, split, *labels} - {None}) < sum(c is not None for c in (image, patient, split, *labels)):
        raise InputError(
            f"{table.file}: one column is used for two things (image: {image}, patient: {patient}, split: {split}, "
            f"labels: {', '.join(labels)}). Give --image_column, --patient_column, --split_column and --label_columns."
        )
    return Roles(image, patient, split, tuple(labels))


def _is_binary(table: Table, column: str, missing: frozenset[str]) -> bool:
    return all(normalize(row[column]) in {"0", "1", *missing} for row in table.rows)
