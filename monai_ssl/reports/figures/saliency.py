"""Images beside the saliency maps of one or more models."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from monai_ssl.errors import InputError
from monai_ssl.reports.figures.canvas import new_figure
from monai_ssl.reports.figures.picture import as_picture, show_picture

__all__ = ["SaliencyRow", "check_row_count", "saliency_figure"]

_SIDE = 1.6  # inches of a panel
_PERCENTILE = 99
_MOST_ROWS = 200  # of a picture with less than 2^16 pixels a side


@dataclass(frozen=True, eq=False)
class SaliencyRow:
    """An image and its saliency maps.

    Args:
        label: the true class.
        image: (C, rows, columns) or (C, rows, columns, slices), of any range; before a normalization by channel, which
            would change its colors.
        maps: by model, (rows, columns) or (rows, columns, slices), not negative.
        probabilities: by model, of the true class.
    """

    label: str
    image: NDArray[np.floating]
    maps: Mapping[str, NDArray[np.floating]]
    probabilities: Mapping[str, float]


def check_row_count(count: int) -> None:
    """Check that so many rows fit into one figure, before their maps are computed.

    Raises:
        InputError: for more than 200.
    """
    if count > _MOST_ROWS:
        raise InputError(
            f"{count} saliency maps of each model are too many for one figure. Draw at most {_MOST_ROWS}: name fewer "
            "images, or give a smaller number of images a class."
        )


def saliency_figure(rows: Sequence[SaliencyRow], title: str) -> Figure:
    """Draw a row for each image: the image, then its saliency map by each model.

    Three channels are drawn as colors where they differ, of others the first in grey. An image goes from its smallest
    to its largest value, by one scale for all its channels. A map goes from 0 (dark) to its own 99th percentile
    (bright), or its largest value where that percentile is 0. Of a volume the slice through the largest saliency, in
    these units, of any model is drawn; its place is the middle of the slice as a part of the last axis, since the
    volumes that a network sees have other slices than their files.

    Args:
        rows: at most 200, all with the same models.
        title: says which data these are.

    Raises:
        InputError: for more rows.
        ValueError: for none, or rows of different models.
    """
    check_row_count(len(rows))
    if not rows or any(list(row.maps) != list(rows[0].maps) for row in rows):
        raise ValueError("`rows` must be at least one, all with the same models in the same order.")
    models = list(rows[0].maps)
    # Room for names and probabilities between the panels.
    figure = new_figure(max(4.2, (_SIDE + 0.1) * (1 + len(models)) + 0.4), (_SIDE + 0.25) * len(rows) + 0.9)
    figure.suptitle(
        f"{title}\ngradient of the true class's logit: dark 0,\nbright the {_PERCENTILE}th percentile of each map",
        fontsize=9,
        parse_math=False,
    )
    grid = figure.subplots(len(rows), 1 + len(models), squeeze=False)
    for panel, name in zip(grid[0], ("Image", *models), strict=True):
        panel.set_title(textwrap.fill(name, 22), fontsize=8, parse_math=False)
    for panels, row in zip(grid, rows, strict=True):
        _draw(panels, row)
    return figure


def _draw(panels: Sequence[Axes], row: SaliencyRow) -> None:
    picture, maps = as_picture(row.image), [_scaled(values) for values in row.maps.values()]
    first, *others = panels
    if row.image.ndim == 4:
        count = row.image.shape[-1]
        place = int(np.argmax(np.max(maps, axis=0))) % count  # the last axis is the fastest
        picture, maps = picture[:, :, place], [values[:, :, place] for values in maps]
        first.set_xlabel(f"slice at {(place + 0.5) / count:.0%} of the last axis", fontsize=7)
    first.set_ylabel(textwrap.fill(row.label, 20), fontsize=8, parse_math=False)
    show_picture(first, picture, cmap="gray")
    for panel, values, probability in zip(others, maps, row.probabilities.values(), strict=True):
        panel.set_xlabel(f"probability {probability:.2f}", fontsize=7)
        show_picture(panel, values, cmap="inferno")


def _scaled(values: NDArray[np.floating]) -> NDArray[np.floating]:
    unit = np.percentile(values, _PERCENTILE) or values.max()
    return values / unit if unit > 0 else values
