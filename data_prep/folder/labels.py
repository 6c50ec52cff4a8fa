"""From the cells of a table to labels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from data_prep.folder.tables import BadRow, Table, normalize
from monai_ssl.errors import InputError

__all__ = ["LABEL_FORMATS", "Labels", "guess_format", "read_labels"]

LABEL_FORMATS = ("one_hot", "class_name", "separated")

_MOST = 0.9
"""Share of the labels of a column that are 0 or 1, from which on the others are slips and no classes."""


@dataclass(frozen=True)
class Labels:
    """The task, the names of the classes, and for each row C values in {0, 1, -1 = missing}.

    ``others`` are the rows whose one class is none of those that were asked for, ``bad`` those that cannot be used.
    """

    task: str
    names: tuple[str, ...]
    rows: list[list[int]]
    others: frozenset[int] = frozenset()
    bad: dict[int, BadRow] = field(default_factory=dict)

    def label(self, row: int) -> list[int] | int:
        """A row's label as a data list has it: the list of values, or for multi-class the index of the class."""
        values = self.rows[row]
        if self.task == "multilabel":
            return values
        return values.index(1) if 1 in values else -1


def guess_format(table: Table, columns: Sequence[str], missing: frozenset[str], separator: str, negative: str) -> str:
    """Several columns, or one with nearly only 0 and 1: one_hot.

    One with the separator or the word for none is separated, another one holds class names.
    """
    cells = [cells[column] for column in columns for _, cells in table.good_rows()]
    known = [cell for cell in map(normalize, cells) if cell not in missing]
    if len(columns) > 1 or sum(cell in ("0", "1") for cell in known) >= _MOST * len(known):
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
    """Read the labels of every row; of one that cannot be used they are missing.

    The task, where it is not given, is multi-class for class names and for several one_hot columns of which every
    row that can be used, none missing, marks exactly one; else it is multi-label.

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
        InputError: naming the class that cannot be used, or the first row where most rows cannot.
    """
    if label_format != "one_hot" and len(columns) > 1:
        raise InputError(f"{table.file}: {label_format} labels are in one column. Give one with --label_columns.")
    if label_format == "one_hot":
        names = list(columns)
        read = [_one_hot(cells, columns, missing) for cells in table.rows]
    else:
        words = (separator, negative) if label_format == "separated" else None
        names, read = _named(table, columns[0], missing, words)
    bad = {index: one for index, one in enumerate(read) if isinstance(one, BadRow)} | table.bad
    table.refuse_most(bad)
    unknown = [-1] * len(names)
    rows = [unknown if isinstance(one, BadRow) or index in bad else one for index, one in enumerate(read)]
    if not any(value >= 0 for row in rows for value in row):
        raise InputError(f"{table.file}: {', '.join(columns)} holds no label. Give other columns with --label_columns.")
    if classes is not None:
        places = _places(table, names, classes, label_format)
        names, rows = list(classes), [[row[place] for place in places] for row in rows]
    named_once = label_format == "class_name"
    others = frozenset(index for index, row in enumerate(rows) if named_once and not any(row))
    plain = named_once or (
        len(names) > 1 and all(_marks_one(row) for index, row in enumerate(rows) if index not in bad)
    )
    if task is None:
        task = "multiclass" if plain and label_format != "separated" else "multilabel"
    if task == "multiclass":
        for index, row in enumerate(rows):
            if not _marks_one(row) and set(row) != {-1} and index not in others:
                bad[index] = BadRow(
                    "this row does not mark exactly one class", "Mend it, or give --task multilabel for all."
                )
                rows[index] = [-1] * len(names)
        table.refuse_most(bad)
        if len(names) < 2:
            raise InputError(f"{table.file}: only one class occurs, {names[0]}. Multi-class labels need two or more.")
    return Labels(task, tuple(names), rows, others, bad)


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


def _one_hot(cells: Mapping[str, str], columns: Sequence[str], missing: frozenset[str]) -> list[int] | BadRow:
    values = [normalize(cells[column]) for column in columns]
    for column, value in zip(columns, values, strict=True):
        if value not in ("0", "1", *missing):
            return BadRow(
                f"the label {column} is neither 0 nor 1 nor missing",
                "Mend it, or name its value with --missing, or give --label_format or --label_columns.",
            )
    return [-1 if value in missing else int(value) for value in values]


def _named(
    table: Table, column: str, missing: frozenset[str], words: tuple[str, str] | None
) -> tuple[list[str], list[list[int] | BadRow]]:
    """The names of all classes, and what each row tells of them.

    Args:
        table: the rows.
        column: where the names are.
        missing: cells (normalized) that mean that a label is missing.
        words: between the names in a cell, and for no positive class; None where a cell is one name.
    """
    # A table has many rows and few different cells: each of these is read once.
    found: dict[str, set[str] | None] = {}
    for cell in {cells[column] for _, cells in table.good_rows()}:
        if words is None:
            found[cell] = None if normalize(cell) in missing else {cell}
        elif cell and normalize(cell) in missing:
            found[cell] = None
        else:
            found[cell] = {name for name in (part.strip() for part in cell.split(words[0])) if name}
    none = set() if words is None else {words[1]}
    every = {name for one in found.values() if one for name in one}
    _refuse_alike(table, every | none)
    names = sorted(every - none, key=_by_number_or_name)
    values: dict[str, list[int] | BadRow] = {}
    for cell, one in found.items():
        if one and len(one) > 1 and one & none:
            values[cell] = BadRow(f"{next(iter(none))!r} stands beside a class", "Mend the row.")
        else:
            values[cell] = [-1] * len(names) if one is None else [int(name in one) for name in names]
    unknown = [-1] * len(names)
    return names, [values.get(cells[column], unknown) for cells in table.rows]


def _refuse_alike(table: Table, names: Iterable[str]) -> None:
    """Refuse classes that differ by nothing but capitals and spaces: they are one, spelled in two ways."""
    known: dict[str, str] = {}
    for name in sorted(names):
        other = known.setdefault("".join(name.casefold().split()), name)
        if other != name:
            raise InputError(
                f"{table.file}: the classes {other!r} and {name!r} differ by capitals or spaces only. "
                "Spell each class in one way."
            )
