"""Finding the image file that a row of a table names."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from data_prep.folder.tables import BadRow, Table
from monai_ssl.readers.listing import split_name

__all__ = ["ImageIndex", "Matches", "match_rows"]


class ImageIndex:
    """Look-up of image files by what a table may call them.

    Args:
        names: POSIX paths relative to the folder of images.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._by_path: dict[str, list[str]] = defaultdict(list)
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        self._by_number: dict[int, list[str]] = defaultdict(list)
        for path in names:
            name = PurePosixPath(path).name
            stem = split_name(name)[0]
            self._by_path[path].append(path)
            if split_name(path)[0] != path:
                self._by_path[split_name(path)[0]].append(path)
            self._by_name[name].append(path)
            self._by_stem[stem].append(path)
            if stem.isdecimal():
                self._by_number[int(stem)].append(path)

    def leading_folders(self, cells: Iterable[str]) -> tuple[str, ...]:
        """The folders that the cells of a table have in excess, as in ``CheXpert-v1.0-small/train/...``.

        They are the same for the whole table: those with which most of its cells are paths of files.
        """
        counts: Counter[tuple[str, ...]] = Counter()
        for cell in cells:
            parts = _parts(cell)
            counts.update(parts[:start] for start in range(len(parts)) if "/".join(parts[start:]) in self._by_path)
        return max(counts, key=lambda folders: (counts[folders], -len(folders)), default=())

    def find(self, cell: str, leading: tuple[str, ...] = ()) -> list[str]:
        """The files that a cell may mean, by the first of these that gives any.

        - the path relative to the folder, with or without the suffix, and without the leading folders;
        - for a cell without folders: the file name, its stem (the suffix may differ), the number that the stem is
          (``0`` means ``000.png``).

        Args:
            cell: of the table.
            leading: as :meth:`leading_folders` gives them.
        """
        parts = _parts(cell)
        short = parts[len(leading) :] if parts[: len(leading)] == leading else parts
        for path in (short, parts):
            if found := self._by_path.get("/".join(path)):
                return found
        if len(parts) != 1:
            return []
        stem = split_name(cell)[0]
        for found in (self._by_name.get(cell), self._by_stem.get(cell), self._by_stem.get(stem)):
            if found:
                return found
        return self._by_number.get(int(stem), []) if stem.isdecimal() else []


@dataclass(frozen=True)
class Matches:
    """Rows and images.

    Attributes:
        row_of: the row of each image that has one.
        bad_rows: the rows that are of no image, or that say different things of one.
        spoiled: the images that have rows, of which none can be used.
        rest: the images without a row that can be used.
    """

    row_of: dict[str, int]
    bad_rows: dict[int, BadRow]
    spoiled: frozenset[str]
    rest: list[str]


def match_rows(
    table: Table, column: str, names: Sequence[str], *, compared: Sequence[str], bad: Mapping[int, BadRow]
) -> Matches:
    """Match every row with an image file; of rows that say the same of an image the first is taken.

    Args:
        table: the rows.
        column: that names the image.
        names: POSIX paths relative to the folder of images.
        compared: the columns in which the rows of one image must be the same.
        bad: rows that cannot be used for another reason.

    Raises:
        InputError: when most rows contradict others.
    """
    index = ImageIndex(names)
    leading = index.leading_folders(cells[column] for cells in table.rows)
    rows_of: dict[str, list[int]] = defaultdict(list)
    nameless: dict[int, BadRow] = {}
    for row, cells in enumerate(table.rows):
        found = index.find(cells[column], leading)
        if len(found) == 1:
            rows_of[found[0]].append(row)
        elif row not in bad:
            reason = f"{len(found)} files have this name" if found else "there is no such image"
            nameless[row] = BadRow(reason, "Mend the row, or give another --image_column or --source.")
    row_of: dict[str, int] = {}
    contradicting: dict[int, BadRow] = {}
    for name, rows in rows_of.items():
        good = [row for row in rows if row not in bad]
        if len({tuple(table.rows[row][other] for other in compared) for row in good}) == 1:
            row_of[name] = good[0]
        for row in good if name not in row_of else ():
            lines = " and ".join(str(table.lines[other]) for other in good)
            contradicting[row] = BadRow(f"lines {lines} say different things of one image", "Keep the right one.")
    table.refuse_most(contradicting)
    return Matches(
        row_of,
        nameless | contradicting,
        frozenset(rows_of.keys() - row_of.keys()),
        [name for name in names if name not in row_of],
    )


def _parts(cell: str) -> tuple[str, ...]:
    return PurePosixPath(cell.replace("\\", "/")).parts
