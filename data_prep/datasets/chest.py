"""``python -m data_prep chest``: the chest radiographs of Montgomery, Shenzhen and JSRT with lung masks."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from data_prep.datasets.binary_masks import MaskJob, binary_masks
from data_prep.datasets.chest_jsrt import RAW_SIZE, RawJob, convert_raw
from data_prep.datasets.chest_layout import DIAGNOSES, SETS, ChestImage, find_chest_images
from data_prep.datasets.tree import list_files
from data_prep.records import Record, Rejects, Source
from data_prep.workers.pool import run_jobs
from monai_ssl.errors import InputError
from monai_ssl.salt import read_salt

__all__ = ["HELP", "add_arguments", "read"]

HELP = """Chest radiographs with masks of the lungs and three classes: normal, tuberculosis, nodule.

Three public sets, of which DIR may hold any (912 images with masks or without, one a patient):

    DIR/
      MontgomerySet/CXR_png/MCUCXR_0001_0.png, ManualMask/leftMask/..., ManualMask/rightMask/...
      ChinaSet_AllFiles/CXR_png/CHNCXR_0001_0.png, mask/CHNCXR_0001_0_mask.png
      All247images/JPCLN001.IMG ... JPCNN093.IMG
      scratch/fold1/masks/left lung/JPCLN001.gif, right lung/..., scratch/fold2/...

Montgomery County and Shenzhen: National Library of Medicine (https://lhncbc.nlm.nih.gov); JSRT: Japanese Society of
Radiological Technology (http://db.jsrt.or.jp/eng.php); its masks: the SCR database. Files are found in any folder by
their names; a mask is told by "mask" in the name of its file or of a folder, and that of one lung by "left" or "right".
Montgomery and Shenzhen have _1 in the name of a tuberculosis patient, JSRT has JPCLN for nodules and JPCNN for none.

The masks of both lungs are merged. JSRT's raw files are inverted, so that bones are bright, and written as 16-bit PNG.
Splits are drawn. Images without a mask have a class only; with --task segmentation they are used unlabeled.
"""

_REGION = "lung"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that only this data set has."""
    own = parser.add_argument_group("this data set")
    own.add_argument(
        "--task",
        choices=("joint", "multiclass", "segmentation"),
        default="joint",
        help="learn the class and the mask of the lungs, or one of them (%(default)s)",
    )
    own.add_argument(
        "--jsrt_size",
        type=_size,
        default=str(RAW_SIZE),
        metavar="N",
        help="rows and columns that JSRT's images are reduced to, by averaging (%(default)s: as they are)",
    )


def read(options: argparse.Namespace, rejects: Rejects) -> Source:
    """List the images with their classes and masks; write what the bundles do not read.

    Raises:
        InputError: when there is no image, or nothing of what the task needs: masks, a second class.
    """
    folder: Path = options.source
    files = list_files(folder, (".png", ".img", ".gif"), without=[options.output])
    images = find_chest_images(folder, files, rejects)
    if not images:
        raise InputError(
            f"{folder}: there is no image here that is called as those of Montgomery (MCUCXR_0001_0.png), Shenzhen "
            "(CHNCXR_0001_0.png) or JSRT (JPCLN001.IMG). Give the folder that they were unpacked to, with the "
            "images in folders that are not called masks."
        )
    salt = read_salt(options.output)
    paths = _converted(images, options, salt, rejects)
    masks = {} if options.task == "multiclass" else _masks(images, options, salt, rejects)
    images = [image for image in images if image.path in paths]
    classes = [name for name in DIAGNOSES if any(image.diagnosis == name for image in images)]
    if options.task != "segmentation" and len(classes) < 2:
        raise InputError(f"{folder}: all images here are of one class. Add others, or give --task segmentation.")
    if options.task != "multiclass" and not masks:
        raise InputError(f"{folder}: there are no masks here. Add them, or give --task multiclass.")
    return Source(
        name=", ".join(name for name in SETS if any(image.patient.startswith(name) for image in images)),
        task=options.task,
        labels=(_REGION,) if options.task == "segmentation" else tuple(classes),
        records=[
            Record(
                paths[image.path],
                image.path,
                label=None if options.task == "segmentation" else classes.index(image.diagnosis),
                mask=masks.get(image.path),
                patient=image.patient,
            )
            for image in images
        ],
        masks={} if options.task == "multiclass" else {_REGION: [255]},
        modality="DX",
        channels=1,
        spatial_dims=2,
        details={"options": {"jsrt_size": options.jsrt_size}},
    )


def _converted(
    images: Sequence[ChestImage], options: argparse.Namespace, salt: bytes, rejects: Rejects
) -> dict[str, Path]:
    """The file of each image that can be used: PNG as it is, raw ones as they are written."""
    paths = {image.path: options.source / image.path for image in images}
    jobs = [RawJob(path, options.output, salt, options.jsrt_size) for name, path in paths.items() if _is_raw(name)]
    results = run_jobs(
        convert_raw, jobs, workers=options.workers, description="JSRT images", name=lambda job: str(job.path)
    )
    for name, result in zip([name for name in paths if _is_raw(name)], results if jobs else (), strict=True):
        if isinstance(result, InputError):
            rejects.add_error(name, str(result))
            del paths[name]
        else:
            paths[name] = result
    return paths


def _masks(images: Sequence[ChestImage], options: argparse.Namespace, salt: bytes, rejects: Rejects) -> dict[str, Path]:
    """The mask of each image that has one."""
    masked = [image for image in images if image.masks]
    jobs = [
        MaskJob(
            tuple(options.source / part for part in image.masks),
            options.output,
            salt,
            (options.jsrt_size, options.jsrt_size) if _is_raw(image.path) else None,
        )
        for image in masked
    ]
    masks = {}
    for image, result in zip(masked, binary_masks(jobs, workers=options.workers), strict=True):
        if isinstance(result, InputError):
            rejects.add_error(image.masks[0], str(result))
        else:
            masks[image.path] = result
    return masks


def _is_raw(path: str) -> bool:
    return path.lower().endswith(".img")


def _size(text: str) -> int:
    if not text.isdecimal() or not 16 <= int(text) <= RAW_SIZE:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 16 to {RAW_SIZE}")
    return int(text)
