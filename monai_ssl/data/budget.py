"""Choosing the images that get labels under a labeling budget."""

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monai_ssl.errors import InputError

__all__ = ["SAMPLINGS", "UNITS", "sample_budget"]

UNITS = ("image", "patient")
SAMPLINGS = ("random", "balanced")
_STREAM = 2  # see splits.py

_logger = logging.getLogger("monai_ssl")


def sample_budget(
    labels: Sequence[Sequence[int] | int],
    patients: Sequence[str],
    budget: float | int,
    seed: int = 0,
    unit: str = "image",
    *,
    negatives: bool = False,
    class_names: Sequence[str] | None = None,
    sampling: str = "random",
) -> list[int]:
    """Draw the images of one split whose labels may be used.

    The units (images, or patients with all of their images) are put in one seeded order ``o``: at random and not
    stratified (NoTeacher), or balanced, which takes a unit of each class in turn as long as it has any, so that every
    class has equal representation (S4MTL). A unit of several classes stands for the rarest of them, and those of none
    are a class too. A budget of n units takes the first ``max(n, m)`` of them, where m is the shortest beginning of
    ``o`` with a positive of every class that has one in the split. So, with the same seed, a larger budget contains
    every smaller one, and only budgets too small to show each class are enlarged. An image whose labels are all missing
    is never drawn and does not count.

    Args:
        labels: of each image: C values in {0, 1, -1 = missing} (multi-label), or a class index, -1 = missing
            (multi-class).
        patients: the patient of each image.
        budget: a float in (0, 1] is a fraction of the units, at least one; an int is a count of units.
        seed: of the random order.
        unit: ``"image"`` or ``"patient"``.
        negatives: whether a budget is also enlarged for a negative of every class, which an AUROC takes.
        class_names: for the warning that says for which class a budget was enlarged; else it gives the index.
        sampling: ``"random"`` or ``"balanced"``.

    Returns:
        The indices of the chosen images, sorted.

    Raises:
        InputError: when the budget is not in range or no image has a label.
    """
    if unit not in UNITS:
        raise ValueError(f"unit: {unit!r} is not one of {', '.join(UNITS)}.")
    if sampling not in SAMPLINGS:
        raise ValueError(f"sampling: {sampling!r} is not one of {', '.join(SAMPLINGS)}.")
    if len(labels) != len(patients):
        raise ValueError(f"{len(labels)} labels and {len(patients)} patients are given; give one of each an image.")
    table = np.asarray(labels)
    known = np.flatnonzero((table >= 0).any(axis=1) if table.ndim == 2 else table >= 0)
    if not len(known):
        raise InputError("No image has a label, so that no labeled images can be drawn. Give images with labels.")
    # (N, C): which classes each image shows. Of a class index, only those that occur matter.
    classes = np.arange(table.shape[1]) if table.ndim == 2 else np.unique(table[known])
    positive = table == 1 if table.ndim == 2 else table[:, None] == classes

    names = known.astype(str) if unit == "image" else np.asarray(patients, dtype=str)[known]
    unique, unit_of = np.unique(names, return_inverse=True)
    asked = _count(budget, len(unique), unit)
    rank = np.empty(len(unique), dtype=int)
    rank[np.random.default_rng([seed, _STREAM]).permutation(len(unique))] = np.arange(len(unique))
    if sampling == "balanced":
        rank = _balance(rank, unit_of, positive[known])
    rank_of = rank[unit_of]  # (known images,): the place of the image's unit in the random order
    shows = [(index, "positive", shown) for index, shown in zip(classes, positive[known].T, strict=True)]
    if negatives:
        negative = table == 0 if table.ndim == 2 else ~positive
        shows += [(index, "negative", shown) for index, shown in zip(classes, negative[known].T, strict=True)]
    needed = {int(rank_of[shown].min()) + 1: (index, sign) for index, sign, shown in shows if shown.any()}
    taken = max([asked, *needed])
    if taken > asked:
        index, sign = needed[taken]
        _logger.warning(
            "The labeling budget was enlarged from %d to %d of %d %ss, to have a %s of class %s.",
            asked,
            taken,
            len(unique),
            unit,
            sign,
            class_names[index] if class_names else index,
        )
    return known[rank_of < taken].tolist()


def _balance(rank: NDArray[np.intp], unit_of: NDArray[np.intp], positive: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The order of units that takes one of each class in turn; within a class the given order holds.

    Args:
        rank: (units,) the place of each unit in the given order.
        unit_of: (images,) the unit of each image.
        positive: (images, C) the classes that each image shows.
    """
    shows = np.zeros((len(rank), positive.shape[1]), dtype=bool)
    np.logical_or.at(shows, unit_of, positive)
    counts = shows.sum(axis=0)
    rarest = np.where(shows, counts, len(rank) + 1).argmin(axis=1)
    class_of = np.where(shows.any(axis=1), rarest, positive.shape[1])
    by_class = np.lexsort((rank, class_of))
    sizes = np.unique(class_of, return_counts=True)[1]
    turn = np.empty_like(rank)  # the place of each unit among those of its class
    turn[by_class] = np.concatenate([np.arange(size) for size in sizes])
    balanced = np.empty_like(rank)
    balanced[np.lexsort((rank, turn))] = np.arange(len(rank))
    return balanced


def _count(budget: float | int, units: int, unit: str) -> int:
    """The number of units that a budget asks for."""
    if isinstance(budget, float) and 0 < budget <= 1:
        return max(1, round(budget * units))
    if isinstance(budget, int) and not isinstance(budget, bool) and 0 < budget <= units:
        return budget
    raise InputError(
        f"A labeling budget of {budget} cannot be met with {units} {unit}s that have labels. "
        f"Give a fraction above 0 up to 1.0, or a whole number from 1 to {units}."
    )
