"""Looking at every image of a data set once."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from data_prep.inspection.files import Files, Inspected, inspect_files
from data_prep.inspection.journal import Journal, read_journal
from data_prep.records import Record
from data_prep.workers.pool import run_jobs
from monai_ssl.errors import InputError
from monai_ssl.salt import opaque

__all__ = ["Inspected", "inspect"]

# To be raised with every change of what the readers make of a file, or of what is looked at.
_VERSION = 2


def inspect(
    records: Sequence[Record], masks: Mapping[str, Sequence[int]], *, salt: bytes, journal: Path, workers: int
) -> Iterator[Inspected]:
    """Decode every image in worker processes, but those that an earlier run has found good and that are unchanged.

    Args:
        records: the images.
        masks: the values of a mask that make up each region; a mask has no others but 0.
        salt: of the hashes.
        journal: file of what is known from earlier runs, to which is added.
        workers: the number of processes.

    Yields:
        What each image is, in the order of the records.
    """
    allowed = tuple(sorted({0, *(value for values in masks.values() for value in values)}))
    files = [_files(record) for record in records]
    keys = [_key(salt, some, allowed) for some in files]
    facts = read_journal(journal)
    known = [_recall(facts.get(key)) for key in keys]
    jobs = [some for some, look in zip(files, known, strict=True) if look is None]
    function = partial(inspect_files, allowed=allowed, salt=salt)
    fresh = run_jobs(function, jobs, workers=workers, description="checking images", name=lambda some: str(some[0][0]))
    with Journal(journal) as written, closing(fresh):
        for key, look in zip(keys, known, strict=True):
            if look is not None:
                yield look
                continue
            found = next(fresh)
            if isinstance(found, InputError):
                # Not kept: the remedy may be another thing than a change of the file.
                yield Inspected(error=str(found))
            else:
                written.add(key, asdict(found))
                yield found


def _files(record: Record) -> Files:
    return record.images, record.mask


def _key(salt: bytes, files: Files, allowed: Sequence[int]) -> str:
    """Names the files as they are now, and what they are looked at for."""
    images, mask = files
    states: list[Any] = []
    for path in images if mask is None else (*images, mask):
        try:
            status = path.stat()
        except OSError:  # the worker says what is wrong
            continue
        states += [path.absolute(), status.st_size, status.st_mtime_ns]
    return opaque(salt, "inspected", _VERSION, mask is not None and allowed, *states)


def _recall(fact: Mapping[str, Any] | None) -> Inspected | None:
    """What an earlier run has found, if it is of use."""
    if fact is None:
        return None
    try:
        look = Inspected(**fact)
    except TypeError:
        return None
    return look if look.mask_values is None else replace(look, mask_values=tuple(look.mask_values))
