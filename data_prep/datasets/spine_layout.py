"""The masks and the table of the spine set's layout."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from data_prep.datasets.tree import list_files, stem_of
from data_prep.folder.matching import ImageIndex
from data_prep.folder.tables import Table, normalize
from data_prep.records import Rejects
from monai_ssl.errors import InputError

__all__ = ["Rows", "find_vertebra_masks", "read_rows"]

_COLUMNS = ("image", "vertebra", "abnormal")


@dataclass
class Rows:
    """What labels.csv says: the class and the place by image and vertebra, and the patient by image."""

    classes: dict[tuple[str, str], int] = field(default_factory=dict)
    where: dict[tuple[str, str], str] = field(default_factory=dict)
    patients: dict[str, str] = field(default_factory=dict)


def find_vertebra_masks(
    folder: Path, images: Sequence[str], output: Path, rejects: Rejects
) -> dict[str, dict[str, Path]]:
    """The masks of each image: one under the name "", or one by the name of each vertebra.

    Args:
        folder: of the masks.
        images: paths of the radiographs below their own folder.
        output: a folder that is left out.
        rejects: gets masks without an image.

    Raises:
        InputError: when no mask has the name of an image, or an image has masks of both kinds.
    """
    by_stem = {image.rpartition(".")[0]: image for image in images}
    masks: dict[str, dict[str, Path]] = defaultdict(dict)
    for path in list_files(folder, (".png",), without=[output]):
        stem = path.rpartition(".")[0]
        start, vertebra = stem, ""
        while start not in by_stem and "_" in start:  # the longest name of an image that this one begins with
            start = start.rpartition("_")[0]
            vertebra = stem[len(start) + 1 :]
        if start in by_stem:
            masks[by_stem[start]][vertebra] = folder / path
        else:
            rejects.add(f"masks/{path}", "no image has the name of this mask", "Name the mask as its image.")
    if not masks:
        raise InputError(f"{folder}: no mask here has the name of an image. Name each mask as its image.")
    for image, files in masks.items():
        if "" in files and len(files) > 1:
            raise InputError(
                f"{folder}: {stem_of(image)} has a mask of all vertebrae and masks of single ones. Keep either."
            )
    return masks


def read_rows(table: Table, images: Sequence[str], rejects: Rejects) -> Rows:
    """Read labels.csv, setting aside rows that cannot be used.

    Args:
        table: the rows.
        images: paths of the radiographs below their folder.
        rejects: gets rows without an image or a class, and rows that contradict an earlier one.

    Raises:
        InputError: when a column is missing.
    """
    missing = [column for column in _COLUMNS if column not in table.columns]
    if missing:
        raise InputError(
            f"{table.file}: there is no column {' nor '.join(missing)}. Give the columns {', '.join(_COLUMNS)}."
        )
    index = ImageIndex(images)
    rows = Rows()
    for number, cells in enumerate(table.rows):
        where = table.where(number)
        found = index.find(cells["image"])
        abnormal = normalize(cells["abnormal"])
        if len(found) != 1:
            rejects.add(where, f"{len(found) or 'no'} images have this name", "Mend the row.")
            continue
        key = (found[0], normalize(cells["vertebra"]))
        patient = cells.get("patient", "")
        # First of all, so that a row without a class tells the patient of its radiograph all the same.
        if patient and rows.patients.setdefault(found[0], patient) != patient:
            rejects.add(where, "an earlier row gives this radiograph to another patient", "Mend the row.")
        elif abnormal not in ("0", "1"):
            rejects.add(where, "abnormal is neither 0 nor 1", "Mend the row.")
        elif key in rows.classes:
            rejects.add(where, "an earlier row is of the same vertebra", "Keep one row a vertebra.")
        else:
            rows.classes[key], rows.where[key] = int(abnormal), where
    return rows
