"""The picture of a data list: samples of its classes and how many there are."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from data_prep.check_counts import LABELED_LISTS, row_names
from data_prep.samples import COLUMNS
from data_prep.thumbnails import SIDE, Thumbnail
from monai_ssl.data.datalist_entries import LISTS
from monai_ssl.reports.figures import COLORS, GREY, new_figure

__all__ = ["datalist_figure"]

_GAP = 8  # pixels between thumbnails
_CELL = SIDE + _GAP
_INCH = 1.15  # of a cell's width
_MARGIN = 1.9  # inches for names, at the left
_BAR = 0.14  # inches
_LOG_RATIO = 100
# Orange first: it is seen on grey and on skin alike.
_OUTLINES = (COLORS[4], COLORS[5], COLORS[2], COLORS[3], COLORS[1], COLORS[0])
_LIST_COLORS = {"labeled": COLORS[0], "unlabeled": "#b8b8b8", "validation": COLORS[4], "test": COLORS[2]}


def datalist_figure(
    content: Mapping[str, Any],
    samples: Mapping[str, Sequence[Thumbnail]],
    counts: Mapping[str, Sequence[int]],
) -> Figure:
    """Draw samples of the classes in rows, and below them the numbers of images by class and list.

    Args:
        content: the data list's keys and values.
        samples: for the name of each row its thumbnails, at most :data:`~data_prep.samples.COLUMNS`.
        counts: for each list with labels, the images that show each of :func:`~data_prep.check_counts.row_names`.
    """
    bars = {"all images": {key: len(content[key]) for key in LISTS if content[key]}}
    lists = [key for key in LABELED_LISTS if content[key]]
    for index, name in enumerate(row_names(content)):
        bars[name] = {key: counts[key][index] for key in lists}
    outlined = list(content.get("masks", {}))
    top = 0.6 + 0.22 * -(-len(outlined) // 4)
    # Where all images are wide, as photographs are, there is no need for square cells.
    side = max((item.height for row in samples.values() for item in row), default=SIDE) + _GAP
    tall = _INCH * side / _CELL * len(samples)
    low = _BAR * sum(len(group) + 1 for group in bars.values())
    width, height = _MARGIN + _INCH * COLUMNS + 0.3, top + tall + 0.55 + low + 0.55
    figure = new_figure(width, height)
    figure.set_layout_engine("none")

    def panel(inches_from_top: float, inches: float) -> Axes:
        place = (_MARGIN / width, 1 - (inches_from_top + inches) / height, _INCH * COLUMNS / width, inches / height)
        return figure.add_axes(place)

    figure.text(
        0.5,
        1 - 0.12 / height,
        f"{content.get('name', 'dataset')}\n{content['task']}, {content['modality']}, "
        f"{content['spatial_dims']}D, channels: {content['channels']}",
        ha="center",
        va="top",
        fontsize=10,
        parse_math=False,
    )
    _draw_samples(panel(top, tall), samples, outlined, side)
    _draw_bars(panel(top + tall + 0.55, low), bars)
    return figure


def _draw_samples(panel: Axes, samples: Mapping[str, Sequence[Thumbnail]], outlined: Sequence[str], side: int) -> None:
    """Draw thumbnails in cells of ``side`` rows of pixels each."""
    mosaic = np.full((side * len(samples), _CELL * COLUMNS, 3), 255, dtype=np.uint8)
    inner = side - _GAP
    cut = slice((SIDE - inner) // 2, (SIDE - inner) // 2 + inner)
    for row, thumbnails in enumerate(samples.values()):
        for column, thumbnail in enumerate(thumbnails):
            y, x = row * side, column * _CELL
            mosaic[y : y + inner, x : x + SIDE] = thumbnail.pixels[cut]
            for index, region in enumerate(thumbnail.regions[:, cut]):
                if region.max() > 127 and region.min() < 128:
                    # A rim of zeros closes the outlines of what touches the border of the image.
                    rim = np.pad(region.astype(np.float32), 1)
                    columns, rows = x + np.arange(-1, SIDE + 1), y + np.arange(-1, inner + 1)
                    panel.contour(
                        columns, rows, rim, levels=[127.5], colors=_OUTLINES[index % len(_OUTLINES)], linewidths=1
                    )
        if not thumbnails:
            note = "none in the labeled and validation lists"
            panel.text(0, row * side + inner / 2, note, va="center", fontsize=8, color=GREY)
    panel.imshow(mosaic, aspect="auto", extent=(-0.5, mosaic.shape[1] - 0.5, mosaic.shape[0] - 0.5, -0.5))
    names = [textwrap.shorten(name, 50, placeholder="...") for name in samples]
    panel.set_yticks(
        [row * side + inner / 2 for row in range(len(samples))],
        ["\n".join(textwrap.wrap(name, 22)) for name in names],
        fontsize=8,
        parse_math=False,
    )
    panel.set_xticks(())
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    if outlined:
        panel.legend(
            [Line2D([], [], color=_OUTLINES[index % len(_OUTLINES)]) for index in range(len(outlined))],
            outlined,
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=4,
            fontsize=8,
            frameon=False,
            borderaxespad=0.1,
        )


def _draw_bars(panel: Axes, bars: Mapping[str, Mapping[str, int]]) -> None:
    largest = max(count for group in bars.values() for count in group.values())
    least = min((count for group in bars.values() for count in group.values() if count), default=1)
    log = largest > _LOG_RATIO * least
    if log:
        panel.set_xscale("log")
    else:
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.set_xlim(0.7 if log else 0, largest * (2 if log else 1.1))
    y, ticks = 0.5, []
    labeled: dict[str, Any] = {}
    for group in bars.values():
        ticks.append(y + (len(group) - 1) / 2)
        for key, count in group.items():
            labeled[key] = panel.barh(y, count, height=0.85, color=_LIST_COLORS[key])
            start = max(count, panel.get_xlim()[0])
            panel.annotate(f"{count:,}", (start, y), (2, 0), textcoords="offset points", va="center", fontsize=6.5)
            y += 1
        y += 1
    panel.set_ylim(y - 1, -0.5)
    panel.set_yticks(
        ticks, [textwrap.shorten(name, 28, placeholder="...") for name in bars], fontsize=8, parse_math=False
    )
    panel.tick_params(axis="y", length=0)
    panel.tick_params(axis="x", labelsize=7)
    panel.set_xlabel("images" + (" (log scale)" if log else ""), fontsize=8)
    panel.spines[["top", "right"]].set_visible(False)
    panel.spines["left"].set_color(GREY)
    panel.legend(
        labeled.values(),
        labeled,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=4,
        fontsize=8,
        frameon=False,
        borderaxespad=0.1,
    )
