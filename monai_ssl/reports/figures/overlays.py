"""Images with the outlines of true and predicted regions."""

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray
from scipy import ndimage

from monai_ssl.errors import InputError
from monai_ssl.reports.figures.canvas import new_figure
from monai_ssl.reports.figures.overlay_rows import OverlayRow
from monai_ssl.reports.figures.picture import as_picture, show_picture

__all__ = ["check_overlay_count", "overlay_figure"]

# Bright enough for the dark of an image, the first six told apart with any kind of color vision (Okabe and Ito).
_COLORS = (
    *("#56B4E9", "#F0E442", "#D55E00", "#009E73", "#CC79A7", "#E69F00"),
    *("#A0CBE8", "#8CD17D", "#FF9DA7", "#B6992D", "#BAB0AC", "#9C755F"),
)
_WIDTHS = (2.6, 1.5)  # of the outline of the largest and the smallest region
_DASHES = (0, (2.5, 2.5))
_SHADOW = 0.7  # wider than the outline: keeps a bright one apart from a bright image
# In inches: a panel, and a line of text below it and in the legend.
_SIDE = 2.7
_LINE = 0.13
_LEGEND_LINE = 0.17
_MANY = 8  # separate parts of a region: of more, outlines are thinner
_MOST_ROWS = 80  # of a picture with less than 2^16 pixels a side


def check_overlay_count(count: int) -> None:
    """Check that so many rows fit into one figure, before they are made.

    Raises:
        InputError: for anything but a whole number from 0 to 80.
    """
    if not isinstance(count, int) or not 0 <= count <= _MOST_ROWS:
        raise InputError(f"pictures is {count!r}. Give a number of images from 0 (no picture) to {_MOST_ROWS}.")


def overlay_figure(rows: Sequence[OverlayRow], names: Sequence[str], title: str) -> Figure:
    """Draw a row for each image: the image, the outlines of the true regions and those of the predicted ones.

    Each region has its color; beyond twelve they repeat. Regions may overlap: the larger has the thicker outline and
    lies lower, and the innermost of those that overlap has a dashed one, so that each can be seen where several run
    along each other. The column of the truth is left out where no row has one.

    Args:
        rows: at most 80.
        names: of the R regions.
        title: says which data these are.

    Raises:
        InputError: for more rows.
        ValueError: for none, or rows with another number of regions.
    """
    check_overlay_count(len(rows))
    if not rows or any(len(row.prediction) != len(names) for row in rows):
        raise ValueError(f"`rows` must be at least one, each with {len(names)} regions.")
    heads = ["Image", "Truth", "Prediction"] if any(row.truth is not None for row in rows) else ["Image", "Prediction"]
    heights = [_relative_height(row) for row in rows]
    lines = sum(row.caption.count("\n") + 1 for row in rows)
    columns = min(len(names), 1 + len(heads))
    height = _SIDE * sum(heights) + _LINE * lines + 0.1 * len(rows) + 0.7 + _LEGEND_LINE * -(-len(names) // columns)
    figure = new_figure(max(4.6, (_SIDE + 0.1) * len(heads) + 0.4), height)
    figure.suptitle(title, fontsize=10, parse_math=False)
    grid = figure.subplots(len(rows), len(heads), squeeze=False, height_ratios=heights)
    for panel, head in zip(grid[0], heads, strict=True):
        panel.set_title(head, fontsize=9)
    for panels, row in zip(grid, rows, strict=True):
        masks = {"Image": None, "Truth": row.truth, "Prediction": row.prediction}
        for panel, head in zip(panels, heads, strict=True):
            show_picture(panel, as_picture(row.image), cmap="gray", aspect=row.aspect)
            mask = masks[head]
            if mask is not None:
                _outline(panel, mask)
            elif head == "Truth":
                panel.set_xlabel("not known", fontsize=7)
        panels[0].set_ylabel(textwrap.fill(row.label, 24), fontsize=8, parse_math=False)
        panels[0].set_xlabel(row.place, fontsize=7)
        panels[-1].set_xlabel(row.caption, fontsize=7, parse_math=False)
    handles = [Line2D([], [], color=_color(index), linewidth=2, label=name) for index, name in enumerate(names)]
    legend = figure.legend(handles=handles, loc="outside lower center", ncols=columns, fontsize=8)
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def _relative_height(row: OverlayRow) -> float:
    """The height of a panel by its width, within what looks well."""
    rows, columns = row.prediction.shape[1:]
    return float(np.clip(row.aspect * rows / columns, 0.4, 1.6))


def _color(index: int) -> str:
    return _COLORS[index % len(_COLORS)]


def _outline(panel: Axes, mask: NDArray[np.bool_]) -> None:
    """Draw the outlines of the regions, the largest first."""
    rows, columns = mask.shape[1:]
    sizes = np.count_nonzero(mask, axis=(1, 2))
    order = [int(index) for index in np.argsort(-sizes, kind="stable") if sizes[index]]
    widths = np.linspace(*_WIDTHS, len(order)).tolist()
    for place, (index, width) in enumerate(zip(order, widths, strict=True)):
        # The outlines of many specks would cover the image.
        width *= min(1.0, math.sqrt(_MANY / ndimage.label(mask[index])[1]))
        below, above = (
            any(np.any(mask[index] & mask[other]) for other in others) for others in (order[:place], order[place + 1 :])
        )
        # A margin closes the outline of a region at the edge of the image.
        outline = panel.contour(
            np.arange(-1, columns + 1),
            np.arange(-1, rows + 1),
            np.pad(mask[index], 1),
            levels=[0.5],
            colors=_color(index),
            linestyles=[_DASHES if below and not above else "solid"],
            linewidths=width,
        )
        outline.set_path_effects(
            [Stroke(linewidth=width + min(_SHADOW, width), foreground="black", alpha=0.6), Normal()]
        )
    panel.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))
