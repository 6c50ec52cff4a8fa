"""Finding the image file that a row of a table names."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from data_prep.folder.tables import Table
from monai_ssl.errors import InputError
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

    def find(self, cell: str) -> list[str]:
        """The files that a cell may mean, by the first of these that gives any.

        - the path relative to the folder, with or without the suffix; leading folders that the cell has in excess
          (as in ``CheXpert-v1.0-small/train/...``) are left away;
        - for a cell without folders: the file name, its stem (the suffix may differ), the number that the stem is
          (``0`` means ``000.png``).
        """
        parts = PurePosixPath(cell.replace("\\", "/")).parts
        for start in range(len(parts)):
            if found := self._by_path.get("/".join(parts[start:])):
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
    """The row of each image that has one, the rows without an image with the reason, the images without a row."""

    row_of: dict[str, int]
    bad_rows: dict[int, str]
    rest: list[str]


def match_rows(table: Table, column: str, names: Sequence[str]) -> Matches:
    """Match every row with an image file.

    Raises:
        InputError: when two rows name the same image.
    """
    index = ImageIndex(names)
    row_of: dict[str, int] = {}
    bad_rows = {}
    for row, cells in enumerate(table.rows):
        found = index.find(cells[column])
        if len(found) != 1:
            bad_rows[row] = f"{len(found)} files have this name" if found else "there is no such image"
            continue
        first = row_of.setdefault(found[0], row)
        if first != row:
            raise InputError(
                f"{table.file}: lines {table.lines[first]} and {table.lines[row]} name the same image. "
                f"Keep one line an image."
            )
    return Matches(row_of, bad_rows, [name for name in names if name not in row_of])
