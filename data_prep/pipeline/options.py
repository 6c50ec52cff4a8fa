"""The options that every data set's command has."""

import argparse
import math
import os
from pathlib import Path

from monai_ssl.data.budget import SAMPLINGS, UNITS

__all__ = ["add_source_arguments", "add_workers_argument"]


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that every data set's command has."""
    given = parser.add_argument_group("files")
    given.add_argument(
        "--source", "--images", required=True, type=Path, metavar="DIR", help="folder of the data set, see above"
    )
    given.add_argument("--output", required=True, type=Path, metavar="DIR", help="folder that gets the datalist.json")
    given.add_argument(
        "--copy",
        action="store_true",
        help="copy the images to OUTPUT/images under opaque names; metadata inside PNG, JPEG, TIFF and NIfTI files is "
        "copied as it is",
    )
    given.add_argument("--overwrite", action="store_true", help="replace a datalist.json that differs")
    given.add_argument("--modality", help="such as CT or DX; else the data set's, else that of the DICOM headers")
    add_workers_argument(given)

    split = parser.add_argument_group("splits and budgets")
    split.add_argument(
        "--fractions",
        type=_fractions,
        default="0.7,0.1,0.2",
        help="of patients for training, validation and test (%(default)s)",
    )
    split.add_argument(
        "--budget",
        type=_budgets,
        default="0.1",
        metavar="X[,Y...]",
        help="labeled training images: a fraction such as 0.1 (1.0: all) or a count such as 200 (%(default)s); of "
        "several, with the same seed a larger one contains the smaller",
    )
    split.add_argument(
        "--validation_budget",
        type=_budget,
        help="the same for the validation split; 1.0 keeps all of it; else the training split's fraction is taken",
    )
    split.add_argument("--unit", choices=UNITS, default="image", help="what the budget counts (%(default)s)")
    split.add_argument(
        "--sampling",
        choices=SAMPLINGS,
        default="random",
        help="random: at random, not stratified; balanced: as many of each class (%(default)s)",
    )
    split.add_argument(
        "--seed",
        type=_seeds,
        default="0",
        metavar="N[,M...]",
        help="of the budget's draw (%(default)s); several budgets or seeds give a folder each, OUTPUT/budget_X-seed_N",
    )
    split.add_argument(
        "--split_seed",
        type=_seed,
        metavar="N",
        help="of the draw of the splits; else the first --seed: all lists of one call have the same test images",
    )

    doubt = parser.add_argument_group("what does not fit")
    doubt.add_argument(
        "--strict",
        action="store_true",
        help="stop at the first file or row that cannot be used; else they are set aside and listed in "
        "OUTPUT/rejected.csv (with --copy beside it, OUTPUT.rejected.csv)",
    )
    doubt.add_argument(
        "--max_bad",
        type=_share,
        default="0.1",
        metavar="SHARE",
        help="make no data list when more than this share is set aside (%(default)s)",
    )


def add_workers_argument(parser: argparse._ActionsContainer) -> None:
    """Add ``--workers``."""
    parser.add_argument(
        "--workers", type=_workers, default=os.cpu_count() or 1, metavar="N", help="processes (%(default)s)"
    )


def _workers(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 up")
    return int(text)


def _fractions(text: str) -> list[float]:
    try:
        fractions = [float(part) for part in text.split(",")]
    except ValueError:
        fractions = []
    if len(fractions) != 3 or min(fractions) < 0 or not math.isclose(sum(fractions), 1, abs_tol=1e-6):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of three numbers with a sum of 1, such as 0.7,0.1,0.2")
    return fractions


def _budget(text: str) -> float | int:
    try:
        return int(text) if text.isdecimal() else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a fraction (0.1) nor a count (200)") from None


def _budgets(text: str) -> list[float | int]:
    return [_budget(part.strip()) for part in text.split(",")]


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 up")
    return int(text)


def _seeds(text: str) -> list[int]:
    return [_seed(part.strip()) for part in text.split(",")]


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share from 0 to 1")
    return share
