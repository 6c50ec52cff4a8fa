"""``python -m data_prep folder``: a folder of images, with a CSV of labels, with masks, or with both."""

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from data_prep.folder.images import find_images
from data_prep.folder.labels import Labels, guess_format, read_labels
from data_prep.folder.masks import find_masks, guess_regions
from data_prep.folder.matching import Matches, match_rows
from data_prep.folder.options import add_arguments, check_options
from data_prep.folder.roles import Roles, find_roles
from data_prep.folder.tables import Table, read_table
from data_prep.records import Record, Rejects, Source
from monai_ssl.data import SPLITS
from monai_ssl.errors import InputError

__all__ = ["HELP", "add_arguments", "read"]

HELP = """Make a data set from a folder of DICOM, PNG, JPEG, BMP, TIFF or NIfTI images.

Labels are in a CSV with a row an image (--labels), or are masks in a folder (--masks), or both:

    DIR/                      LABELS.csv                 MASKS/
      a/001.dcm                 image,patient,edema        a/001.png
      a/002.dcm                 001,P7,1                   a/002_mask.png

2D and 3D images are taken; with --series the DICOM files of a series become a volume.
"""

_logger = logging.getLogger("monai_ssl")
_SPLIT_WORDS = {
    "train": "training",
    "training": "training",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}


def read(options: argparse.Namespace, rejects: Rejects) -> Source:
    """List the images of the folder with their labels and masks.

    Raises:
        InputError: when the folder, the table or the masks cannot be used.
    """
    check_options(options)
    found = find_images(options, rejects)
    names = list(found.files)
    rows = _Rows.read(options, names) if options.labels is not None else None
    masks = {} if options.masks is None else find_masks(options.masks, names, rejects)
    regions = {} if options.masks is None else options.regions or guess_regions(list(masks.values()), options.masks)
    if rows is not None and regions and rows.labels.task != "multiclass":
        raise InputError(f"{options.labels}: images with masks have one class each. Give class names, or no --masks.")
    others = set() if rows is None else rows.set_aside(rejects)

    records = []
    for name in names:
        if name in others:
            continue
        record = Record(found.files[name], name, mask=masks.get(name), patient=found.patients.get(name))
        if rows is not None and name in rows.matches.row_of:
            told = rows.tell(record, rejects)
        elif name in masks or options.unlabeled_rest:
            told = record
        else:
            told = None
            rejects.add(name, "there is no label for this image", "Give one, or --unlabeled_rest to use such images.")
        if told is not None:
            records.append(told)
    task = "segmentation" if rows is None else "joint" if regions else rows.labels.task
    return Source(
        name=options.source.absolute().name,
        task=task,
        labels=tuple(regions) if rows is None else rows.labels.names,
        records=records,
        masks=regions,
        modality=found.modality,
        tables=[] if rows is None else [rows.table.file],
        details=_details(options, None if rows is None else rows.roles),
    )


@dataclass(frozen=True)
class _Rows:
    """What the table of labels tells, and the row of each image."""

    table: Table
    roles: Roles
    labels: Labels
    matches: Matches

    @classmethod
    def read(cls, options: argparse.Namespace, names: Sequence[str]) -> "_Rows":
        table = read_table(options.labels, uneven=True)
        roles = _roles(table, options)
        labels = _labels(table, roles, options)
        compared = [column for column in (roles.patient, roles.split, *roles.labels) if column is not None]
        return cls(table, roles, labels, match_rows(table, roles.image, names, compared=compared, bad=labels.bad))

    def set_aside(self, rejects: Rejects) -> set[str]:
        """Set aside rows that cannot be used, and give their images and those of none of the classes asked for."""
        for row, bad in sorted((self.labels.bad | self.matches.bad_rows).items()):
            rejects.add(self.table.where(row), bad.reason, bad.remedy)
        others = {name for name, row in self.matches.row_of.items() if row in self.labels.others}
        if others:
            _logger.info("%d images are of none of the classes asked for, and left out.", len(others))
        return others | self.matches.spoiled

    def tell(self, record: Record, rejects: Rejects) -> Record | None:
        """Add what an image's row tells; None when its split makes no sense and it is set aside."""
        row = self.matches.row_of[record.name]
        cells, where = self.table.rows[row], self.table.where(row)
        split = None
        if self.roles.split is not None:
            split = _SPLIT_WORDS.get(cells[self.roles.split].lower())
            if split is None:
                rejects.add(
                    where,
                    f"{self.roles.split} is none of {', '.join(_SPLIT_WORDS)}",
                    f"Mend it, or leave --split_column away to have the {len(SPLITS)} splits drawn.",
                )
                return None
        patient = cells[self.roles.patient] if self.roles.patient else None
        return replace(
            record, label=self.labels.label(row), patient=patient or record.patient, split=split, where=where
        )


def _roles(table: Table, options: argparse.Namespace) -> Roles:
    return find_roles(
        table,
        image_column=options.image_column,
        patient_column=options.patient_column,
        split_column=options.split_column,
        label_columns=options.label_columns,
        missing=options.missing,
    )


def _labels(table: Table, roles: Roles, options: argparse.Namespace) -> Labels:
    words = {"missing": options.missing, "separator": options.separator, "negative": options.negative}
    label_format = options.label_format or guess_format(table, roles.labels, **words)
    labels = read_labels(
        table, roles.labels, label_format=label_format, task=options.task, classes=options.classes, **words
    )
    _logger.info("The labels are read as %s, the task is %s.", label_format, labels.task)
    return labels


def _details(options: argparse.Namespace, roles: Roles | None) -> dict[str, Any]:
    """What the provenance tells of how the folder was read."""
    chosen = {key: getattr(options, key) for key in ("classes", "separator", "negative", "unlabeled_rest", "series")}
    columns = (
        {}
        if roles is None
        else {"image": roles.image, "patient": roles.patient, "split": roles.split, "labels": list(roles.labels)}
    )
    return {"options": chosen | {"missing": sorted(options.missing)}, "columns": columns}
