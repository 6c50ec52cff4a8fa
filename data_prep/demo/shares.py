"""How many images each diagnosis gets, and how many labels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monai_ssl.data.budget import sample_budget

__all__ = ["apportion", "draw_labeled"]


def apportion(total: int, weights: Sequence[float], least: int) -> list[int]:
    """Whole numbers in proportion to the weights, by largest remainders, but none below ``least``.

    Args:
        total: their sum; where that is too little, the sum is ``least * len(weights)``.
        weights: one a number, above 0.
        least: the smallest number.
    """
    exact = total * np.asarray(weights, dtype=float) / np.sum(weights)
    shares = np.maximum(np.floor(exact).astype(int), least)
    while shares.sum() < total:
        shares[np.argmax(exact - shares)] += 1
    while shares.sum() > total and shares.max() > least:  # what is raised to the least number is taken from the others
        shares[np.argmax(np.where(shares > least, shares / exact, 0))] -= 1
    return shares.tolist()


def draw_labeled(labels: Sequence[int], owners: Sequence[str], budget: float | int, seed: int) -> list[int]:
    """Draw the images that keep their labels, from each diagnosis in proportion, and at least one.

    A draw without regard to the diagnosis would have to be much larger to meet the rarest ones. With the same seed, a
    larger budget contains every smaller one.

    Args:
        labels: the diagnosis of each training image.
        owners: the lesion of each.
        budget: a float in (0, 1] is a fraction of the images, an int a count of them.
        seed: of the draw.

    Returns:
        The indices of the chosen images, sorted.

    Raises:
        InputError: when the budget is not in range.
    """
    # Of a single class, a budget is never enlarged: this is the plain number.
    count = len(sample_budget([0] * len(labels), owners, budget, seed))
    members = [[index for index, other in enumerate(labels) if other == label] for label in sorted(set(labels))]
    drawn: list[int] = []
    for own, share in zip(members, _nested_shares(count, [len(own) for own in members]), strict=True):
        chosen = sample_budget([labels[index] for index in own], [owners[index] for index in own], int(share), seed)
        drawn += [own[index] for index in chosen]
    return sorted(drawn)


def _nested_shares(total: int, sizes: Sequence[int]) -> NDArray[np.intp]:
    """Whole numbers in proportion to the sizes, at least one of each, none of which falls when the total rises.

    The k-th of n members stands at ``(k - 1/2) / n`` of its group, the first of each before all others; the ``total``
    foremost are taken. This is the divisor method of Sainte-Laguë (M. L. Balinski and H. P. Young, "Fair
    representation", 1982). Largest remainders, as in ``apportion``, may take back what a smaller total has given.
    """
    group = np.repeat(np.arange(len(sizes)), sizes)
    rank = np.concatenate([np.arange(size) for size in sizes])
    place = np.where(rank == 0, 0, (rank + 0.5) / np.repeat(sizes, sizes))
    foremost = np.argsort(place, kind="stable")[: max(total, len(sizes))]
    return np.bincount(group[foremost], minlength=len(sizes))
