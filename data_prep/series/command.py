"""The command ``series``: volumes of DICOM series without any label, as for a server of images to be labeled."""

import argparse
import csv
import io
import logging
from collections.abc import Sequence
from pathlib import Path

from data_prep.pipeline.options import add_workers_argument
from data_prep.pipeline.rejected import REJECTED_NAME, write_rejected
from data_prep.records import Rejects
from data_prep.series.volumes import Volume, series_to_volumes
from monai_ssl.errors import InputError
from monai_ssl.files import make_folder, write_whole
from monai_ssl.readers.listing import list_images
from monai_ssl.salt import opaque, read_salt

__all__ = ["HELP", "PATIENTS_NAME", "add_arguments", "run"]

HELP = """\
Make a volume (NIfTI) of the DICOM files of each series of a folder, under an opaque name in OUTPUT/images.

OUTPUT/series.csv tells of each volume, OUTPUT/patients.csv which volumes are of one patient (keyed hashes), and
OUTPUT/rejected.csv of what was set aside. A second run writes what is new."""
PATIENTS_NAME = "patients.csv"

_logger = logging.getLogger("monai_ssl")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--source", required=True, type=Path, metavar="DIR", help="folder of DICOM files")
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="folder that gets the volumes")
    parser.add_argument("--strict", action="store_true", help="stop at the first file that cannot be used")
    add_workers_argument(parser)


def run(options: argparse.Namespace) -> None:
    """Write the volumes.

    Raises:
        InputError: when the folder cannot be read, or no series of it makes a volume.
    """
    rejects = Rejects(options.strict)
    make_folder(options.output)
    salt = read_salt(options.output)
    volumes = series_to_volumes(
        options.source,
        list_images(options.source, without=[options.output]),
        output=options.output,
        salt=salt,
        workers=options.workers,
        rejects=rejects,
    )
    write_rejected(options.output / REJECTED_NAME, rejects.found)
    if not volumes:
        raise InputError(f"{options.source}: no series here makes a volume; {REJECTED_NAME} in the output says why.")
    _write_patients(options.output / PATIENTS_NAME, volumes, salt)
    _logger.info("%d volumes in %s.", len(volumes), options.output / "images")


def _write_patients(file: Path, volumes: Sequence[Volume], salt: bytes) -> None:
    rows = [(volume.path.name, opaque(salt, "group", volume.patient)) for volume in volumes if volume.patient]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("image", "patient"), *sorted(rows)])
    with write_whole(file) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")
