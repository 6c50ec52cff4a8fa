"""Choosing some of many, evenly spread."""

import numpy as np

__all__ = ["spread_evenly"]


def spread_evenly(count: int, chosen: int) -> list[int]:
    """So many of the indices below ``count``, evenly spread from the first to the last, ascending.

    Args:
        count: of what there is to choose from.
        chosen: how many; fewer where there are fewer.
    """
    return np.linspace(0, count - 1, min(chosen, count)).round().astype(int).tolist()
