"""The command line ``python -m data_prep demo``."""

import argparse

from data_prep.demo.dataset import make_demo
from data_prep.demo.kinds import KINDS
from monai_ssl.data.datalist import DataList

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("--output", required=True, metavar="DIR", help="folder to make")
    parser.add_argument("--phantom", choices=tuple(KINDS), default="head", help="what to simulate (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of phantoms, split and budget (default: %(default)s)")
    parser.add_argument(
        "--patients", type=int, help=f"head: patients of 12 slices each (default: {KINDS['head'].count})"
    )
    parser.add_argument(
        "--lesions",
        type=int,
        help=f"dermoscopy: lesions of one to three images each (default: {KINDS['dermoscopy'].count})",
    )
    parser.add_argument(
        "--subjects",
        type=int,
        help=f"brain_tumor: subjects of four volumes and a mask each (default: {KINDS['brain_tumor'].count})",
    )
    parser.add_argument(
        "--radiographs",
        type=int,
        help=f"chest: radiographs of a patient each, with classes and masks (default: {KINDS['chest'].count})",
    )
    budgets, sizes = (
        ", ".join(f"{name}: {getattr(kind, key)}" for name, kind in KINDS.items()) for key in ("budget", "image_size")
    )
    parser.add_argument(
        "--budget",
        type=_fraction_or_count,
        help=f"labeled training images: a fraction such as 0.1, or a count such as 40 (default: {budgets})",
    )
    parser.add_argument(
        "--image_size",
        type=int,
        help=f"rows and columns of an image, or voxels along the longest side of a volume (default: {sizes})",
    )


def run(arguments: argparse.Namespace) -> None:
    """Make a demo data set and print what it holds."""
    folder = make_demo(
        arguments.output,
        phantom=arguments.phantom,
        seed=arguments.seed,
        patients=arguments.patients,
        lesions=arguments.lesions,
        subjects=arguments.subjects,
        radiographs=arguments.radiographs,
        budget=arguments.budget,
        image_size=arguments.image_size,
    )
    print(f"{folder}\n{DataList.load(folder).summary()}")


def _fraction_or_count(text: str) -> float | int:
    """A number with a point is a fraction, one without is a count."""
    try:
        return int(text)
    except ValueError:
        return float(text)
