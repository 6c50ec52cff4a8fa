"""Finding out what the columns of a table of labels are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from data_prep.folder.tables import Table, normalize
from monai_ssl.errors import InputError

__all__ = ["Roles", "find_column", "find_roles"]

# Spelled in small letters without spaces and signs. Of the first group that occurs, one column must be plain.
_IMAGE_NAMES = (
    ("image", "imageid", "imageindex", "imagename", "imagepath", "imagefile", "file", "filename", "filepath", "path"),
    ("id", "name"),
)
_PATIENT_NAMES = (("patient", "patientid", "subject", "subjectid"),)
_LABEL_NAMES = (
    ("label", "labels", "findinglabels", "finding", "findings", "class", "classname", "diagnosis", "dx", "target"),
)


@dataclass(frozen=True)
class Roles:
    """What the columns of a table are."""

    image: str
    patient: str | None
    split: str | None
    labels: tuple[str, ...]


def find_column(table: Table, option: str, given: str | None, groups: Sequence[Sequence[str]]) -> str | None:
    """The column that is given, else the one plain by its name, else None.

    Raises:
        InputError: when the given column is not in the table, or several columns would do.
    """
    if given is not None:
        if given not in table.columns:
            raise InputError(
                f"{table.file}: there is no column {given!r}. Give with --{option} one of: {', '.join(table.columns)}."
            )
        return given
    for group in groups:
        found = [column for column in table.columns if re.sub(r"[^a-z0-9]", "", column.lower()) in group]
        if len(found) > 1:
            raise InputError(f"{table.file}: {' and '.join(found)} may each be meant. Give --{option}.")
        if found:
            return found[0]
    return None


def find_roles(
    table: Table,
    *,
    image_column: str | None,
    patient_column: str | None,
    split_column: str | None,
    label_columns: Sequence[str] | None,
    missing: frozenset[str],
) -> Roles:
    """What each column is: as given, else as its name says.

    Labels are a column with such a name or else all other columns, when they hold 0, 1 and missing values only.

    Raises:
        InputError: when it is not plain; the message says which option to give.
    """
    columns = ", ".join(table.columns)
    image = find_column(table, "image_column", image_column, _IMAGE_NAMES)
    if image is None:
        raise InputError(f"{table.file}: which column names the image? Give with --image_column one of: {columns}.")
    patient = find_column(table, "patient_column", patient_column, _PATIENT_NAMES)
    split = find_column(table, "split_column", split_column, ())
    if label_columns is not None:
        labels = [find_column(table, "label_columns", column, ()) or column for column in label_columns]
    else:
        named = find_column(table, "label_columns", None, _LABEL_NAMES)
        others = [column for column in table.columns if column not in (image, patient, split)]
        labels = [named] if named else [c for c in others if _is_binary(table, c, missing)]
        if not labels or (not named and labels != others):
            seen = f"only {', '.join(labels)} hold 0 and 1" if labels else "none holds 0 and 1 only"
            raise InputError(
                f"{table.file}: which columns are labels? Of {', '.join(others) or 'no column'} {seen}. "
                f"Give --label_columns with names separated by commas."
            )
    if len({image, patient, split, *labels} - {None}) < sum(c is not None for c in (image, patient, split, *labels)):
        raise InputError(
            f"{table.file}: one column is used for two things (image: {image}, patient: {patient}, split: {split}, "
            f"labels: {', '.join(labels)}). Give --image_column, --patient_column, --split_column and --label_columns."
        )
    return Roles(image, patient, split, tuple(labels))


def _is_binary(table: Table, column: str, missing: frozenset[str]) -> bool:
    return all(normalize(row[column]) in {"0", "1", *missing} for _, row in table.good_rows())
