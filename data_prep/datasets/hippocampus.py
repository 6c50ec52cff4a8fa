"""``python -m data_prep hippocampus``: Task04 of the Medical Segmentation Decathlon."""

import argparse
from dataclasses import replace

from data_prep.datasets import msd
from data_prep.records import Rejects, Source

__all__ = ["HELP", "add_arguments", "read"]

HELP = """Make a data set from Task04_Hippocampus of the Medical Segmentation Decathlon (http://medicaldecathlon.com).

    DIR/
      imagesTr/hippocampus_001.nii.gz
      labelsTr/hippocampus_001.nii.gz
      imagesTs/                 without labels

3D MR crops around one hippocampus each, with masks of its anterior and posterior part. Images and masks are used where
they are. The release does not tell which crops are of one subject: each is taken for a subject of its own.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this data set."""
    msd.add_arguments(parser)
    parser.set_defaults(label_names=["anterior", "posterior"])


def read(options: argparse.Namespace, rejects: Rejects) -> Source:
    """List the images of the task.

    Raises:
        InputError: when the folder is none of a task, or what is asked for is not there.
    """
    return replace(msd.read(options, rejects), modality="MR")
