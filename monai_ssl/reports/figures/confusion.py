"""The confusion matrix of a multi-class evaluation."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike

from monai_ssl.errors import InputError
from monai_ssl.metrics import accuracy, check_arrays, most_probable
from monai_ssl.reports.figures.canvas import COLORS, GREY, new_figure

__all__ = ["confusion_figure"]

# In inches.
_CELL = 0.62
_LABELS = 2.2
_BAR = 0.2
# In letters.
_NAME_WIDTH = 20
# From here on white is easier to read on the cell's color than black.
_DARK = 0.85


def confusion_figure(probabilities: ArrayLike, labels: ArrayLike, class_names: Sequence[str], title: str) -> Figure:
    """Draw how many images of each true class (rows) have each class as their most probable (columns).

    A cell has the number of images and, as its color and below it, the fraction of its row: on the diagonal that is
    the sensitivity of the most probable class. Images with a missing label do not count.

    Args:
        probabilities: (N, C), each from 0 to 1.
        labels: (N, C) in {0, 1}, a single 1 an image; -1 or NaN throughout is a missing label.
        class_names: C names.
        title: says which data these are.

    Raises:
        InputError: when the parts do not fit together, no image has a label, or one is of several classes.
    """
    p, y = check_arrays(probabilities, labels)
    classes = y.shape[1]
    if classes != len(class_names):
        raise InputError(f"{len(class_names)} class names for {classes} columns. Give one name a class.")
    right = accuracy(p, y)
    if np.isnan(right):
        raise InputError("no image has a label. A confusion matrix needs at least one.")
    known = ~np.isnan(y[:, 0])
    counts = (y[known].T @ most_probable(p)[known]).astype(np.int64)
    images = counts.sum(axis=1, keepdims=True)
    fractions = np.divide(counts, images, out=np.full(counts.shape, np.nan), where=images > 0)

    side = _CELL * max(classes, 2)
    figure = new_figure(max(side + _LABELS + 0.9, 5), side + _LABELS)
    summary = f"accuracy {right:.3f}: {np.trace(counts)} of {counts.sum()} labeled images right"
    figure.suptitle(f"{title}\n{summary}", fontsize=10)
    figure.set_layout_engine("compressed")  # the cells are square, so space beside them would stay empty
    panel = figure.subplots()
    colors = LinearSegmentedColormap.from_list("fractions", ["white", COLORS[0]])
    drawn = panel.imshow(fractions, cmap=colors, vmin=0, vmax=1)
    _number_cells(panel, counts, fractions)
    names = [textwrap.fill(name, _NAME_WIDTH) for name in class_names]
    ticks = np.arange(classes)
    panel.set_xticks(ticks, names, rotation=45, ha="right", rotation_mode="anchor", fontsize=8, parse_math=False)
    rows = [f"{name}\nn = {n}" for name, n in zip(names, images[:, 0], strict=True)]
    panel.set_yticks(ticks, rows, fontsize=8, parse_math=False)
    panel.set_xlabel("Most probable class", fontsize=9)
    panel.set_ylabel("True class", fontsize=9)
    # Lines between the cells, which lie at whole numbers.
    panel.set_xticks(ticks[1:] - 0.5, minor=True)
    panel.set_yticks(ticks[1:] - 0.5, minor=True)
    panel.grid(which="minor", color="#e6e6e6", linewidth=0.8)
    panel.tick_params(which="both", length=0)
    bar = figure.colorbar(
        drawn,
        ax=panel,
        fraction=_BAR / side,
        pad=_BAR / side,
        aspect=side / _BAR,
        format=PercentFormatter(1, decimals=0),
    )
    bar.set_label("Fraction of the true class", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    return figure


def _number_cells(panel: Axes, counts: np.ndarray, fractions: np.ndarray) -> None:
    """Write the count and the fraction into each cell; zeros in grey, rows without images as dashes."""
    for row, column in np.ndindex(counts.shape):
        count, fraction = counts[row, column], fractions[row, column]
        if np.isnan(fraction):
            text, color = "–", GREY
        elif count == 0:
            text, color = "0", GREY
        else:
            text = f"{count}\n" + ("<1%" if fraction < 0.005 else f"{fraction:.0%}")
            color = "white" if fraction > _DARK else "black"
        panel.text(column, row, text, ha="center", va="center", fontsize=7.5, color=color)
