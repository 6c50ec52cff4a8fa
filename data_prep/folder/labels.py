"""From the cells of a table to labels."""

from collections.abc import Sequence
from dataclasses import dataclass

from data_prep.folder.tables import Table, normalize
from monai_ssl.errors import InputError

__all__ = ["LABEL_FORMATS", "Labels", "guess_format", "read_labels"]

LABEL_FORMATS = ("one_hot", "class_name", "separated")


@dataclass(frozen=True)
class Labels:
    """The task, the names of the classes, and for each row C values in {0, 1, -1 = missing}.

    ``others`` are the rows whose one class is none of those that were asked for.
    """

    task: str
    names: tuple[str, ...]
    rows: list[list[int]]
    others: frozenset[int] = frozenset()

    def label(self, row: int) -> list[int] | int:
        """A row's label as a data list has it: the list of values, or for multi-class the index of the class."""
        values = self.rows[row]
        if self.task == "multilabel":
            return values
        return values.index(1) if 1 in values else -1


def guess_format(table: Table, columns: Sequence[str], missing: frozenset[str], separator: str, negative: str) -> str:
    """Several columns, or one with 0 and 1 only: one_hot; one with the separator or the word for none: separated."""
    cells = {row[column] for column in columns for row in table.rows}
    if len(columns) > 1 or {normalize(cell) for cell in cells} <= {"0", "1", *missing}:
        return "one_hot"
    return "separated" if negative in cells or any(separator in cell for cell in cells) else "class_name"


def read_labels(
    table: Table,
    columns: Sequence[str],
    *,
    label_format: str,
    task: str | None,
    missing: frozenset[str],
    separator: str,
    negative: str,
    classes: Sequence[str] | None = None,
) -> Labels:
    """Read the labels of every row.

    The task, where it is not given, is multi-class for class names and for several one_hot columns of which every
    row, none missing, marks exactly one; else it is multi-label.

    Args:
        table: the rows.
        columns: where the labels are; one, except for one_hot.
        label_format: one_hot: a column a class with 0 or 1; class_name: the name of the one class; separated: the
            names of all positive classes.
        task: ``"multilabel"``, ``"multiclass"`` or None.
        missing: cells (normalized) that mean that a label is missing.
        separator: between the names in a cell (separated).
        negative: the word for no positive class (separated); an empty cell means the same.
        classes: the only ones to keep, in this order (class_name and separated). A row with none of them is negative
            for all where a row may have several, and one of ``others`` where it has one.

    Raises:
        InputError: naming the row or the class that cannot be used.
    """
    if label_format != "one_hot" and len(columns) > 1:
        raise InputError(f"{table.file}: {label_format} labels are in one column. Give one with --label_columns.")
    if label_format == "one_hot":
        names = list(columns)
        rows = [[_binary(table, index, column, missing) for column in columns] for index in range(len(table.rows))]
    else:
        # A table has many rows and few different cells: each of these is read once.
        first_row: dict[str, int] = {}
        for index, cells in enumerate(table.rows):
            first_row.setdefault(cells[columns[0]], index)
        if label_format == "class_name":
            found = {cell: None if normalize(cell) in missing else {cell} for cell in first_row}
        else:
            found = {
                cell: _names(table, index, cell, missing, separator, negative) for cell, index in first_row.items()
            }
        names = sorted({name for one in found.values() if one for name in one}, key=_by_number_or_name)
        values = {
            cell: [-1] * len(names) if one is None else [int(name in one) for name in names]
            for cell, one in found.items()
        }
        rows = [values[cells[columns[0]]] for cells in table.rows]
    if not any(value >= 0 for row in rows for value in row):
        raise InputError(f"{table.file}: {', '.join(columns)} holds no label. Give other columns with --label_columns.")
    if classes is not None:
        places = _places(table, names, classes, label_format)
        names, rows = list(classes), [[row[place] for place in places] for row in rows]
    named_once = label_format == "class_name"
    others = frozenset(index for index, row in enumerate(rows) if named_once and not any(row))
    plain = named_once or (len(names) > 1 and all(_marks_one(row) for row in rows))
    if task is None:
        task = "multiclass" if plain and label_format != "separated" else "multilabel"
    if task == "multiclass":
        for index, row in enumerate(rows):
            if not _marks_one(row) and set(row) != {-1} and index not in others:
                raise InputError(
                    f"{table.where(index)}: this row does not mark exactly one class. "
                    f"Mend it or give --task multilabel."
                )
        if len(names) < 2:
            raise InputError(f"{table.file}: only one class occurs, {names[0]}. Multi-class labels need two or more.")
    return Labels(task, tuple(names), rows, others)


def _places(table: Table, names: Sequence[str], classes: Sequence[str], label_format: str) -> list[int]:
    """Where the classes that are asked for stand among all."""
    if label_format == "one_hot":
        raise InputError(f"{table.file}: one_hot labels have a column a class. Give --label_columns, not --classes.")
    for name in classes:
        if name not in names:
            raise InputError(
                f"{table.file}: there is no class {name!r}. Give with --classes some of: {', '.join(names)}."
            )
        if classes.count(name) > 1:
            raise InputError(f"{table.file}: the class {name!r} is asked for twice. Name it once with --classes.")
    return [names.index(name) for name in classes]


def _marks_one(row: Sequence[int]) -> bool:
    return -1 not in row and sum(row) == 1


def _by_number_or_name(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdecimal() else (-1, name)


def _binary(table: Table, row: int, column: str, missing: frozenset[str]) -> int:
    value = normalize(table.rows[row][column])
    if value in missing:
        return -1
    if value not in ("0", "1"):
        raise InputError(
            f"{table.where(row)}: the label {column} is neither 0 nor 1 nor missing. Mend it, or name its value "
            f"with --missing, or give --label_format or --label_columns."
        )
    return int(value)


def _names(
    table: Table, row: int, cell: str, missing: frozenset[str], separator: str, negative: str
) -> set[str] | None:
    if cell and normalize(cell) in missing:
        return None
    names = {name for name in (part.strip() for part in cell.split(separator)) if name}
    if negative in names and len(names) > 1:
        raise InputError(f"{table.where(row)}: {negative!r} stands beside a class. Mend the row.")
    return names - {negative}
