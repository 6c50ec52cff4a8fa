"""Dice of every image by its true class: are the masks as good in all of them?"""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats

from monai_ssl.reports.figures.canvas import GREY
from monai_ssl.reports.figures.panels import class_color, region_panels

__all__ = ["dice_by_class_figure"]

_SPREAD = 0.24  # of the points about the middle of their column
_NAME_WIDTH = 16  # letters


def dice_by_class_figure(
    dice: NDArray[np.float64],
    classes: NDArray[np.integer],
    class_names: Sequence[str],
    region_names: Sequence[str],
    title: str,
) -> Figure:
    """Draw a point for each image whose class is known, and a box of the quartiles of each class.

    Below each panel stands a one-way analysis of variance between the classes with two images or more. It takes all
    images for independent, which those of one patient are not.

    Args:
        dice: (N, R), NaN where an image has no such region.
        classes: class indices (N,), -1 where not known.
        class_names: C names.
        region_names: R names.
        title: says which data these are.
    """
    width = max(3.0, 0.95 * len(class_names) + 0.8)
    figure, panels = region_panels(region_names, width=width, height=3.4, title=title)
    for panel, column in zip(panels, dice.T, strict=True):
        known = ~np.isnan(column)
        groups = [column[known & (classes == index)] for index in range(len(class_names))]
        for index, values in enumerate(groups):
            _draw(panel, index, values)
        names = [
            f"{textwrap.fill(name, _NAME_WIDTH)}\nn = {len(values)}"
            for name, values in zip(class_names, groups, strict=True)
        ]
        panel.set_xticks(range(len(class_names)), names, fontsize=7, parse_math=False)
        panel.set_xlim(-0.6, len(class_names) - 0.4)
        panel.set_ylim(top=1.01)
        panel.set_ylabel("Dice", fontsize=9)
        panel.set_xlabel(_anova(groups), fontsize=8)
        panel.grid(axis="y", color="#e6e6e6", linewidth=0.6)
    return figure


def _draw(panel: Axes, index: int, values: NDArray[np.float64]) -> None:
    if not len(values):
        return
    panel.boxplot(
        values, positions=[index], widths=0.66, showfliers=False, manage_ticks=False, zorder=2,
        boxprops={"color": "black", "linewidth": 0.9}, whiskerprops={"color": GREY}, capprops={"color": GREY},
        medianprops={"color": "black", "linewidth": 1.6},
    )  # fmt: skip
    # Spread by the images' order, which says nothing about their scores: no random numbers are needed.
    places = index + _SPREAD * np.linspace(-1, 1, len(values)) if len(values) > 1 else np.array([index])
    panel.plot(places, values, "o", color=class_color(index), alpha=0.6, markersize=3, markeredgewidth=0, zorder=1)


def _anova(groups: Sequence[NDArray[np.float64]]) -> str:
    """Compare the classes that have two images or more, where there is any spread within them."""
    groups = [values for values in groups if len(values) > 1]
    if len(groups) < 2 or not any(np.ptp(values) > 0 for values in groups):
        return "no analysis of variance: too few images"
    p = float(stats.f_oneway(*groups).pvalue)
    return f"one-way ANOVA, {len(groups)} classes: " + ("p < 0.001" if p < 0.001 else f"p = {p:.3f}")
