"""The picture of a data list: samples of its classes and how many there are."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from data_prep.check.picture_bars import bar_groups, draw_bars, short_name
from data_prep.check.samples import COLUMNS
from data_prep.check.thumbnails import SIDE, Thumbnail
from monai_ssl.reports.figures import COLORS, GREY, new_figure

__all__ = ["datalist_figure"]

_GAP = 8  # pixels between thumbnails
_CELL = SIDE + _GAP
_INCH = 1.15  # of a cell's width
_MARGIN = 1.9  # inches for names, at the left
_BAR = 0.14  # inches
# Orange first: it is seen on grey and on skin alike.
_OUTLINES = (COLORS[4], COLORS[5], COLORS[2], COLORS[3], COLORS[1], COLORS[0])

Samples = Sequence[tuple[str, Sequence[Thumbnail]]]


def datalist_figure(
    content: Mapping[str, Any],
    samples: Samples,
    counts: Mapping[str, Sequence[int]],
) -> Figure:
    """Draw samples of the classes in rows, and below them the numbers of images by class and list.

    Args:
        content: the data list's keys and values.
        samples: the name of each row and its thumbnails, at most :data:`~data_prep.check.samples.COLUMNS`.
        counts: for each list with labels, the images that show each of :func:`~data_prep.check.counts.row_names`.
    """
    bars = bar_groups(content, counts)
    outlined = list(content.get("masks", {}))
    top = 0.6 + 0.22 * -(-len(outlined) // 4)
    # Where all images are wide, as photographs are, there is no need for square cells.
    side = max((item.height for _, row in samples for item in row), default=SIDE) + _GAP
    tall = _INCH * side / _CELL * len(samples)
    low = _BAR * sum(len(group) + 1 for _, group in bars)
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
    draw_bars(panel(top + tall + 0.55, low), bars)
    return figure


def _draw_samples(panel: Axes, samples: Samples, outlined: Sequence[str], side: int) -> None:
    """Draw thumbnails in cells of ``side`` rows of pixels each."""
    mosaic = np.full((side * len(samples), _CELL * COLUMNS, 3), 255, dtype=np.uint8)
    inner = side - _GAP
    cut = slice((SIDE - inner) // 2, (SIDE - inner) // 2 + inner)
    for row, (_, thumbnails) in enumerate(samples):
        for column, thumbnail in enumerate(thumbnails):
            y, x = row * side, column * _CELL
            mosaic[y : y + inner, x : x + SIDE] = thumbnail.pixels[cut]
            for index, region in enumerate(thumbnail.regions[:, cut]):
                if region.max() > 127:
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
    panel.set_yticks(
        [row * side + inner / 2 for row in range(len(samples))],
        ["\n".join(textwrap.wrap(short_name(name, 60), 22)) for name, _ in samples],
        fontsize=8,
        parse_math=False,
    )
    panel.set_xticks(())
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    if outlined:
        legend = panel.legend(
            [Line2D([], [], color=_OUTLINES[index % len(_OUTLINES)]) for index in range(len(outlined))],
            [short_name(name, 24) for name in outlined],
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=4,
            fontsize=8,
            frameon=False,
            borderaxespad=0.1,
        )
        for text in legend.get_texts():
            text.set_parse_math(False)
