"""``python -m data_prep nih14``: NIH ChestX-ray14."""

import argparse
import logging

from data_prep.datasets.nih14_rows import FINDINGS, read_rows
from data_prep.datasets.nih14_tables import find_lists, find_table, read_splits
from data_prep.datasets.tree import by_name, list_files
from data_prep.records import Record, Rejects, Source
from monai_ssl.errors import InputError

__all__ = ["HELP", "add_arguments", "read"]

HELP = """NIH ChestX-ray14: 112,120 frontal chest radiographs of 30,805 patients with 14 findings.

Download it from the NIH Clinical Center (https://nihcc.app.box.com/v/ChestXray-NIHCC):

    DIR/
      Data_Entry_2017_v2020.csv        (or Data_Entry_2017.csv)
      images/*.png                     (or images_001/images/*.png ...; any folder, and a part of the set will do)
      train_val_list.txt, test_list.txt

The task is multi-label; "No Finding" is an image without any. Where both lists are there, the official test split is
kept and the rest is divided into training and validation; else (or with --split random) all splits are drawn. Images
of a patient are always in one split.
"""

_logger = logging.getLogger("monai_ssl")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that only this data set has."""
    own = parser.add_argument_group("this data set")
    own.add_argument(
        "--split",
        choices=("official", "random"),
        help="keep the official test split, or draw all splits (official where its two lists are there)",
    )


def read(options: argparse.Namespace, rejects: Rejects) -> Source:
    """List the images with the findings, patients and official splits of the release's tables.

    Raises:
        InputError: when there is no table or no image, most rows of the table are not of ChestX-ray14, or one of the
            official lists is missing.
    """
    files = list_files(options.source, (".csv", ".txt", ".png"), without=[options.output])
    pictures: list[str] = []
    others: list[str] = []
    for file in files:
        (pictures if file.lower().endswith(".png") else others).append(file)
    images = by_name(options.source, pictures, rejects)
    if not images:
        raise InputError(f"{options.source}: there is no PNG file here. Unpack the images of ChestX-ray14 here.")
    table = find_table(options.source, others)
    lists = find_lists(options.source, others, options.split)
    split_of = read_splits(lists.values()) if lists else None
    rows = read_rows(table, images.keys(), rejects)

    records = []
    for stem, row in rows.of.items():
        path = images[stem]
        if split_of is not None and stem not in split_of:
            rejects.add(path, f"this image is in none of {' and '.join(lists)}", "Give whole lists, or --split random.")
            continue
        records.append(
            Record(
                options.source / path,
                path,
                label=[*row.label],
                patient=row.patient,
                split=None if split_of is None else split_of[stem],
                where=row.where,
            )
        )
    if rows.absent:
        _logger.warning("%s has %d rows of images that are not in %s.", table.name, rows.absent, options.source)
    for stem in sorted(images.keys() - rows.of.keys() - rows.wrong):
        rejects.add(images[stem], f"{table.name} has no row of this image", "Give the table of these images.")
    return Source(
        name="NIH ChestX-ray14",
        task="multilabel",
        labels=FINDINGS,
        records=records,
        modality="DX",
        channels=1,
        spatial_dims=2,
        tables=[table, *lists.values()],
        details={"split": "official" if lists else "random"},
    )
