"""``python -m data_prep rsna``: the RSNA 2019 intracranial hemorrhage detection challenge."""

import argparse
import logging
import re
from pathlib import PurePosixPath

from data_prep.datasets.rsna_labels import HEMORRHAGE_TYPES, BadRow, scan_labels
from data_prep.datasets.tree import by_name, list_files
from data_prep.records import Record, Rejects, Source
from monai_ssl.errors import InputError

__all__ = ["HELP", "add_arguments", "read"]

HELP = """RSNA 2019 intracranial hemorrhage detection: head CT slices with five types of hemorrhage.

Download the challenge's data from kaggle.com ("RSNA Intracranial Hemorrhage Detection"):

    DIR/
      stage_2_train.csv          (or stage_1_train.csv)
      stage_2_train/ID_*.dcm     (the DICOM files may be in any folder below DIR, and may be a part of the set)

The task is multi-label: epidural, intraparenchymal, intraventricular, subarachnoid, subdural. The challenge has no
split with public labels: splits are drawn by the PatientID of the DICOM headers. Its test images (a folder with "test"
in its name) have no labels and are not used, unless --unlabeled_test adds them to the unlabeled training images.
"""

_logger = logging.getLogger("monai_ssl")
_TEST = re.compile(r"(?<![a-z])test(?![a-z])", re.IGNORECASE)
_CSV_NAMES = ("stage_2_train.csv", "stage_1_train.csv")  # the second stage's file contains the first's


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that only this data set has."""
    own = parser.add_argument_group("this data set")
    own.add_argument("--any", action="store_true", help='keep the label "any" as a sixth class')
    own.add_argument(
        "--unlabeled_test", action="store_true", help="use the challenge's test images as unlabeled training images"
    )


def read(options: argparse.Namespace, rejects: Rejects) -> Source:
    """List the DICOM files with the labels of the challenge's table.

    Raises:
        InputError: when there is no table or no image.
    """
    files = list_files(options.source, (".csv", ".dcm"), without=[options.output])
    tables = [path for path in files if path.lower().endswith(".csv")]
    table = options.source / _table(options, tables)
    images = by_name(options.source, (path for path in files if not path.lower().endswith(".csv")), rejects)
    if not images:
        raise InputError(f"{options.source}: there is no DICOM file here. Unpack the images of the challenge here.")
    labels, bad_rows = scan_labels(table)
    wrong = _set_aside(bad_rows, images, table.name, rejects)

    count = len(HEMORRHAGE_TYPES) + options.any
    records = []
    unused = 0
    for image, path in sorted(images.items(), key=lambda item: item[1]):
        vector = labels.get(image)
        if vector is not None:
            records.append(Record(options.source / path, path, label=[*vector[:count]]))
        elif image in wrong:
            continue
        elif not _is_test(path):
            rejects.add(
                path, f"{table.name} has no row of this image", "Give the label file that belongs to the images."
            )
        elif options.unlabeled_test:
            records.append(Record(options.source / path, path))
        else:
            unused += 1
    if unused:
        _logger.info("%d images of the challenge's test set have no labels and are not used.", unused)
    absent = sum(image not in images for image in labels)
    if absent:
        _logger.warning("%s has labels of %d images that are not in %s.", table.name, absent, options.source)
    return Source(
        name="RSNA 2019 intracranial hemorrhage",
        task="multilabel",
        labels=(*HEMORRHAGE_TYPES, "any")[:count],
        records=records,
        modality="CT",
        channels=1,
        spatial_dims=2,
        tables=[table],
        details={"options": {"any": options.any, "unlabeled_test": options.unlabeled_test}},
    )


def _table(options: argparse.Namespace, files: list[str]) -> str:
    for name in _CSV_NAMES:
        found = [path for path in files if PurePosixPath(path).name == name]
        if len(found) > 1:
            raise InputError(f"{options.source}: {len(found)} files are called {name}. Keep one of them.")
        if found:
            return found[0]
    raise InputError(
        f"{options.source}: there is neither {' nor '.join(_CSV_NAMES)} here. Give the folder that the "
        "challenge's data were unpacked to."
    )


def _set_aside(bad_rows: list[BadRow], images: dict[str, str], table: str, rejects: Rejects) -> set[str]:
    """Set aside bad rows, each with its image; what is wrong twice with an image is told once."""
    wrong: set[str] = set()
    for row in bad_rows:
        if not row.image:
            rejects.add(f"{table}, line {row.line}", row.reason, row.remedy)
        elif row.image not in wrong:
            place = f" ({table}, line {row.line})" if row.line else f" ({table})"
            rejects.add(images.get(row.image, row.image), row.reason + place, row.remedy)
            wrong.add(row.image)
    return wrong


def _is_test(path: str) -> bool:
    return _TEST.search(path.rpartition("/")[0]) is not None
