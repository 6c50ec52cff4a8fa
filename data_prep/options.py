"""The command line's options of ``python -m data_prep folder``."""

import argparse

from data_prep.labels import LABEL_FORMATS
from data_prep.tables import normalize
from monai_ssl.data.budget import UNITS

__all__ = ["add_arguments"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    given = parser.add_argument_group("files")
    given.add_argument("--images", required=True, metavar="DIR", help="folder of images, with its folders")
    given.add_argument("--labels", required=True, metavar="CSV", help="table with a row an image")
    given.add_argument("--output", required=True, metavar="DIR", help="folder that gets the datalist.json")
    given.add_argument(
        "--copy",
        action="store_true",
        help="copy the images to OUTPUT/images under opaque names; metadata inside PNG, JPEG, TIFF and NIfTI files is "
        "copied as it is",
    )
    given.add_argument("--overwrite", action="store_true", help="replace a datalist.json that differs")

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
        "others are ignored, with class_name their rows are set aside by --skip_bad",
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
    table.add_argument("--modality", help="such as CT or DX; else that of the DICOM headers, else OT")

    split = parser.add_argument_group("splits and budget")
    split.add_argument(
        "--fractions",
        type=_fractions,
        default="0.7,0.1,0.2",
        help="of patients for training, validation and test (%(default)s)",
    )
    split.add_argument(
        "--budget",
        type=_budget,
        default="0.1",
        help="labeled training images: a fraction such as 0.1 (1.0: all) or a count such as 200 (%(default)s)",
    )
    split.add_argument(
        "--validation_budget",
        type=_budget,
        help="the same for the validation split; 1.0 keeps all of it; else the training split's fraction is taken",
    )
    split.add_argument("--unit", choices=UNITS, default="image", help="what the budget counts (%(default)s)")
    split.add_argument("--seed", type=_seed, default="0", help="of every random draw (%(default)s)")

    doubt = parser.add_argument_group("what does not fit")
    doubt.add_argument(
        "--unlabeled_rest", action="store_true", help="take images without a row as further unlabeled training images"
    )
    doubt.add_argument(
        "--skip_bad",
        action="store_true",
        help="set aside images that cannot be read, rows without an image, images without a row and rows of a class "
        "that is none of --classes, and list them in OUTPUT/skipped.csv",
    )


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _missing(text: str) -> frozenset[str]:
    return frozenset({"", *(normalize(cell.strip()) for cell in text.split(","))})


def _fractions(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers such as 0.7,0.1,0.2") from None


def _budget(text: str) -> float | int:
    try:
        return int(text) if text.isdecimal() else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a fraction (0.1) nor a count (200)") from None


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 up")
    return int(text)
