"""The label file of the RSNA 2019 intracranial hemorrhage detection challenge (``stage_2_train.csv``).

The file has the columns ``ID`` and ``Label`` and six rows an image, one for each type of hemorrhage and one that says
whether there is any: ``ID_000012eaf_epidural,0`` ... ``ID_000012eaf_any,1``. The image is ``ID_000012eaf.dcm``.
"""

import csv
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from monai_ssl.errors import InputError
from monai_ssl.files import write_whole

__all__ = ["HEMORRHAGE_TYPES", "BadRow", "read_labels", "scan_labels", "write_labels"]

HEMORRHAGE_TYPES = ("epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural")
"""The five classes, in the order of every label vector of this project."""

_ANY = "any"
_NAMES = (*HEMORRHAGE_TYPES, _ANY)
_HEADER = "ID,Label"
_IMAGE = re.compile(r"ID_[0-9a-f]+")
_MEND = "Correct these rows, or remove the image."
# Bit i is the label 0 of the name i, bit 6 + i its label 1: the six rows of an image are one number, which keeps a
# million images small. With each end of a row that is in order: its bit, and the bit of the row that contradicts it.
_COUNT = len(_NAMES)
_BITS = {
    f"{name},{label}": (1 << (index + _COUNT * label), 1 << (index + _COUNT * (1 - label)))
    for index, name in enumerate(_NAMES)
    for label in (0, 1)
}


@dataclass(frozen=True)
class BadRow:
    """Why rows cannot be used: the line (0: all rows of an image) and the image's id, where it can be told."""

    line: int
    image: str
    reason: str
    remedy: str


def scan_labels(csv_path: str | os.PathLike[str]) -> tuple[dict[str, tuple[int, ...]], list[BadRow]]:
    """Read a label file of the challenge row by row, keeping what is wrong apart.

    The challenge's own file repeats the rows of a few images: rows that agree are accepted.

    Args:
        csv_path: the file, with the columns ``ID`` and ``Label``.

    Returns:
        For each image id (``ID_000012eaf``), in the order of the file, six labels of 0 or 1, of
        :data:`HEMORRHAGE_TYPES` and of "any", for the images all of whose rows are in order; and what is wrong with
        the others: a row that is not of the form above, rows that contradict each other, an image without one of its
        six rows, an "any" that contradicts the five types.

    Raises:
        InputError: when the file cannot be read, or has other columns.
    """
    path = Path(csv_path)
    seen: dict[str, int] = {}
    bad: list[BadRow] = []
    try:
        with path.open(encoding="utf-8-sig") as file:
            if _plain(file.readline()) != _HEADER:
                raise InputError(
                    f"{path}: the columns are not {_HEADER}. Give a label file of the RSNA 2019 challenge."
                )
            for number, line in enumerate(file, start=2):
                image, _, end = line.rstrip("\n").rpartition("_")
                bits = _BITS.get(end)
                known = seen.get(image)
                if bits is None or known is None:
                    row = _plain(line)
                    image, _, end = row.rpartition("_")
                    bits = _BITS.get(end)
                    if bits is None or not _IMAGE.fullmatch(image):
                        bad += [_bad_row(number, row)] if row else []
                        continue
                    known = seen.get(image, 0)
                seen[image] = known | bits[0]
                if known & bits[1]:
                    bad.append(BadRow(number, image, "this row contradicts an earlier one of the same id", _MEND))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path}: this label file cannot be read ({type(error).__name__}). Give a CSV file of the RSNA 2019 "
            "challenge."
        ) from error
    vectors = {rows: _vector(rows) for rows in set(seen.values())}
    wrong = {row.image for row in bad}
    for image, rows in seen.items():
        if isinstance(reason := vectors[rows], str) and image not in wrong:
            bad.append(BadRow(0, image, reason, _MEND))
            wrong.add(image)
    return {
        image: vector
        for image, rows in seen.items()
        if image not in wrong and not isinstance(vector := vectors[rows], str)
    }, bad


def read_labels(csv_path: str | os.PathLike[str]) -> dict[str, tuple[int, ...]]:
    """Read a label file of the challenge in which everything is to be in order.

    Args:
        csv_path: the file, with the columns ``ID`` and ``Label``.

    Returns:
        For each image id (``ID_000012eaf``), in the order of the file, five labels of 0 or 1 in the order of
        :data:`HEMORRHAGE_TYPES`.

    Raises:
        InputError: for the first thing that is wrong, see :func:`scan_labels`, or when there is no row.
    """
    labels, bad = scan_labels(csv_path)
    if bad:
        place = f", line {bad[0].line}" if bad[0].line else f" ({bad[0].image})"
        raise InputError(f"{csv_path}{place}: {bad[0].reason}. {bad[0].remedy}")
    if not labels:
        raise InputError(f"{csv_path}: there is no label in this file. Give a label file with six rows an image.")
    return {image: vector[:-1] for image, vector in labels.items()}


def write_labels(csv_path: str | os.PathLike[str], labels: Mapping[str, Sequence[int]]) -> None:
    """Write labels in the challenge's form, six rows an image.

    Args:
        csv_path: the file to write, whole or not at all.
        labels: for each image id (``ID_`` and hexadecimal digits) five labels of 0 or 1 in the order of
            :data:`HEMORRHAGE_TYPES`.

    Raises:
        InputError: when an id or a label vector is not of that form.
    """
    for image, vector in labels.items():
        if not _IMAGE.fullmatch(image):
            raise InputError(f"{csv_path}: the image id {image!r} cannot be written. Use 'ID_' and hexadecimal digits.")
        if len(vector) != len(HEMORRHAGE_TYPES) or not set(vector) <= {0, 1}:
            raise InputError(f"{csv_path}: {image} has the labels {list(vector)}. Give five labels of 0 or 1.")
    with write_whole(csv_path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        file.write(f"{_HEADER}\n")
        for image, vector in labels.items():
            for name, label in zip(_NAMES, (*vector, max(vector)), strict=True):
                file.write(f"{image}_{name},{int(label)}\n")


def _plain(line: str) -> str:
    """A row without quotation marks and spaces around its cells."""
    return ",".join(cell.strip() for cell in next(csv.reader([line.strip()]), []))


def _bad_row(line: int, row: str) -> BadRow:
    image = _IMAGE.match(row)
    end = row.rpartition("_")[-1].partition(",")
    if image and end[0] in _NAMES and "," not in end[2]:
        return BadRow(line, image[0], "the label is neither 0 nor 1", "Correct this row.")
    return BadRow(
        line,
        image[0] if image else "",
        "this is not a row of the challenge",
        "Give rows such as 'ID_000012eaf_epidural,0'.",
    )


def _vector(rows: int) -> tuple[int, ...] | str:
    """The six labels that the rows of an image say, or what is wrong with them."""
    positive = [rows >> (index + _COUNT) & 1 for index in range(_COUNT)]
    missing = [name for index, name in enumerate(_NAMES) if not rows >> index & 1 and not positive[index]]
    if missing:
        return f"there is no row for {', '.join(missing)}"
    if positive[-1] != max(positive[:-1]):
        return f"any={positive[-1]} contradicts the types, {tuple(positive[:-1])}"
    return tuple(positive)
