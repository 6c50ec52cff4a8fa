"""Reading a table of labels that a spreadsheet may have changed."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from monai_ssl.errors import InputError
from monai_ssl.pseudo_labels.journal import Label

__all__ = ["TableContent", "TableRow", "read_table"]

_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class TableRow:
    """A row of the table.

    Args:
        line: of the file, from 1.
        patient: pseudonym.
        label: as its cells say.
        others: the cells of all columns that somebody has added.
    """

    line: int
    patient: str
    label: Label
    others: list[str]


@dataclass(frozen=True)
class TableContent:
    """What a table holds.

    Args:
        rows: by their number.
        others: the heads of the columns that somebody has added, ``""`` where one has none.
    """

    rows: dict[int, TableRow]
    others: list[str]


def read_table(
    path: Path,
    image: tuple[str, str],
    columns: Sequence[str],
    confidence: str,
    parse: Callable[[Sequence[str]], Label],
) -> TableContent:
    """Read a table.

    Semicolons and tabs between the columns, a byte order mark, other columns and empty rows do no harm. Of columns with
    the same head the first counts.

    Args:
        path: the file; without one there are no rows.
        image: the columns of the number and the patient.
        columns: those of the label.
        confidence: the column of the confidence, which is not read and may be absent.
        parse: makes a label of its cells; a ``ValueError`` says what is wrong with one.

    Raises:
        InputError: when the table cannot be read or used; the message names the line.
    """
    if not path.is_file():
        return TableContent({}, [])
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: this table cannot be read ({type(error).__name__}). Save it as CSV in UTF-8."
        ) from error
    reader = csv.reader(io.StringIO(text), delimiter=max(_DELIMITERS, key=text.partition("\n")[0].count))
    heads, *lines = [(reader.line_num, cells) for cells in reader] or [(1, [])]
    names = heads[1]
    absent = [name for name in (*image, *columns) if name not in names]
    if absent:
        raise InputError(
            f"{path}, line 1: there is no column {', '.join(absent)}. Put it back, or move the table away and make the "
            "pseudo-labels again, which writes it anew."
        )
    width = max(len(cells) for _, cells in (heads, *lines))
    names += [""] * (width - len(names))
    number_at, patient_at = (names.index(name) for name in image)
    label_at = [names.index(name) for name in columns]
    known = {number_at, patient_at, *label_at, *([names.index(confidence)] if confidence in names else [])}
    others_at = [index for index in range(width) if index not in known]
    rows: dict[int, TableRow] = {}
    for line, given in lines:
        if not any(cell.strip() for cell in given):
            continue
        cells = given + [""] * (width - len(given))
        number = cells[number_at].strip()
        if not number.isdecimal() or int(number) in rows:
            raise InputError(
                f"{path}, line {line}: {number!r} is no number of an image, or it is there twice. Mend the row: a "
                "number has one row, as the teacher's table had it."
            )
        try:
            label = parse([cells[index].strip() for index in label_at])
        except ValueError as error:
            raise InputError(f"{path}, line {line}: {error}") from None
        rows[int(number)] = TableRow(line, cells[patient_at].strip(), label, [cells[index] for index in others_at])
    return TableContent(rows, [names[index] for index in others_at])
