"""Bars for the numbers of images by class and list."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from data_prep.check.counts import LABELED_LISTS, row_names
from monai_ssl.data.datalist_entries import LISTS
from monai_ssl.reports.figures import COLORS, GREY

__all__ = ["Bars", "bar_groups", "draw_bars", "short_name"]

Bars = Sequence[tuple[str, Mapping[str, int]]]
"""Groups of bars: what they are of, and the number of images in each list."""

_LOG_RATIO = 100
_GROUPS = 40
_LIST_COLORS = {"labeled": COLORS[0], "unlabeled": "#b8b8b8", "validation": COLORS[4], "test": COLORS[2]}


def short_name(name: str, length: int) -> str:
    """A name with its end left out where it has more characters than ``length``."""
    return name if len(name) <= length else f"{name[: length - 1]}…"


def bar_groups(content: Mapping[str, Any], counts: Mapping[str, Sequence[int]]) -> Bars:
    """A group for all images and one for each class, or for the commonest 40.

    Args:
        content: the data list's keys and values.
        counts: for each list with labels, the images that show each of :func:`~data_prep.check.counts.row_names`.
    """
    names = row_names(content)
    lists = [key for key in LABELED_LISTS if content[key]]
    commonest = sorted(range(len(names)), key=lambda index: -sum(counts[key][index] for key in lists))[:_GROUPS]
    return [
        ("all images", {key: len(content[key]) for key in LISTS if content[key]}),
        *((names[index], {key: counts[key][index] for key in lists}) for index in sorted(commonest)),
    ]


def draw_bars(panel: Axes, bars: Bars) -> None:
    """Draw horizontal bars with their numbers, from the top.

    The scale is logarithmic where a number is more than 100 times another, 0 apart.
    """
    numbers = [count for _, group in bars for count in group.values() if count]
    largest = max(numbers)
    log = largest > _LOG_RATIO * min(numbers)
    if log:
        panel.set_xscale("log")
    else:
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.set_xlim(0.7 if log else 0, largest * (2 if log else 1.1))
    y, ticks = 0.5, []
    labeled: dict[str, Any] = {}
    for _, group in bars:
        ticks.append(y + (len(group) - 1) / 2)
        for key, count in group.items():
            labeled[key] = panel.barh(y, count, height=0.85, color=_LIST_COLORS[key])
            start = max(count, panel.get_xlim()[0])
            panel.annotate(f"{count:,}", (start, y), (2, 0), textcoords="offset points", va="center", fontsize=6.5)
            y += 1
        y += 1
    panel.set_ylim(y - 1, -0.5)
    panel.set_yticks(ticks, [short_name(name, 26) for name, _ in bars], fontsize=8, parse_math=False)
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
