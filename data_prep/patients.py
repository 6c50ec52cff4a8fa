"""Whose image it is, told by pseudonyms only."""

import hashlib
import json
import logging
from collections.abc import Sequence

import numpy as np

from monai_ssl.errors import InputError

__all__ = ["choose_patients", "pseudonyms", "secret", "shuffled_numbers", "warn_of_paths"]

_logger = logging.getLogger("monai_ssl")
_SHORTEST = 4  # characters: a shorter identifier occurs in paths by chance
_STREAM = 3  # apart from the draws of splits and budget


def choose_patients(
    images: Sequence[str], in_table: Sequence[str | None], in_header: Sequence[str | None], table: str
) -> list[str]:
    """A key for each image's patient: equal for the images of one patient, and real, so that it must reach no output.

    The patient is that of the table, where the image has one there. Else it is that of the DICOM header: images that
    have both tell which patient of the table a header means, and a header that none of them tells of is a patient of
    its own, whose key differs from all of the table's. Images with neither are counted in a warning, as each of them
    is taken for a patient of its own.

    Args:
        images: their paths.
        in_table: the identifiers in the table; None or empty for an image without one.
        in_header: the identifiers in the DICOM headers, likewise.
        table: the table's path, for messages.

    Raises:
        InputError: when an image without an identifier in the table has one in its header that the table gives to
            several patients.
    """
    linked: dict[str, set[str]] = {}
    for row, header in zip(in_table, in_header, strict=True):
        if row and header:
            linked.setdefault(header, set()).add(row)
    lone = {header for row, header in zip(in_table, in_header, strict=True) if header and not row}
    several = {header for header, rows in linked.items() if len(rows) > 1}
    if several & lone:
        raise InputError(
            f"{table}: {len(several & lone)} of the PatientIDs in DICOM headers belong to several patients of this "
            "table, and images without a patient in the table have them too. Mend the patient column, give these "
            "images rows with a patient, or leave --unlabeled_rest away."
        )
    if several:
        _logger.warning(
            "%s gives images of one DICOM PatientID to several patients (%d PatientIDs): the table is believed.",
            table,
            len(several),
        )

    keys, unknown = [], 0
    for image, row, header in zip(images, in_table, in_header, strict=True):
        if patient := row or next(iter(linked.get(header or "", ())), None):
            keys.append(f"table {patient}")
        elif header:
            keys.append(f"header {header}")
        else:
            keys.append(f"image {image}")
            unknown += 1
    if unknown:
        _logger.warning(
            "The patient of %d of %d images is not known: each is taken as a patient of its own, so that images of one "
            "patient may come into several splits. Give --patient_column if the table has one.",
            unknown,
            len(keys),
        )
    return keys


def pseudonyms(patients: Sequence[str], seed: int) -> list[str]:
    """``p00001``... for the patient of each image, from the keys of :py:func:`choose_patients`.

    The numbers are given in a random order that only who has all keys can draw again: the seed is published with the
    data list, and would by itself give the order of the real identifiers away.
    """
    return shuffled_numbers(patients, seed, secret(patients))


def shuffled_numbers(patients: Sequence[str], *seeds: int) -> list[str]:
    """Number the distinct keys in a random order, and give the number of each image's patient as ``p00001``..."""
    unique = sorted(set(patients))
    width = max(5, len(str(len(unique))))
    order = np.random.default_rng([seeds[0], _STREAM, *seeds[1:]]).permutation(len(unique)).tolist()
    number = {key: f"p{place + 1:0{width}d}" for key, place in zip(unique, order, strict=True)}
    return [number[key] for key in patients]


def secret(*texts: Sequence[str]) -> int:
    """The SHA-256 over all sorted texts, as a seed: the same for the same texts, not to be had without them."""
    text = json.dumps([sorted(set(some)) for some in texts])
    return int.from_bytes(hashlib.sha256(text.encode()).digest())


def warn_of_paths(images: Sequence[str], *patients: Sequence[str | None]) -> None:
    """Warn when the paths of images, which the data list will name, contain their patients' real identifiers.

    Args:
        images: their paths.
        patients: for each source of identifiers those of all images; None for an unknown one.
    """
    count = sum(
        any(name is not None and len(name) >= _SHORTEST and name in image for name in of_image)
        for image, *of_image in zip(images, *patients, strict=True)
    )
    if count:
        _logger.warning(
            "The paths of %d images contain the identifier of their patient, and the data list names these paths. "
            "With --copy the images are copied under names that tell nothing.",
            count,
        )
