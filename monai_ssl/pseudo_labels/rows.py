"""Reading a table of labels that a spreadsheet may have changed."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from monai_ssl.errors import InputError
from monai_ssl.pseudo_labels.journal import Label

__all__ = ["TableRow", "read_rows"]

_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class TableRow:
    """A row of the table.

    Args:
        line: of the file, from 1.
        patient: pseudonym.
        label: as its cells say.
    """

    line: int
    patient: str
    label: Label


def read_rows(path: Path, columns: Sequence[str], parse: Callable[[Sequence[str]], Label]) -> dict[int, TableRow]:
    """Read the rows of a table by their number.

    Semicolons and tabs between the columns, a byte order mark, other columns and empty rows do no harm.

    Args:
        path: the file; without one there are no rows.
        columns: those of the label.
        parse: makes a label of their cells; a ``ValueError`` says what is wrong with one.

    Raises:
        InputError: when the table cannot be read or used; the message names the line.
    """
    if not path.is_file():
        return {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: this table cannot be read ({type(error).__name__}). Save it as CSV in UTF-8."
        ) from error
    head = lines[0] if lines else ""
    reader = csv.DictReader(lines, delimiter=max(_DELIMITERS, key=head.count))
    absent = [name for name in ("number", "patient", *columns) if name not in (reader.fieldnames or ())]
    if absent:
        raise InputError(
            f"{path}, line 1: there is no column {', '.join(absent)}. Put it back, or move the table away and make the "
            "pseudo-labels again, which writes it anew."
        )
    rows: dict[int, TableRow] = {}
    for cells in reader:
        if not any(isinstance(cell, str) and cell.strip() for cell in cells.values()):
            continue
        place = f"{path}, line {reader.line_num}"
        number = (cells["number"] or "").strip()
        if not number.isdecimal() or int(number) in rows:
            raise InputError(
                f"{place}: {number!r} is no number of an image, or it is there twice. Mend the row: a number has one "
                "row, as the teacher's table had it."
            )
        try:
            label = parse([(cells[name] or "").strip() for name in columns])
        except ValueError as error:
            raise InputError(f"{place}: {error}") from None
        rows[int(number)] = TableRow(reader.line_num, (cells["patient"] or "").strip(), label)
    return rows
