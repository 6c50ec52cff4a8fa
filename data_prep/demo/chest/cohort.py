"""Who has which diagnosis, who is in which split, and what is known of whom."""

from collections.abc import Sequence

import numpy as np

from data_prep.datasets.chest_layout import DIAGNOSES
from data_prep.demo.lists import FRACTIONS
from data_prep.demo.shares import apportion
from monai_ssl.data.splits import split_patients
from monai_ssl.errors import InputError

__all__ = ["draw_diagnoses", "draw_missing", "split_by_diagnosis"]

_FREQUENCIES = {"normal": 0.45, "tuberculosis": 0.30, "nodule": 0.25}
_LEAST_OF_EACH = 5  # three for training, one each for validation and test
_LEAST = 20
_STREAMS = {"diagnoses": 3, "missing": 4}  # not 1 or 2, as split and budget
# Who has no mask or no class, of twelve for training and of ten for validation or test.
_OF_TWELVE = {2: "mask", 5: "class", 8: "mask"}
_OF_TEN = {4: "mask"}


def draw_diagnoses(count: int, seed: int) -> list[int]:
    """The diagnosis of each patient: counts as they are frequent, in a random order.

    Raises:
        InputError: when there are too few patients for three diagnoses in three splits.
    """
    if count < _LEAST:
        raise InputError(
            f"{count} radiographs are too few for {len(DIAGNOSES)} diagnoses in three splits. Give {_LEAST} or more."
        )
    counts = apportion(count, [_FREQUENCIES[name] for name in DIAGNOSES], _LEAST_OF_EACH)
    ordered = np.repeat(np.arange(len(DIAGNOSES)), counts)
    return np.random.default_rng([seed, _STREAMS["diagnoses"]]).permutation(ordered).tolist()


def split_by_diagnosis(diagnoses: Sequence[int], patients: Sequence[str], seed: int) -> list[str]:
    """The split of each patient, drawn for each diagnosis by itself, so that every split has them all."""
    split: dict[str, str] = {}
    for diagnosis in range(len(DIAGNOSES)):
        own = [patient for patient, other in zip(patients, diagnoses, strict=True) if other == diagnosis]
        split.update(zip(own, split_patients(own, FRACTIONS, seed), strict=True))
    return [split[patient] for patient in patients]


def draw_missing(groups: Sequence[tuple[int, str]], seed: int) -> list[str]:
    """What nobody has recorded of each patient: ``"mask"``, ``"class"`` or nothing (``""``).

    In each group of one diagnosis and split, the patients take turns in a random order: of twelve for training, two
    have no mask and another one has no class; of ten for validation or test, one has no mask.

    Args:
        groups: the diagnosis and the split of each patient.
        seed: of the order.
    """
    missing = [""] * len(groups)
    order = np.random.default_rng([seed, _STREAMS["missing"]]).permutation(len(groups)).tolist()
    seen: dict[tuple[int, str], int] = {}
    for index in order:
        turn = seen.get(groups[index], 0)
        seen[groups[index]] = turn + 1
        training = groups[index][1] == "training"
        missing[index] = _OF_TWELVE.get(turn % 12, "") if training else _OF_TEN.get(turn % 10, "")
    return missing
