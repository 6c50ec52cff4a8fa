"""Looking at the files of a data list, to find those that cannot be used as it says."""

import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_prep.inspection.images import Inspected, inspect
from data_prep.records import Record
from monai_ssl.data.datalist_entries import absolute_path, image_paths, sound_entries
from monai_ssl.data.datalist_problem import Problem

__all__ = ["Seen", "file_problems", "look_at", "missing_problems"]


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry of a data list and what its files are.

    Args:
        key: the list.
        place: in it, such as ``"labeled[3]"``.
        entry: as in the file.
        images: absolute paths.
        mask: absolute path of the mask, where there is one.
        look: what was found.
    """

    key: str
    place: str
    entry: Mapping[str, Any]
    images: tuple[Path, ...]
    mask: Path | None
    look: Inspected


def look_at(
    content: Mapping[str, Any], folder: Path, *, without: set[str], regions: Mapping[str, Sequence[int]], workers: int
) -> list[Seen]:
    """Decode all images and masks of a data list in worker processes.

    Args:
        content: the data list's keys and values.
        folder: what relative paths are relative to.
        without: the places of entries that are not to be looked at.
        regions: the values of a mask that make up each region; without any, masks are not looked at.
        workers: the number of processes.
    """
    items: list[tuple[str, str, dict[str, Any], tuple[Path, ...], Path | None]] = []
    for key, index, entry in sound_entries(content):
        place = f"{key}[{index}]"
        if place not in without:
            images = tuple(Path(absolute_path(folder, path)) for path in image_paths(entry))
            mask = entry.get("mask", entry.get("label")) if regions and key != "unlabeled" else None
            path = Path(absolute_path(folder, mask)) if isinstance(mask, str) else None
            items.append((key, place, entry, images, path))
    records = [Record(images, place, mask=mask) for _, place, _, images, mask in items]
    with tempfile.TemporaryDirectory() as scratch:
        # Nothing is believed that an earlier run has found out.
        journal = Path(scratch) / "journal.jsonl"
        looks = list(inspect(records, regions, salt=secrets.token_bytes(32), journal=journal, workers=workers))
    return [Seen(*item, look) for item, look in zip(items, looks, strict=True)]


def missing_problems(missing: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    """A problem for each file that is not there.

    Args:
        missing: as :func:`monai_ssl.data.datalist_checks.missing_files` gives them.
    """
    for place, path in missing:
        yield Problem(
            "missing files", (place,), f"names {path}, which is not there", "Put it back, or make the data list anew."
        )


def file_problems(content: Mapping[str, Any], seen: Sequence[Seen]) -> Iterator[Problem]:
    """The images that cannot be read, or are not of the dimensions and channels that the data list states.

    Args:
        content: the data list's keys and values; dimensions and channels that are none are not compared.
        seen: the images.
    """
    apart = "Take it out, or make a data list of its own for such images."
    for item in seen:
        look = item.look
        if look.error:
            reason, remedy = _without_path(look.error, item)
            yield Problem("unusable files", (item.place,), reason, remedy)
            continue
        if content.get("spatial_dims") in (2, 3) and look.spatial_dims != content["spatial_dims"]:
            reason = f"is {look.spatial_dims}D, where the data list says {content['spatial_dims']}D"
            yield Problem("dimensions", (item.place,), reason, apart)
        channels = content.get("channels")
        several = isinstance(item.entry["image"], list)
        # Files of a study are a channel each, whatever their colours; a lone picture goes from grey to RGB and back.
        found = len(item.images) if several else look.channels
        if type(channels) is int and found != channels and (several or {found, channels} != {1, 3}):
            reason = f"has a number of channels ({found}) that the data list does not say ({channels})"
            yield Problem("channels", (item.place,), reason, apart)


def _without_path(error: str, item: Seen) -> tuple[str, str]:
    """The reason, with the name of the file alone, and the remedy of an ``InputError``'s message."""
    for path in (*item.images, *(() if item.mask is None else (item.mask,))):
        if error.startswith(f"{path}: "):
            error = f"has {path.name}: {error.removeprefix(f'{path}: ')}"
            break
    reason, _, remedy = error.partition(". ")
    return reason, remedy or "Mend the file, or take it out."
