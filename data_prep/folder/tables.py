"""Reading a CSV of labels."""

import csv
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from monai_ssl.errors import InputError

__all__ = ["BadRow", "Table", "normalize", "read_table"]


@dataclass(frozen=True)
class BadRow:
    """Why a row cannot be used, and what to do as a sentence; neither has anything of what is in its cells."""

    reason: str
    remedy: str


@dataclass(frozen=True)
class Table:
    """The cells of a CSV file, stripped, with the line of the file that each row ends on.

    ``bad`` are rows with too few or too many cells, by their index: those that are missing are empty.
    """

    file: Path
    columns: tuple[str, ...]
    rows: list[dict[str, str]]
    lines: list[int]
    bad: dict[int, BadRow] = field(default_factory=dict)

    def where(self, row: int) -> str:
        """A row's place, for messages: its content is never shown, as it may tell who the patient is."""
        return f"{self.file.name}, line {self.lines[row]}"

    def good_rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """The index and the cells of each row that is not bad."""
        return ((index, cells) for index, cells in enumerate(self.rows) if index not in self.bad)

    def refuse_most(self, bad: Mapping[int, BadRow]) -> None:
        """Refuse a table that is bad as a whole, rather than set aside most of it.

        Raises:
            InputError: when more than half of the rows are bad.
        """
        if 2 * len(bad) > len(self.rows):
            row = min(bad)
            raise InputError(
                f"{self.file}, line {self.lines[row]}: {bad[row].reason} ({len(bad)} of {len(self.rows)} rows cannot "
                f"be used). {bad[row].remedy}"
            )


def read_table(path: str | os.PathLike[str], *, uneven: bool = False) -> Table:
    """Read a CSV file with a header; its delimiter (comma, semicolon or tab) is that which the header has most of.

    Args:
        path: of the file.
        uneven: whether rows that are too short or too long are kept as bad ones; else they are an error.

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
    rows, bad = [], {}
    for index, (line, cells) in enumerate(numbered[1:]):
        # A header that ends with the delimiter has a column without a name, which rows may leave out.
        if not len(named) <= len(cells) <= len(header):
            bad[index] = BadRow(f"this row has {len(cells)} cells, but the header has {len(header)}", "Mend the row.")
            if not uneven:
                raise InputError(f"{file}, line {line}: {bad[index].reason}. {bad[index].remedy}")
        filled = [*cells, *[""] * (len(header) - len(cells))]
        rows.append({column: cell for column, cell in zip(header, filled, strict=False) if column})
    table = Table(file, tuple(named), rows, [line for line, _ in numbered[1:]], bad)
    table.refuse_most(bad)
    return table


def normalize(cell: str) -> str:
    """One spelling for a value: ``"1.0"`` and ``"1"`` are the same, and so are ``"NaN"`` and ``"nan"``."""
    try:
        value = float(cell)
    except ValueError:
        return cell.lower()
    return str(int(value)) if value.is_integer() else cell.lower()
