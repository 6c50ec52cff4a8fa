"""Dice and Hausdorff distance of every image, by region."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from monai_ssl.reports.figures.canvas import COLORS, GREY, new_figure

__all__ = ["region_figure"]

_SPREAD = 0.28  # of the points about the middle of their column
_NAME_WIDTH = 18  # letters
_LOG_RATIO = 20
_MOST_BESIDE = 6  # regions, for which the two panels are beside each other


def region_figure(
    dice: NDArray[np.float64],
    hd95: NDArray[np.float64],
    missed: NDArray[np.bool_],
    classes: Mapping[str, Mapping[str, Any]],
    length_unit: str,
    title: str,
) -> Figure:
    """Draw a point for each image that has a region, a box of the quartiles, and the mean with its interval.

    Args:
        dice: (N, R), NaN where an image has no such region.
        hd95: the same.
        missed: (N, R), whether a region of an image is missed: its point is a cross.
        classes: of each of the R regions what the report has: ``images``, ``missed``, ``false_positives``, and
            ``value``, ``low`` and ``high`` of ``dice`` and ``hd95``.
        length_unit: of ``hd95``.
        title: says which data these are.

    Returns:
        the figure: Dice, and beside or below it the distance, on a logarithmic scale (with 0 at its lower end) where
        the distances are of different orders of magnitude.
    """
    width = max(3.4, 1.05 * len(classes) + 0.9)
    beside = len(classes) <= _MOST_BESIDE
    figure = new_figure(*(2 * width, 4.2) if beside else (width, 7.6))
    figure.suptitle(title, fontsize=10, parse_math=False)
    left, right = figure.subplots(*(1, 2) if beside else (2, 1))
    _draw(left, dice, missed, [entry["dice"] for entry in classes.values()])
    left.set(ylim=(-0.03, 1.03), ylabel="Dice")
    _draw(right, hd95, missed, [entry["hd95"] for entry in classes.values()])
    right.set_ylabel(f"95th percentile Hausdorff distance ({length_unit})")
    known = hd95[hd95 > 0]
    if len(known) and known.max() > _LOG_RATIO * np.median(known):
        right.set_yscale("symlog", linthresh=known.min())
        right.yaxis.set_major_formatter("{x:g}")
        right.set_ylim(0, 1.3 * known.max())
    else:
        right.set_ylim(0, 1.05 * known.max() if len(known) else 1)
    for panel in (left, right):
        panel.set_xticks(range(len(classes)), _names(classes), fontsize=7, parse_math=False)
        panel.yaxis.label.set_fontsize(9)
    figure.legend(handles=_legend(bool(missed.any())), loc="outside lower center", ncols=4, fontsize=7, frameon=False)
    return figure


def _draw(panel: Axes, scores: NDArray[np.float64], missed: NDArray[np.bool_], means: Sequence[Any]) -> None:
    for column, mean in enumerate(means):
        known = ~np.isnan(scores[:, column])
        values, crosses = scores[known, column], missed[known, column]
        # Spread by the images' order, which says nothing about their scores: no random numbers are needed.
        places = column + _SPREAD * np.linspace(-1, 1, len(values)) if len(values) > 1 else np.full(len(values), column)
        panel.plot(places[~crosses], values[~crosses], "o", color=GREY, alpha=0.6, markersize=3, zorder=2)
        if crosses.any():  # an empty line that may leave the panel confuses the layout
            panel.plot(places[crosses], values[crosses], "x", color=COLORS[1], markersize=5, zorder=3, clip_on=False)
        if not len(values):
            panel.text(
                column, 0.5, "undefined", rotation=90, va="center", ha="center", fontsize=8, color=GREY,
                transform=panel.get_xaxis_transform(),
            )  # fmt: skip
            continue
        panel.boxplot(
            values, positions=[column], widths=0.72, showfliers=False, showcaps=False, whis=0, manage_ticks=False,
            zorder=1, boxprops={"color": GREY}, medianprops={"color": "black"},
        )  # fmt: skip
        below, above = max(0.0, mean["value"] - mean["low"]), max(0.0, mean["high"] - mean["value"])
        panel.errorbar(
            column, mean["value"], [[below], [above]], fmt="D", color=COLORS[0], markersize=5, linewidth=2,
            capsize=4, zorder=4,
        )  # fmt: skip
    panel.set_xlim(-0.6, len(means) - 0.4)
    panel.grid(axis="y", color="#e6e6e6", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.tick_params(labelsize=8)
    panel.spines[["top", "right"]].set_visible(False)


def _names(classes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [
        f"{textwrap.fill(name, _NAME_WIDTH)}\nn = {entry['images']}, {entry['missed']} missed\n"
        f"{entry['false_positives']} false positive"
        for name, entry in classes.items()
    ]


def _legend(any_missed: bool) -> list[Line2D]:
    handles = [
        Line2D([], [], color=COLORS[0], marker="D", linewidth=2, label="mean and its 95 % interval"),
        Line2D([], [], color="black", label="median, in a box from quartile to quartile"),
        Line2D([], [], color=GREY, marker="o", markersize=3, linestyle="none", label="image"),
    ]
    if any_missed:
        handles.append(Line2D([], [], color=COLORS[1], marker="x", linestyle="none", label="missed region"))
    return handles
