"""Which images belong together (of a patient, of a lesion), told by pseudonyms only."""

import logging
from collections.abc import Sequence

import numpy as np

from monai_ssl.errors import InputError
from monai_ssl.salt import opaque

__all__ = ["choose_groups", "merge_duplicates", "misplaced", "pseudonyms", "shuffled_numbers"]

_logger = logging.getLogger("monai_ssl")
_STREAM = 3  # apart from the draws of splits and budget
_RANKS = {"training": 0, "train_val": 0, "validation": 1, "test": 2}


def choose_groups(
    images: Sequence[str],
    in_table: Sequence[str | None],
    in_header: Sequence[str | None],
    table: str,
    *,
    warn: bool = True,
) -> list[str]:
    """A key for each image's group: equal for the images of one patient, and real, so that it must reach no output.

    The keys sort in the same order on every machine. The patient is that of the table, where the image has one there.
    Else it is that of the DICOM header: images that have both tell which patient of the table a header means, and a
    header that none of them tells of is a patient of its own, whose key differs from all of the table's. Images with
    neither are counted in a warning, as each of them is taken for a patient of its own.

    Args:
        images: their paths.
        in_table: the identifiers in the table; None or empty for an image without one.
        in_header: the hashed identifiers of the DICOM headers, likewise.
        table: the table's name, for messages.
        warn: whether to tell of images without a known patient.

    Raises:
        InputError: when an image without an identifier in the table has one in its header that the table gives to
            several patients.
    """
    linked: dict[str, set[str]] = {}
    for row, header in zip(in_table, in_header, strict=True):
        if row and header:
            linked.setdefault(header, set()).add(row)
    lone = {header for row, header in zip(in_table, in_header, strict=True) if header and not row}
    several = {header for header, rows in linked.items() if len(rows) > 1}
    if several & lone:
        raise InputError(
            f"{table}: {len(several & lone)} of the PatientIDs in DICOM headers belong to several patients of this "
            "table, and images without a patient in the table have them too. Mend the patient column, give these "
            "images rows with a patient, or leave --unlabeled_rest away."
        )
    if several:
        _logger.warning(
            "%s gives images of one DICOM PatientID to several patients (%d PatientIDs): the table is believed.",
            table,
            len(several),
        )

    # A hash differs from salt to salt, so that its group is called by the first of its images.
    first_of: dict[str, str] = {}
    for image, header in sorted(zip(images, in_header, strict=True), key=lambda pair: pair[0]):
        if header:
            first_of.setdefault(header, image)
    keys, unknown = [], 0
    for image, row, header in zip(images, in_table, in_header, strict=True):
        if patient := row or next(iter(linked.get(header or "", ())), None):
            keys.append(f"table {patient}")
        elif header:
            keys.append(f"header {first_of[header]}")
        else:
            keys.append(f"image {image}")
            unknown += 1
    if unknown and warn:
        _logger.warning(
            "The patient of %d of %d images is not known: each is taken as a patient of its own, so that images of one "
            "patient may come into several splits.",
            unknown,
            len(keys),
        )
    return keys


def merge_duplicates(keys: Sequence[str], contents: Sequence[str]) -> list[str]:
    """Make one group of those that share an image, so that the same pixels never come into two splits.

    Args:
        keys: of the group of each image.
        contents: the hash of each image's pixels; empty for one that is to be like no other.

    Returns:
        The keys, where groups that were joined have the first of theirs.
    """
    parent = {key: key for key in keys}

    def root(key: str) -> str:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    first: dict[str, str] = {}
    for key, content in zip(keys, contents, strict=True):
        if content:
            one, other = sorted((root(first.setdefault(content, key)), root(key)))
            parent[other] = one
    merged = [root(key) for key in keys]
    fewer = len(set(keys)) - len(set(merged))
    if fewer:
        _logger.warning(
            "%d groups have an image in common with another one, pixel by pixel: they are kept together as one.", fewer
        )
    return merged


def misplaced(keys: Sequence[str], splits: Sequence[str | None]) -> dict[int, str]:
    """The images whose group is in a later one of the official splits too (test, else validation), with that split."""
    last: dict[str, str] = {}
    for key, split in zip(keys, splits, strict=True):
        if split is not None and _RANKS[split] >= _RANKS[last.get(key, split)]:
            last[key] = split
    return {
        index: last[key]
        for index, (key, split) in enumerate(zip(keys, splits, strict=True))
        if split is not None and _RANKS[split] < _RANKS[last[key]]
    }


def pseudonyms(keys: Sequence[str], salt: bytes) -> list[str]:
    """``g`` and a keyed hash for the group of each image: nothing of whose it is can be had without the salt.

    Raises:
        InputError: when two groups have the same hash.
    """
    alias = {key: f"g{opaque(salt, 'group', key)}" for key in set(keys)}
    if len(set(alias.values())) < len(alias):
        raise InputError("Two groups have the same pseudonym. Remove the salt beside the output to have new ones.")
    return [alias[key] for key in keys]


def shuffled_numbers(keys: Sequence[str], seed: int) -> list[str]:
    """Number the distinct keys in a random order, and give the number of each image's group as ``p00001``...

    Splits and budgets are drawn by these numbers, which never leave the program: a pseudonym tells nothing of its draw.
    """
    unique = sorted(set(keys))
    width = max(5, len(str(len(unique))))
    order = np.random.default_rng([seed, _STREAM]).permutation(len(unique)).tolist()
    number = {key: f"p{place + 1:0{width}d}" for key, place in zip(unique, order, strict=True)}
    return [number[key] for key in keys]
