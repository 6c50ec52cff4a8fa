"""A panel a region, for figures in which images are points, colored by class."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from monai_ssl.reports.figures.canvas import COLORS, GREY, new_figure

__all__ = ["class_color", "class_legend", "region_panels"]

_MOST_COLUMNS = 3
_WIDEST = 15  # inches


def region_panels(names: Sequence[str], width: float, height: float, title: str) -> tuple[Figure, list[Axes]]:
    """Make a figure with a panel a region, each of so many inches: up to three in a row, fewer of wide ones."""
    columns = max(1, min(_MOST_COLUMNS, len(names), int(_WIDEST // width)))
    rows = math.ceil(len(names) / columns)
    figure = new_figure(max(columns * width, 4.8), rows * height + 0.7)
    figure.suptitle(title, fontsize=10, parse_math=False)
    panels = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for panel in panels[len(names) :]:
        panel.set_axis_off()
    for panel, name in zip(panels, names, strict=False):
        panel.set_title(name, fontsize=9, parse_math=False)
        panel.tick_params(labelsize=7)
        panel.spines[["top", "right"]].set_visible(False)
        panel.set_axisbelow(True)
    return figure, panels[: len(names)]


def class_color(index: int) -> str:
    """The color of a class; -1, not known, is grey."""
    return GREY if index < 0 else COLORS[index % len(COLORS)]


def class_legend(figure: Figure, classes: NDArray[np.integer], class_names: Sequence[str]) -> None:
    """Say below the figure which color is which class, of those that images have; nothing where none is known."""
    if (classes < 0).all():
        return
    names = ["class not known", *class_names]
    handles = [
        Line2D([], [], color=class_color(index), marker="o", markersize=4, linestyle="none", label=names[index + 1])
        for index in sorted(set(classes.tolist()), key=lambda index: (index < 0, index))
    ]
    legend = figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=7, frameon=False)
    for text in legend.get_texts():
        text.set_parse_math(False)
