"""What the lists of a data list hold: images, groups, and positives of each class."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from data_prep.check.files import Seen
from monai_ssl.data.datalist_entries import LISTS, sound_entries

__all__ = ["LABELED_LISTS", "class_notes", "count_shown", "row_names", "shown", "summary_table"]

LABELED_LISTS = ("labeled", "validation", "test")
_OPTIONS = ("budget", "unit", "sampling", "seed", "split_seed")


def row_names(content: Mapping[str, Any]) -> list[str]:
    """The classes; for the joint task the regions of masks too."""
    regions = [f"{name} (mask)" for name in content["masks"]] if content["task"] == "joint" else []
    return [*content["labels"], *regions]


def shown(content: Mapping[str, Any], item: Seen) -> list[int]:
    """Whether an image shows what :func:`row_names` names: 1, 0, or -1 where it is not known.

    Args:
        content: the data list's keys and values.
        item: an entry of a list with labels, whose label is a possible one.
    """
    task, label = content["task"], item.entry.get("label")
    if task == "multilabel":
        return list(label or ())
    classes = []
    if task in ("multiclass", "joint"):
        classes = [int(label == index) if label != -1 else -1 for index in range(len(content["labels"]))]
    values = item.look.mask_values
    regions = content["masks"].values() if task in ("segmentation", "joint") else ()
    return classes + [-1 if values is None else int(any(value in values for value in region)) for region in regions]


def count_shown(content: Mapping[str, Any], seen: Sequence[Seen]) -> dict[str, list[int]]:
    """For each list with labels: the number of images that show what :func:`row_names` names.

    Args:
        content: the data list's keys and values.
        seen: the images.
    """
    counts = {key: [0] * len(row_names(content)) for key in LABELED_LISTS}
    for item in seen:
        if item.key in counts:
            counts[item.key] = [
                count + (state == 1) for count, state in zip(counts[item.key], shown(content, item), strict=True)
            ]
    return counts


def class_notes(content: Mapping[str, Any], counts: Mapping[str, Sequence[int]]) -> Iterator[str]:
    """The classes that a list with labels does not show.

    Args:
        content: the data list's keys and values.
        counts: from :func:`count_shown`.
    """
    for key, numbers in counts.items():
        absent = [name for name, number in zip(row_names(content), numbers, strict=True) if not number]
        if absent and content[key]:
            yield f"no image of {key} is positive for {', '.join(absent)}."


def summary_table(content: Mapping[str, Any], counts: Mapping[str, Sequence[int]]) -> str:
    """Lines of text: what the data list is, and for each list its images, groups and positives of each class.

    Args:
        content: the data list's keys and values.
        counts: from :func:`count_shown`.
    """
    groups: dict[str, set[str]] = {key: set() for key in LISTS}
    for key, _, entry in sound_entries(content):
        groups[key].add(entry["patient"])
    rows = [
        ("", list(LISTS)),
        ("images", [str(len(content[key])) for key in LISTS]),
        ("groups (patients)", [str(len(groups[key])) for key in LISTS]),
    ]
    for index, name in enumerate(row_names(content)):
        rows.append((name, [str(counts[key][index]) if key in counts else "-" for key in LISTS]))
    width = max(len(title) for title, _ in rows)
    lines = [f"{title:<{width}}" + "".join(f"{cell:>12}" for cell in cells) for title, cells in rows]
    head = (
        f"{content.get('name', 'dataset')}: {content['task']}, classes: {len(content['labels'])}; "
        f"{content['modality']}, {content['spatial_dims']}D, channels: {content['channels']}"
    )
    return "\n".join([head, *lines, *_origin(content.get("provenance"))])


def _origin(provenance: Any) -> Iterator[str]:
    """How the list was made, where it says so in the form that data_prep writes."""
    options = provenance.get("options") if isinstance(provenance, dict) else None
    if isinstance(options, dict):
        known = [f"{key} {options[key]}" for key in _OPTIONS if isinstance(options.get(key), (int, float, str))]
        if known:
            yield f"made with: {', '.join(known)}"
