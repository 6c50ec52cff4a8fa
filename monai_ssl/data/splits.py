"""Splitting images by patient."""

import math
from collections.abc import Sequence

import numpy as np

from monai_ssl.errors import InputError

__all__ = ["SPLITS", "split_patients"]

SPLITS = ("training", "validation", "test")
_STREAM = 1  # makes the draw independent of others with the same seed, whose permutations could undo each other


def split_patients(patients: Sequence[str], fractions: Sequence[float] = (0.7, 0.1, 0.2), seed: int = 0) -> list[str]:
    """Put every patient, with all of their images, into one split.

    The patients (not the images) are shuffled and cut: of P patients ``round(fraction * P)``, but at least one, go to
    the validation and to the test split, and the rest to the training split. The result depends on the set of
    patients and the seed only, not on the order of the images.

    Args:
        patients: the patient of each image.
        fractions: of patients in the training, the validation and the test split; they sum to 1. The last may be 0.
        seed: of the shuffle.

    Returns:
        ``"training"``, ``"validation"`` or ``"test"`` for each image.

    Raises:
        InputError: when the fractions do not sum to 1, or there are too few patients for them.
    """
    if (
        len(fractions) != 3
        or min(fractions) < 0
        or min(fractions[:2]) == 0
        or not math.isclose(sum(fractions), 1, abs_tol=1e-6)
    ):
        raise InputError(
            f"The split fractions {tuple(fractions)} cannot be used. Give those of training (above 0), validation "
            f"(above 0) and test, with a sum of 1, such as 0.7, 0.1, 0.2."
        )
    # Sorting first makes the split independent of the order in which a file system or a table lists the images.
    unique = sorted(set(patients))
    counts = [max(1, round(fraction * len(unique))) if fraction else 0 for fraction in fractions[1:]]
    first = len(unique) - sum(counts)
    if first < 1:
        raise InputError(
            f"{len(unique)} patients are too few for the split fractions {tuple(fractions)}. "
            f"Give more patients, or fractions that leave some for training."
        )
    names = np.repeat(SPLITS, [first, *counts]).tolist()
    order = np.random.default_rng([seed, _STREAM]).permutation(len(unique)).tolist()
    split_of = {unique[index]: name for index, name in zip(order, names, strict=True)}
    return [split_of[patient] for patient in patients]
