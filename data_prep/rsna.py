"""The label file of the RSNA 2019 intracranial hemorrhage detection challenge (``stage_1_train.csv``).

The file has the columns ``ID`` and ``Label`` and six rows an image, one for each type of hemorrhage and one that says
whether there is any: ``ID_000012eaf_epidural,0`` ... ``ID_000012eaf_any,1``. The image is ``ID_000012eaf.dcm``.
"""

import csv
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from monai_ssl.errors import InputError
from monai_ssl.files import write_whole

__all__ = ["HEMORRHAGE_TYPES", "read_labels", "write_labels"]

HEMORRHAGE_TYPES = ("epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural")
"""The five classes, in the order of every label vector of this project."""

_ANY = "any"
_COLUMNS = ["ID", "Label"]
_ROW_ID = re.compile(rf"(?P<image>ID_[0-9a-f]+)_(?P<name>{'|'.join((*HEMORRHAGE_TYPES, _ANY))})")


def read_labels(csv_path: str | os.PathLike[str]) -> dict[str, tuple[int, ...]]:
    """Read a label file of the challenge.

    The challenge's own file repeats the rows of a few images: rows that agree are accepted.

    Args:
        csv_path: the file, with the columns ``ID`` and ``Label``.

    Returns:
        For each image id (``ID_000012eaf``), in the order of the file, five labels of 0 or 1 in the order of
        :data:`HEMORRHAGE_TYPES`.

    Raises:
        InputError: when the file cannot be read, has other columns, a row that is not of the form above, a label other
            than 0 and 1, rows that contradict each other, an image without one of its six rows, or an ``any`` that
            contradicts the five types.
    """
    path = Path(csv_path)
    rows: dict[str, dict[str, int]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            if (header := next(reader, [])) != _COLUMNS:
                raise InputError(
                    f"{path}: the columns are {header}, not {_COLUMNS}. Give a label file of the RSNA 2019 challenge."
                )
            for row in reader:
                if row:
                    _add_row(rows, row, f"{path}, line {reader.line_num}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path}: this label file cannot be read ({error}). Give a CSV file of the RSNA 2019 challenge."
        ) from error
    if not rows:
        raise InputError(f"{path}: there is no label in this file. Give a label file with six rows an image.")
    return {image: _label_vector(image, labels, path) for image, labels in rows.items()}


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
        if not _ROW_ID.fullmatch(f"{image}_{_ANY}"):
            raise InputError(f"{csv_path}: the image id {image!r} cannot be written. Use 'ID_' and hexadecimal digits.")
        if len(vector) != len(HEMORRHAGE_TYPES) or not set(vector) <= {0, 1}:
            raise InputError(f"{csv_path}: {image} has the labels {list(vector)}. Give five labels of 0 or 1.")
    with write_whole(csv_path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for image, vector in labels.items():
            for name, label in zip((*HEMORRHAGE_TYPES, _ANY), (*vector, max(vector)), strict=True):
                writer.writerow([f"{image}_{name}", int(label)])


def _add_row(rows: dict[str, dict[str, int]], row: list[str], place: str) -> None:
    match = _ROW_ID.fullmatch(row[0]) if len(row) == len(_COLUMNS) else None
    if match is None:
        raise InputError(f"{place}: this is not a row of the challenge. Give rows such as 'ID_000012eaf_epidural,0'.")
    if row[1] not in ("0", "1"):
        raise InputError(f"{place}: the label {row[1]!r} is neither 0 nor 1. Correct this row.")
    image, name, label = match["image"], match["name"], int(row[1])
    if rows.setdefault(image, {}).setdefault(name, label) != label:
        raise InputError(f"{place}: this row contradicts an earlier one of the same id. Remove the wrong one.")


def _label_vector(image: str, labels: Mapping[str, int], path: Path) -> tuple[int, ...]:
    missing = [name for name in (*HEMORRHAGE_TYPES, _ANY) if name not in labels]
    if missing:
        raise InputError(
            f"{path}: {image} has no row for {', '.join(missing)}. Add what is missing or remove the image."
        )
    vector = tuple(labels[name] for name in HEMORRHAGE_TYPES)
    if labels[_ANY] != max(vector):
        raise InputError(f"{path}: {image} has any={labels[_ANY]}, but its types are {vector}. Correct these rows.")
    return vector
