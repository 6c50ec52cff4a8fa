"""The tables of ISIC 2018 Task 3 and of HAM10000: diagnoses and lesions."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from data_prep.folder.tables import Table, normalize, read_table
from data_prep.records import Rejects
from monai_ssl.errors import InputError

__all__ = ["DIAGNOSES", "TABLE_ENDS", "Diagnoses", "read_diagnoses", "read_lesions"]

DIAGNOSES = ("MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC")
"""The seven classes in the order of the challenge."""
TABLE_ENDS = (".csv", ".tab", "ham10000_metadata")
"""How the names of tables end, in small letters: Dataverse gives tab-separated text, or files without a suffix."""

_logger = logging.getLogger("monai_ssl")
_TRUTH = re.compile(r"(^|/)ISIC2018_Task3_(Training|Validation|Test)_GroundTruth[^/]*\.(?:csv|tab)$", re.IGNORECASE)
_METADATA = re.compile(r"(^|/)HAM10000_metadata(?:[^/]*\.(?:csv|tab))?$", re.IGNORECASE)
_GROUPINGS = re.compile(r"(^|/)ISIC2018_Task3_Training_LesionGroupings[^/]*\.(?:csv|tab)$", re.IGNORECASE)
_IMAGES = ("image", "image_id")


@dataclass
class Diagnoses:
    """The class of each image, the place of its row, the images whose rows are wrong, and the tables.

    ``part`` is the part of the challenge (``"training"``, ``"validation"``, ``"test"``) of images that its truth has.
    """

    of: dict[str, int] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)
    part: dict[str, str] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)
    tables: list[Path] = field(default_factory=list)


def read_diagnoses(folder: Path, files: Sequence[str], rejects: Rejects) -> Diagnoses:
    """Read the ground truth of the challenge's parts; for training images else the metadata of HAM10000.

    Args:
        folder: of the data set.
        files: paths of its tables below the folder.
        rejects: gets rows that do not mark one diagnosis, or contradict an earlier one.

    Raises:
        InputError: when there is no table, or one of them has other columns.
    """
    truths = {path: match[2].lower() for path in files if (match := _TRUTH.search(path))}
    chosen = [*truths]
    if "training" not in truths.values():
        chosen += [path for path in files if _METADATA.search(path)][:1]
    if not chosen:
        raise InputError(
            f"{folder}: there is neither ISIC2018_Task3_Training_GroundTruth.csv nor HAM10000_metadata here. Put "
            "one of them here, or give --task segmentation."
        )
    found = Diagnoses(tables=[folder / path for path in chosen])
    for path in chosen:
        table = read_table(folder / path)
        image_column = _column(table, _IMAGES)
        for number, cells in enumerate(table.rows):
            image, diagnosis = cells[image_column], _diagnosis(table, cells)
            if diagnosis is None:
                rejects.add(table.where(number), "this row does not mark exactly one diagnosis", "Mend the row.")
                found.wrong.add(image)
            elif found.of.setdefault(image, diagnosis) != diagnosis:
                rejects.add(table.where(number), "an earlier row has another diagnosis of this image", "Keep one row.")
                found.wrong.add(image)
            found.where.setdefault(image, table.where(number))
            if path in truths:
                found.part.setdefault(image, truths[path])
    for image in found.wrong:
        found.of.pop(image, None)
    return found


def read_lesions(folder: Path, files: Sequence[str]) -> tuple[dict[str, str], list[Path]]:
    """Read which lesion each training image is of.

    Args:
        folder: of the data set.
        files: paths of its tables below the folder.

    Returns:
        The lesion by the image, and the table; both are empty, with a warning, where there is none.

    Raises:
        InputError: when the table has other columns.
    """
    names = [path for pattern in (_METADATA, _GROUPINGS) for path in files if pattern.search(path)]
    if not names:
        _logger.warning(
            "There is neither HAM10000_metadata nor ISIC2018_Task3_Training_LesionGroupings.csv: images of one "
            "lesion may come into several splits."
        )
        return {}, []
    table = read_table(folder / names[0])
    image, lesion = _column(table, _IMAGES), _column(table, ("lesion_id",))
    return {cells[image]: cells[lesion] for cells in table.rows if cells[lesion]}, [table.file]


def _column(table: Table, names: Sequence[str]) -> str:
    for name in names:
        if name in table.columns:
            return name
    raise InputError(f"{table.file}: there is no column {' or '.join(names)}. Give the table as it was released.")


def _diagnosis(table: Table, cells: dict[str, str]) -> int | None:
    """The class that a row says, of seven columns with 0 and 1 or of a column with the name."""
    if "dx" in table.columns:
        name = cells["dx"].upper()
        return DIAGNOSES.index(name) if name in DIAGNOSES else None
    if not set(DIAGNOSES) <= set(table.columns):
        raise InputError(
            f"{table.file}: the columns {', '.join(DIAGNOSES)} (or dx) are not all there. Give the table as it was "
            "released."
        )
    values = [normalize(cells[name]) for name in DIAGNOSES]
    return values.index("1") if sorted(values) == ["0"] * 6 + ["1"] else None
