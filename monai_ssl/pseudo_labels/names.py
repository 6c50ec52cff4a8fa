"""Names of images that tell nothing of them: a digest, a number and the stem of a file."""

import hashlib
import itertools
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monai_ssl.data.datalist_entries import absolute_path, image_paths
from monai_ssl.errors import InputError
from monai_ssl.pseudo_labels.journal import PseudoLabelRecord

__all__ = ["Place", "assign_places", "entry_key", "stem_of"]

# What the names of the files of one image may end in.
_BESIDE = ("", "_confidence", "_probabilities")
_LONGEST = 100


@dataclass(frozen=True)
class Place:
    """Where the pseudo-label of an image is kept.

    Args:
        number: from 1, of the image.
        stem: of its files: the patient's pseudonym, with ``_2``, ``_3``... where it has several images.
    """

    number: int
    stem: str


def entry_key(entry: Mapping[str, Any], base: str | None) -> str:
    """A digest of an entry's patient and of the paths and sizes of its image.

    Args:
        entry: of a data list.
        base: an absolute folder that the paths are taken relative to, links not followed, so that a data set that has
            moved keeps its keys; ``None`` for absolute paths.

    Raises:
        InputError: when a file is not there.
    """
    digest = hashlib.blake2b(f"{entry['patient']}\0".encode("utf-8", "surrogateescape"), digest_size=16)
    for path in image_paths(entry):
        try:
            size = Path(path).stat().st_size
        except OSError as error:
            raise InputError(
                f"{path}: this image is not there ({error.strerror}). Put it back, or make the data list anew."
            ) from error
        place = absolute_path(Path(), path)
        place = Path(place if base is None else os.path.relpath(place, base)).as_posix()
        digest.update(f"{place}\0{size}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def assign_places(
    entries: Sequence[Mapping[str, Any]], records: Iterable[PseudoLabelRecord], base: str | None
) -> dict[str, Place]:
    """Give each entry a number and a stem of its own; those of the records keep theirs.

    Every process gives the same, however many of the others' records it sees: an entry takes the first that is free,
    in the order of the list.

    Args:
        entries: of a data list.
        records: what there is already.
        base: as in :func:`entry_key`.

    Returns:
        the places by the keys of the entries and the records.
    """
    places = {record.key: Place(record.number, stem_of(record.file)) for record in records}
    numbers = {place.number for place in places.values()}
    taken = {name for place in places.values() for name in _names(place.stem)}
    stems: dict[str, Iterator[str]] = {}
    free_numbers = (number for number in itertools.count(1) if number not in numbers)
    for entry in entries:
        key = entry_key(entry, base)
        if key not in places:
            candidates = stems.setdefault(entry["patient"], _stems(entry["patient"]))
            stem = next(stem for stem in candidates if taken.isdisjoint(_names(stem)))
            taken |= _names(stem)
            places[key] = Place(next(free_numbers), stem)
    return places


def stem_of(file: str) -> str:
    """The name of a mask without ``.nii.gz`` or ``.png``."""
    return file.removesuffix(".nii.gz").removesuffix(".png")


def _stems(patient: str) -> Iterator[str]:
    """What the files of a patient's images may be called on any system."""
    base = re.sub(r"[^\w-]", "_", patient, flags=re.ASCII)[:_LONGEST]
    yield base
    yield from (f"{base}_{count}" for count in itertools.count(2))


def _names(stem: str) -> set[str]:
    # Case does not tell files apart everywhere.
    return {(stem + end).casefold() for end in _BESIDE}
