"""``python -m data_prep isic2018``: the ISIC 2018 challenge, whose Task 3 is HAM10000."""

import argparse
import logging
from collections import Counter
from dataclasses import replace
from pathlib import Path

from data_prep.datasets.binary_masks import MaskJob, binary_masks
from data_prep.datasets.isic2018_layout import MASK_END, find_images, find_masks, part_of
from data_prep.datasets.isic2018_tables import DIAGNOSES, TABLE_ENDS, Diagnoses, read_diagnoses, read_lesions
from data_prep.datasets.tree import list_files
from data_prep.records import TRAIN_VAL, Record, Rejects, Source
from monai_ssl.errors import InputError
from monai_ssl.salt import read_salt

__all__ = ["HELP", "add_arguments", "read"]

HELP = """ISIC 2018 (skin lesions, dermoscopy), Task 3: 7 diagnoses (HAM10000); Task 1: masks of the lesion.

Download it from https://challenge.isic-archive.com/data/#2018:

    DIR/
      ISIC2018_Task3_Training_Input/*.jpg
      ISIC2018_Task3_Training_GroundTruth/ISIC2018_Task3_Training_GroundTruth.csv   (or HAM10000_metadata)
      ISIC2018_Task3_Training_LesionGroupings.csv                                   (or HAM10000_metadata)
      ISIC2018_Task3_Validation_*, ISIC2018_Task3_Test_*                            (if you have them)
      ISIC2018_Task1_Training_GroundTruth/*_segmentation.png                        (for masks)
      ISIC2018_Task1-2_Training_Input/*.jpg                                         (for --task segmentation)

or HAM10000, which is Task 3 with other names, from https://doi.org/10.7910/DVN/DBW86T:

    DIR/
      HAM10000_images_part_1/*.jpg, HAM10000_images_part_2/*.jpg
      HAM10000_metadata                                                             (also .csv or .tab)
      ISIC2018_Task3_Test_Images/*.jpg, ISIC2018_Task3_Test_GroundTruth.csv         (if you have them; also .tab)
      HAM10000_segmentations_lesion_tschandl/*_segmentation.png                     (for masks)

Images are found in any folder by their names. --task segmentation leaves out folders of Task 3 and HAM10000 where there
are others, and uses images without a mask unlabeled; the other tasks leave out folders of Task 1 so. Validation and
test images are told by the ground truth that has them, else by folders named as above.

Where test images and their ground truth are there, the official split is kept; else (or with --split random) the
training images are divided. Images of a lesion are always in one split.
"""

_logger = logging.getLogger("monai_ssl")
_REGION = "lesion"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that only this data set has."""
    own = parser.add_argument_group("this data set")
    own.add_argument(
        "--task",
        choices=("multiclass", "segmentation", "joint"),
        default="multiclass",
        help="learn the diagnosis, the mask of the lesion, or both (%(default)s)",
    )
    own.add_argument(
        "--split",
        choices=("official", "random"),
        help="keep the challenge's split, or divide its training images (official where there are labeled test images)",
    )


def read(options: argparse.Namespace, rejects: Rejects) -> Source:
    """List the images with their diagnoses, masks and lesions.

    Raises:
        InputError: when there is no image, no table of diagnoses or no mask where they are needed, or the official
            split is asked for and not there.
    """
    folder: Path = options.source
    files = list_files(folder, (".jpg", ".jpeg", ".png", *TABLE_ENDS), without=[options.output])
    tables = [path for path in files if path.lower().endswith(TABLE_ENDS)]
    images = find_images(folder, files, 1 if options.task == "segmentation" else 3, rejects)
    if not images:
        raise InputError(f"{folder}: there is no image here whose name is ISIC_ and seven digits. Unpack them here.")
    classes, regions = options.task != "segmentation", options.task != "multiclass"
    diagnoses = read_diagnoses(folder, tables, rejects) if classes else Diagnoses()
    lesions, lesion_tables = read_lesions(folder, tables)
    masks = _masks(options, files, images, rejects) if regions else {}

    found = []
    for image, path in images.items():
        label, mask, part = diagnoses.of.get(image), masks.get(image), diagnoses.part.get(image) or part_of(path)
        if image in diagnoses.wrong:
            continue
        if label is None and mask is None and part != "training":
            continue
        if label is None and mask is None and classes:
            rejects.add(path, "no table has a row of this image", "Give the table of these images.")
            continue
        where = diagnoses.where.get(image, "")
        found.append(Record(folder / path, path, label, mask, patient=lesions.get(image), split=part, where=where))
    absent = len(diagnoses.of.keys() - images.keys())
    if absent:
        _logger.warning("The tables have labels of %d images that are not in %s.", absent, folder)
    records = _with_splits(found, options)
    return Source(
        name="ISIC 2018",
        task=options.task,
        labels=DIAGNOSES if classes else (_REGION,),
        records=records,
        masks={_REGION: [255]} if regions else {},
        modality="XC",
        channels=3,
        spatial_dims=2,
        tables=list(dict.fromkeys([*diagnoses.tables, *lesion_tables])),
        details={"split": "random" if all(record.split is None for record in records) else "official"},
    )


def _masks(options: argparse.Namespace, files: list[str], images: dict[str, str], rejects: Rejects) -> dict[str, Path]:
    """The mask of each image that has one, of 0 and 255."""
    paths = find_masks(options.source, files, images, rejects)
    if not paths:
        raise InputError(
            f"{options.source}: there is no mask here that is called as an image with {MASK_END}.png at its end. Put "
            "the ground truth of Task 1 here, or give --task multiclass."
        )
    salt = read_salt(options.output)
    jobs = [MaskJob((options.source / path,), options.output, salt) for path in paths.values()]
    masks = {}
    for (image, path), mask in zip(paths.items(), binary_masks(jobs, workers=options.workers), strict=True):
        if isinstance(mask, InputError):
            rejects.add_error(path, str(mask))
        else:
            masks[image] = mask
    return masks


def _with_splits(records: list[Record], options: argparse.Namespace) -> list[Record]:
    """The records with the official split where it is kept, else the training images to be divided."""
    parts = Counter(record.split for record in records)
    if options.split == "official" and not parts["test"]:
        raise InputError(
            f"{options.source}: there are no test images with labels. Put them and their ground truth here, or give "
            "--split random."
        )
    official = parts["test"] and options.split != "random"
    if not official:
        left = len(records) - parts["training"]
        if left:
            _logger.info("%d labeled validation and test images of the challenge are not used.", left)
        return [replace(record, split=None) for record in records if record.split == "training"]
    training = "training" if parts["validation"] else TRAIN_VAL
    return [replace(record, split=training if record.split == "training" else record.split) for record in records]
