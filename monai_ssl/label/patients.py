"""Whose image it is, told by pseudonyms only."""

import logging
import os
import re
from collections.abc import Mapping

from pydicom import dcmread

from monai_ssl.errors import InputError
from monai_ssl.readers.file_kind import kind_of
from monai_ssl.salt import opaque

__all__ = ["find_patients", "header_value"]

logger = logging.getLogger(__name__)


def find_patients(
    images: Mapping[str, str | os.PathLike[str]],
    told: Mapping[str, str],
    pattern: re.Pattern[str] | None,
    salt: bytes,
) -> tuple[dict[str, str], int]:
    """Give each image the pseudonym of its patient, the same in every round of training.

    The patient is what the annotators told, else what the pattern finds in the image's name, else the PatientID of a
    DICOM file. An image that none of these tells of is a patient of its own, and a warning counts those.

    Args:
        images: the file of each image, by name.
        told: the patients that were given with the images.
        pattern: finds the patient in a name: the first group, or all that matches.
        salt: of the pseudonyms.

    Returns:
        The pseudonyms by image, and of how many images the patient is not known.

    Raises:
        InputError: for a file that is missing or damaged.
    """
    found, unknown = {}, 0
    for name, path in images.items():
        patient = told.get(name) or _in_name(name, pattern) or header_value(path, "PatientID")
        unknown += not patient
        found[name] = f"p{opaque(salt, 'patient', patient) if patient else opaque(salt, 'image', name)}"
    if unknown:
        logger.warning(
            "The patient of %d of %d images is not known: each is taken as a patient of its own, so that images of one "
            "patient may be trained with and validated on. Give `patient_pattern`, or the patient with each image.",
            unknown,
            len(images),
        )
    return found, unknown


def _in_name(name: str, pattern: re.Pattern[str] | None) -> str | None:
    match = pattern.search(name) if pattern else None
    if match is None:
        return None
    return match.group(1) if match.re.groups else match.group()


def header_value(path: str | os.PathLike[str], keyword: str) -> str:
    """A value of a DICOM file's header as text; empty where it has none, and for all other files.

    Raises:
        InputError: for a file that is missing or damaged.
    """
    if kind_of(path) != "dicom":
        return ""
    try:
        header = dcmread(path, force=True, stop_before_pixels=True, specific_tags=[keyword])
    except Exception as error:
        raise InputError(
            f"{path}: the DICOM header is damaged ({type(error).__name__}). Export the file again from its source."
        ) from None
    return str(header.get(keyword) or "").strip()
