"""How many lesions each diagnosis gets, and how many labels."""

from collections.abc import Sequence

import numpy as np

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

    A draw without regard to the diagnosis would have to be much larger to meet the rarest ones.

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
    for own, share in zip(members, apportion(count, [len(own) for own in members], 1), strict=True):
        chosen = sample_budget([labels[index] for index in own], [owners[index] for index in own], share, seed)
        drawn += [own[index] for index in chosen]
    return sorted(drawn)
