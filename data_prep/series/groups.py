"""Which files make up a volume."""

import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import PurePosixPath

import numpy as np

from data_prep.series.geometry import FEWEST_SLICES, SAME_DIRECTION, find_places, plane_axes
from data_prep.series.header import ImageHeader
from data_prep.series.planes import guess_plane
from monai_ssl.errors import InputError

__all__ = ["Stack", "coordinates", "group_series"]

_SAME_SPACING = 1e-3  # of its length


@dataclass(frozen=True)
class Stack:
    """The files of a volume.

    Attributes:
        name: the folder of the files, with ``#2`` and so on for all but the first in a folder, without the numbers that
            would make it another folder's name; the name of the first file where there are too few for a volume.
        headers: of the files, by their names; a single one for a multi-frame object.
        notes: what was found while they were grouped.
    """

    name: str
    headers: tuple[ImageHeader, ...]
    notes: tuple[str, ...] = ()


def group_series(headers: Iterable[ImageHeader], root: str) -> list[Stack]:
    """Group files to volumes.

    The files of a series (of one patient; of a folder, where they do not name a series) are put apart by size, spacing
    and direction. Those that share places with others are put apart by folder, echo, time, acquisition or type of
    image, where that tells them apart. A multi-frame object is a volume of its own.

    Args:
        headers: of all images, but for localizers.
        root: name for what lies in the source folder itself.

    Returns:
        volumes by the names of their first files.
    """
    stacks = []
    for series in _by(headers, lambda header: (header.series or header.apart[0], header.patient)):
        parts = [[header] for header in series if header.frames > 1]
        for alike in _alike([header for header in series if header.frames == 1]):
            parts += _split(alike, 0)
        large = [part for part in parts if _is_large(part)]
        small = [part for part in parts if not _is_large(part)]
        if large and small:
            note = f"images of another size, direction or spacing that are left out: {sum(map(len, small))}"
            stacks += [Stack("", tuple(part), (note,)) for part in large]
        else:
            stacks += [Stack("", tuple(part)) for part in parts]
    stacks.sort(key=lambda stack: stack.headers[0].name)
    plain = [_plain_name(stack.headers, root) for stack in stacks]
    numbers: dict[str, Iterator[int]] = {}
    named = []
    for name, stack in zip(plain, stacks, strict=True):
        if name not in numbers:
            numbers[name] = count(2)
            unique = name
        else:
            unique = next(other for number in numbers[name] if (other := f"{name}#{number}") not in plain)
        named.append(Stack(unique, stack.headers, stack.notes))
    return named


def coordinates(headers: Sequence[ImageHeader]) -> list[float] | None:
    """What single-frame slices are sorted by: the position along the normal in mm, else the InstanceNumber.

    Returns:
        None where some files, or all, have neither.

    Raises:
        InputError: when only some have a position, or directions are impossible, or cannot be guessed.
    """
    placed = [bool(header.positions) for header in headers]
    if all(placed):
        positions = [header.positions[0] for header in headers]
        normal = plane_axes(headers[0].orientation or guess_plane(positions).orientation)[2]
        return [float(np.dot(position, normal)) for position in positions]
    if any(placed):
        raise InputError(
            f"some slices have no position ({len(placed) - sum(placed)} of {len(placed)}). Export them again."
        )
    numbers = [header.number for header in headers if header.number is not None]
    return numbers if len(numbers) == len(headers) else None


def _plain_name(headers: Sequence[ImageHeader], root: str) -> str:
    if not _is_large(headers):
        return headers[0].name
    folder = os.path.commonpath([PurePosixPath(header.name).parent for header in headers])
    return root if folder in ("", ".") else folder


def _is_large(part: Sequence[ImageHeader]) -> bool:
    return sum(header.frames for header in part) >= FEWEST_SLICES


def _by(headers: Iterable[ImageHeader], key: Callable[[ImageHeader], Hashable]) -> list[list[ImageHeader]]:
    groups: dict[Hashable, list[ImageHeader]] = defaultdict(list)
    for header in headers:
        groups[key(header)].append(header)
    return list(groups.values())


def _alike(headers: Sequence[ImageHeader]) -> list[list[ImageHeader]]:
    """Put apart what cannot lie on one grid; numbers that differ by their rounding are the same."""
    groups: list[list[ImageHeader]] = []
    for header in headers:
        for group in groups:
            first = group[0]
            if (
                header.shape == first.shape
                and _close(header.spacing, first.spacing, _SAME_SPACING * max(first.spacing, default=0.0))
                and _close(header.orientation, first.orientation, SAME_DIRECTION)
            ):
                group.append(header)
                break
        else:
            groups.append([header])
    return groups


def _close(one: Sequence[float], other: Sequence[float], tolerance: float) -> bool:
    return len(one) == len(other) and all(abs(a - b) <= tolerance for a, b in zip(one, other, strict=True))


def _split(headers: list[ImageHeader], key: int) -> list[list[ImageHeader]]:
    """Put slices in one place apart by the first of ``ImageHeader.apart``, from ``key`` on, that does it.

    Several volumes have most of their places in common. Where only a few slices share a place, a volume has some slices
    twice, and must stay whole.
    """
    if key == len(headers[0].apart):
        return [headers]
    try:
        along = coordinates(headers)
    except InputError:  # told of when the stack is measured
        return [headers]
    shared = 0 if along is None else sum(len(place) > 1 for place in find_places(along))
    parts = _by(headers, lambda header: header.apart[key])
    smallest = min(map(len, parts))
    if not shared:
        return [headers]
    if len(parts) == 1 or smallest < FEWEST_SLICES or 2 * shared < smallest:
        return _split(headers, key + 1)
    return [leaf for part in parts for leaf in _split(part, key + 1)]
