"""``python -m data_prep spine``: patches of vertebrae, cut from lateral radiographs of the spine."""

import argparse
from pathlib import Path

from data_prep.datasets.spine_layout import Rows, find_vertebra_masks, read_rows
from data_prep.datasets.spine_patches import SpineJob, Xray, cut_vertebrae
from data_prep.datasets.tree import list_files
from data_prep.folder.tables import normalize, read_table
from data_prep.pipeline.groups import choose_groups
from data_prep.records import Record, Rejects, Source
from data_prep.workers.pool import run_jobs
from monai_ssl.errors import InputError
from monai_ssl.salt import read_salt

__all__ = ["HELP", "add_arguments", "read"]

HELP = """Vertebrae of lateral spine radiographs: normal or abnormal, with masks.

For radiographs of your own in this layout (the spine set of the S4MTL paper is not public):

    DIR/
      images/a.png             (PNG, JPEG, TIFF or DICOM)
      masks/a.png              (its values are the numbers of the vertebrae, 0 is background)
      masks/b_L1.png           (or a mask a vertebra: the image's name, "_", the vertebra's number or name)
      labels.csv               (columns: image, vertebra, abnormal (0 or 1), and patient if there is one)

For each vertebra a square patch is cut out, which shows a margin around it, and is black outside of the radiograph.
The task is joint: the class (normal, abnormal) and the mask of the vertebra. Vertebrae without a row are
used unlabeled. Splits are drawn by the patient of labels.csv, else of the DICOM header, else by the radiograph. A
radiograph without a patient in labels.csv is of the same one as others with its PatientID.
"""

_CLASSES = ("normal", "abnormal")
_REGION = "vertebra"
_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".dcm", ".dicom")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that only this data set has."""
    own = parser.add_argument_group("this data set")
    own.add_argument(
        "--margin",
        type=_margin,
        default="0.5",
        metavar="SHARE",
        help="what a patch shows on each side of a vertebra, as a share of its size (%(default)s)",
    )
    own.add_argument(
        "--patch_size", type=_size, default="128", metavar="N", help="rows and columns of a patch (%(default)s)"
    )


def read(options: argparse.Namespace, rejects: Rejects) -> Source:
    """Cut out the vertebrae of every radiograph and list the patches.

    Raises:
        InputError: when images, masks or labels.csv are missing, no mask has the name of an image, or a radiograph
            without a patient in labels.csv has a PatientID that is of several there.
    """
    folder: Path = options.source
    images = list_files(folder / "images", _SUFFIXES, without=[options.output])
    masks = find_vertebra_masks(folder / "masks", images, options.output, rejects)
    table = read_table(folder / "labels.csv")
    rows = read_rows(table, images, rejects)
    salt = read_salt(options.output)
    masked = [image for image in images if image in masks]
    jobs = [
        SpineJob(folder / "images" / image, masks[image], options.output, salt, options.margin, options.patch_size)
        for image in masked
    ]
    results = run_jobs(
        cut_vertebrae, jobs, workers=options.workers, description="vertebrae", name=lambda job: str(job.image)
    )
    failed = {image for image in images if image not in masks}
    for image in sorted(failed):
        rejects.add(f"images/{image}", "there is no mask of this radiograph", "Put it into masks/, or take it away.")
    xrays: dict[str, Xray] = {}
    for image, result in zip(masked, results, strict=True):
        if isinstance(result, InputError):
            rejects.add_error(f"images/{image}", str(result))
            failed.add(image)
        else:
            xrays[image] = result
    # Patches are PNG, of which nothing tells the PatientID: what the headers say of patients is settled here.
    patients = choose_groups(
        [*xrays],
        [rows.patients.get(image) for image in xrays],
        [xray.patient for xray in xrays.values()],
        table.file.name,
    )
    records = [
        record
        for (image, xray), patient in zip(xrays.items(), patients, strict=True)
        for record in _patches(image, xray, patient, rows)
    ]
    used = {record.where for record in records}
    for (image, _), where in rows.where.items():
        if where not in used and image not in failed:
            rejects.add(where, "the mask of the radiograph does not have this vertebra", "Mend the row or the mask.")
    return Source(
        name="spine",
        task="joint",
        labels=_CLASSES,
        records=records,
        masks={_REGION: [255]},
        modality="DX",
        channels=1,
        spatial_dims=2,
        tables=[table.file],
        details={"options": {"margin": options.margin, "patch_size": options.patch_size}},
    )


def _patches(image: str, xray: Xray, patient: str, rows: Rows) -> list[Record]:
    """The patches of a radiograph, which are all of one patient."""
    records = []
    for patch in xray.patches:
        key = (image, normalize(patch.vertebra))
        records.append(
            Record(
                patch.image,
                f"images/{image}, vertebra {patch.vertebra}",
                label=rows.classes.get(key),
                mask=patch.mask if key in rows.classes else None,
                patient=patient,
                where=rows.where.get(key, ""),
            )
        )
    return records


def _margin(text: str) -> float:
    try:
        margin = float(text)
    except ValueError:
        margin = -1.0
    if not 0 <= margin <= 10:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 10")
    return margin


def _size(text: str) -> int:
    if not text.isdecimal() or not 16 <= int(text) <= 4096:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 16 to 4096")
    return int(text)
