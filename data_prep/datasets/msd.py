"""``python -m data_prep msd``: a task of the Medical Segmentation Decathlon."""

import argparse

from data_prep.datasets.msd_task import read_task
from data_prep.records import Rejects, Source

__all__ = ["HELP", "add_arguments", "names_of", "read"]

HELP = """Make a data set from any task of the Medical Segmentation Decathlon (http://medicaldecathlon.com).

    DIR/                        such as Task09_Spleen
      dataset.json              names of labels and modalities; may be missing
      imagesTr/spleen_2.nii.gz
      labelsTr/spleen_2.nii.gz
      imagesTs/                 without labels

Images and masks are used where they are. Only the masks of the training images are public: the images of imagesTs are
left out, or used as unlabeled ones. The release does not tell which images are of one patient: each is taken for a
patient of its own. Of images with several modalities (Task01, Task05) some can be picked, which are then written as new
files.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this data set."""
    parser.add_argument(
        "--label_names",
        type=names_of,
        metavar="A,B",
        help="for the values 1, 2... of the masks; else those of dataset.json",
    )
    parser.add_argument(
        "--modalities", type=names_of, metavar="A,B", help="those to use, as dataset.json calls them; else all"
    )
    parser.add_argument(
        "--unlabeled_test", action="store_true", help="use the images of imagesTs as unlabeled training images"
    )


def names_of(text: str) -> list[str]:
    """The distinct names in a list with commas."""
    names = [name.strip() for name in text.split(",")]
    if not all(names) or len(set(map(str.lower, names))) < len(names):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of different names such as A,B")
    return names


def read(options: argparse.Namespace, rejects: Rejects) -> Source:
    """List the images of the task.

    Raises:
        InputError: when the folder is none of a task, or what is asked for is not there.
    """
    return read_task(
        options.source,
        rejects,
        output=options.output,
        workers=options.workers,
        label_names=options.label_names,
        modalities=options.modalities,
        unlabeled_test=options.unlabeled_test,
    )
