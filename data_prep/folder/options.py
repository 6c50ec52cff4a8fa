"""The command line's options of ``python -m data_prep folder``."""

import argparse
from pathlib import Path

from data_prep.folder.labels import LABEL_FORMATS
from data_prep.folder.tables import normalize
from monai_ssl.errors import InputError
from monai_ssl.regions import parse_regions

__all__ = ["add_arguments", "check_options"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that only this command has to a parser."""
    given = parser.add_argument_group("labels and masks")
    given.add_argument("--labels", type=Path, metavar="CSV", help="table with a row an image")
    given.add_argument(
        "--masks", type=Path, metavar="DIR", help="folder of masks, called as their images (an ending _mask is ignored)"
    )
    given.add_argument(
        "--regions",
        type=_regions,
        metavar="A=1,B=2+3",
        help="what the values of masks stand for; regions may overlap; else each value is a region",
    )
    given.add_argument("--series", action="store_true", help="make a volume (NIfTI) of the DICOM files of each series")
    given.add_argument(
        "--unlabeled_rest",
        action="store_true",
        help="take images without a row and without a mask as unlabeled training images",
    )

    table = parser.add_argument_group("table (columns are found by their names where these are plain)")
    table.add_argument("--image_column", help="holds the image's path, file name, stem or number")
    table.add_argument("--patient_column", help="holds the patient; else the DICOM header's PatientID is taken")
    table.add_argument("--split_column", help="holds the data set's own split: train, val or test; never guessed")
    table.add_argument("--label_columns", type=_names, metavar="A,B,C", help="hold the labels")
    table.add_argument(
        "--label_format",
        choices=LABEL_FORMATS,
        help="one_hot: 0 and 1 in a column a class; class_name; separated: the names of all positive classes",
    )
    table.add_argument(
        "--classes",
        type=_names,
        metavar="A,B,C",
        help="the only classes to keep, in this order, of class_name or separated labels; with separated labels the "
        "others are ignored, with class_name their images are left out",
    )
    table.add_argument("--separator", default="|", help="between the names in a separated label (%(default)s)")
    table.add_argument(
        "--negative", default="No Finding", help="word for no positive class in a separated label (%(default)s)"
    )
    table.add_argument(
        "--missing",
        type=_missing,
        default="nan,-1",
        metavar="X,Y",
        help="cells that mean that a label is missing or uncertain, beside the empty one (%(default)s)",
    )
    table.add_argument(
        "--task",
        choices=("multilabel", "multiclass"),
        help="multiclass is taken for class names, and where each row marks exactly one of several columns",
    )


def check_options(options: argparse.Namespace) -> None:
    """Refuse options that do not go together.

    Raises:
        InputError: when they tell no labels, when regions have no masks, or when images would be taken for masks.
    """
    if options.labels is None and options.masks is None:
        raise InputError("There are no labels. Give a CSV with --labels, a folder of masks with --masks, or both.")
    if options.masks is None:
        if options.regions is not None:
            raise InputError("--regions tells of masks, but there are none. Give --masks, or leave --regions away.")
    elif options.source.resolve().is_relative_to(options.masks.resolve()):
        raise InputError(
            f"{options.masks}: the images are in this folder of masks. Put the masks into a folder of their own."
        )


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _missing(text: str) -> frozenset[str]:
    return frozenset({"", *(normalize(cell.strip()) for cell in text.split(","))})


def _regions(text: str) -> dict[str, list[int]]:
    try:
        return parse_regions(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
