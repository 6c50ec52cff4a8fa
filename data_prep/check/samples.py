"""Which images of a data list are shown as samples of its classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data_prep.check.counts import shown
from data_prep.check.files import Seen
from data_prep.check.thumbnails import View

__all__ = ["COLUMNS", "Row", "choose_samples"]

COLUMNS = 6
_ROWS = 14
_LISTS = ("labeled", "validation")
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Row:
    """The samples of a class, at most :data:`COLUMNS`, and what it is called."""

    title: str
    views: list[View]


def choose_samples(content: Mapping[str, Any], seen: Sequence[Seen]) -> list[Row]:
    """Choose samples of each class, or of the commonest 14: labeled images, and validation images after them.

    They are spread over the lists; of different groups and in one row only, as long as there are enough. Regions of
    masks are the classes of a segmentation. A last row has images that show none of the classes, where these are not
    exclusive.

    Args:
        content: the data list's keys and values.
        seen: the images that can be used.
    """
    names = list(content["labels"])
    pool = [item for key in _LISTS for item in _spread([item for item in seen if item.key == key])]
    states = [shown(content, item)[: len(names)] for item in pool]
    showing = [
        [item for item, state in zip(pool, states, strict=True) if state[index] == 1] for index in range(len(names))
    ]
    commonest = sorted(range(len(names)), key=lambda index: -len(showing[index]))[:_ROWS]
    regions = tuple(tuple(values) for values in content.get("masks", {}).values())
    segmented = content["task"] == "segmentation"
    used: set[str] = set()
    rows = []
    for index in sorted(commonest):
        views = [
            View(item.images, item.mask, regions, index if segmented else 0 if regions else None)
            for item in _choose(showing[index], used)
        ]
        rows.append(Row(names[index], views))
    none = [item for item, state in zip(pool, states, strict=True) if not any(state)]
    if none:
        rows.append(Row("none of these", [View(item.images, item.mask, regions) for item in _choose(none, used)]))
    return rows


def _spread(items: Sequence[Seen]) -> list[Seen]:
    """The items in an order in which the first ones are from all over the list."""
    return [items[index] for index in sorted(range(len(items)), key=lambda index: index * _GOLDEN % 1)]


def _choose(candidates: Sequence[Seen], used: set[str]) -> list[Seen]:
    """The first candidates of other groups that no row has yet, then others."""
    chosen: list[Seen] = []
    groups: set[str] = set()
    for fresh in (True, False):
        for item in candidates:
            known = item.place in used or item.entry["patient"] in groups
            if len(chosen) < COLUMNS and item not in chosen and not (fresh and known):
                chosen.append(item)
                groups.add(item.entry["patient"])
                used.add(item.place)
    return chosen
