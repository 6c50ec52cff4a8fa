"""Whose image it is, told by pseudonyms only."""

import logging
from collections.abc import Sequence

import numpy as np

__all__ = ["choose_patients", "pseudonyms", "warn_of_paths"]

_logger = logging.getLogger("monai_ssl")
_SHORTEST = 4  # characters: a shorter identifier occurs in paths by chance
_STREAM = 3  # apart from the draws of splits and budget


def choose_patients(in_table: Sequence[str | None], in_header: Sequence[str | None]) -> list[str | None]:
    """The real identifier of each image's patient: that of the table, else of the DICOM header, else None.

    Those that stay None are counted in a warning, as each of them will be taken for a patient of its own.
    """
    chosen = [table or header or None for table, header in zip(in_table, in_header, strict=True)]
    unknown = sum(patient is None for patient in chosen)
    if unknown:
        _logger.warning(
            "The patient of %d of %d images is not known: each is taken as a patient of its own, so that images of one "
            "patient may come into several splits. Give --patient_column if the table has one.",
            unknown,
            len(chosen),
        )
    return chosen


def pseudonyms(images: Sequence[str], patients: Sequence[str | None], seed: int) -> list[str]:
    """``p00001``... for each image's patient; an image without one is a patient of its own.

    The numbers are given in a random order, so that they do not tell the order of the real identifiers.
    """
    # The mark keeps an image's path apart from any identifier.
    keys = [
        f"patient {patient}" if patient else f"image {image}" for image, patient in zip(images, patients, strict=True)
    ]
    unique = sorted(set(keys))
    width = max(5, len(str(len(unique))))
    order = np.random.default_rng([seed, _STREAM]).permutation(len(unique)).tolist()
    number = {key: f"p{place + 1:0{width}d}" for key, place in zip(unique, order, strict=True)}
    return [number[key] for key in keys]


def warn_of_paths(images: Sequence[str], patients: Sequence[str | None]) -> None:
    """Warn when the paths of images, which the data list will name, contain their patients' real identifiers."""
    count = sum(
        patient is not None and len(patient) >= _SHORTEST and patient in image
        for image, patient in zip(images, patients, strict=True)
    )
    if count:
        _logger.warning(
            "The paths of %d images contain the identifier of their patient, and the data list names these paths. "
            "With --copy the images are copied under names that tell nothing.",
            count,
        )
