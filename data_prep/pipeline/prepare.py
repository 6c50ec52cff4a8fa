"""From the images of a data set to its data lists: the part that all data sets share."""

import argparse
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from data_prep.inspection.images import inspect
from data_prep.pipeline.copying import copied_records, copy_files, is_converted
from data_prep.pipeline.groups import choose_groups, merge_duplicates, misplaced, pseudonyms
from data_prep.pipeline.kinds import choose_kind, unlike
from data_prep.pipeline.lists import Images, make_lists
from data_prep.pipeline.provenance import images_digest, refuse_overwriting
from data_prep.pipeline.rejected import REJECTED_NAME, refuse_too_many, write_rejected
from data_prep.records import Record, Rejects, Source
from monai_ssl.data import DATALIST_NAME
from monai_ssl.data.datalist_entries import paths_of
from monai_ssl.errors import InputError
from monai_ssl.files import make_folder
from monai_ssl.salt import read_salt

__all__ = ["JOURNAL_NAME", "prepare", "run_source"]

JOURNAL_NAME = ".inspected.jsonl"
"""What is known of the files from earlier runs, in the data set's folder."""

_logger = logging.getLogger("monai_ssl")
_SHORTEST = 4  # characters: a shorter identifier occurs in paths by chance


def run_source(read: Callable[[argparse.Namespace, Rejects], Source], options: argparse.Namespace) -> None:
    """Read a data set and prepare it.

    Raises:
        InputError: when it cannot be read, or as :func:`prepare`.
    """
    options.source, options.output = (Path(os.path.abspath(path)) for path in (options.source, options.output))  # noqa: PTH100
    if options.source.resolve() == options.output.resolve():
        raise InputError(f"{options.output}: this is the folder of the data set itself. Give another --output.")
    rejects = Rejects(options.strict)
    try:
        source = read(options, rejects)
    except InputError:
        if rejects.found:
            write_rejected(_list_of_rejected(options), rejects.found)
        raise
    prepare(source, rejects, options)


def prepare(source: Source, rejects: Rejects, options: argparse.Namespace) -> None:
    """Look at every file, set aside what is bad, divide the rest and write the data lists.

    Args:
        source: the data set as its reader found it.
        rejects: what the reader set aside.
        options: the common options; see :mod:`data_prep.pipeline.options`.

    Raises:
        InputError: when the data lists cannot be made, or too much was set aside. What was set aside is listed all
            the same.
    """
    output: Path = options.output
    make_folder(output)
    salt = read_salt(output)
    listed = _list_of_rejected(options)
    try:
        _refuse_twins(source)
        images = _usable(source, rejects, options, salt)
    finally:
        write_rejected(listed, rejects.found)
    refuse_too_many(listed, len(rejects.found), len(images.records), options.max_bad)
    originals = copies = images.records
    digest = images_digest(originals)
    aliases = pseudonyms(images.keys, salt)
    if options.copy:
        copies = copied_records(originals, aliases, output, salt)
        images = replace(images, records=copies)
    else:
        _tell_of_paths(images, output)

    lists = make_lists(source, images, options, aliases=aliases, digest=digest, rejected=len(rejects.found))
    if not options.overwrite:
        for folder, datalist in lists.items():
            refuse_overwriting(datalist, folder, output)
    if options.copy:
        entries = [entry for datalist in lists.values() for entry in datalist.entries()]
        used = {path: entry["patient"] for entry in entries for path in paths_of(entry)}
        copy_files(originals, copies, used, workers=options.workers)
    _tell_of_other_lists(output, list(lists))
    for folder, datalist in lists.items():
        datalist.save(folder, base=output)
        print(datalist.summary())
    print(f"Look at {'it' if len(lists) == 1 else 'them'} with: python -m data_prep check {next(iter(lists))}")


def _list_of_rejected(options: argparse.Namespace) -> Path:
    """Names of files may tell a patient: they are not to be with copies, which are to be given away."""
    output: Path = options.output.absolute()
    return output.with_name(f"{output.name}.{REJECTED_NAME}") if options.copy else output / REJECTED_NAME


def _usable(source: Source, rejects: Rejects, options: argparse.Namespace, salt: bytes) -> Images:
    """The images that can be used, with the keys of their groups; all others are set aside."""
    records, seen = [], []
    looks = inspect(
        source.records, source.masks, salt=salt, journal=options.output / JOURNAL_NAME, workers=options.workers
    )
    for record, look in zip(source.records, looks, strict=True):
        if not _is_text(record):
            name = record.name.encode("utf-8", "backslashreplace").decode()
            rejects.add(name, "the name of this file is not in UTF-8", "Rename it.")
        elif look.error:
            rejects.add_error(record.name, look.error)
        else:
            records.append(record)
            seen.append(look)
    kind = choose_kind(source, seen, options.modality)
    alike = unlike(records, seen, kind, rejects)
    records, seen = [records[index] for index in alike], [seen[index] for index in alike]

    keys = choose_groups(
        [record.name for record in records],
        [record.patient for record in records],
        [look.patient for look in seen],
        source.name,
        warn=source.grouped,
    )
    keys = merge_duplicates(keys, [look.content for look in seen])
    wrong = misplaced(keys, [record.split for record in records])
    for index, split in wrong.items():
        rejects.add(
            records[index].name,
            f"the same patient, or the same image, is in the {split} split too",
            "Mend the data set's own split, or have the splits drawn.",
        )
    right = [index for index in range(len(records)) if index not in wrong]
    return Images([records[i] for i in right], [seen[i] for i in right], [keys[i] for i in right], kind)


def _refuse_twins(source: Source) -> None:
    """No file is two images."""
    first: dict[Path, Record] = {}
    for record in source.records:
        for path in record.images:
            other = first.setdefault(path, record)
            if other is not record:
                raise InputError(
                    f"{source.name}: {other.where or other.name} and {record.where or record.name} are the same image. "
                    "Keep one of them."
                )


def _tell_of_paths(images: Images, output: Path) -> None:
    """Say that the data list names original files, and warn when their paths contain real identifiers."""
    found = [
        (r, look) for r, look in zip(images.records, images.seen, strict=True) if not is_converted(r.images[0], output)
    ]
    if not found:
        return
    named = sum(
        look.named or bool(r.patient and len(r.patient) >= _SHORTEST and r.patient in str(r.images[0].absolute()))
        for r, look in found
    )
    _logger.info("The data list names the original files, which must stay where they are.")
    if named:
        _logger.warning(
            "The paths of %d images contain the identifier of their patient, and the data list names these paths. "
            "With --copy the images are copied under names that tell nothing.",
            named,
        )


def _tell_of_other_lists(output: Path, folders: Sequence[Path]) -> None:
    """Warn of data lists of earlier calls, whose splits may be others."""
    others = {file.parent for file in (*output.glob(DATALIST_NAME), *output.glob(f"*/{DATALIST_NAME}"))} - {*folders}
    if others:
        _logger.warning(
            "%s holds data lists of earlier calls too (%s): their test images may be others.",
            output,
            ", ".join(sorted(folder.name for folder in others)),
        )


def _is_text(record: Record) -> bool:
    """Whether the paths of an image can be written to a file; names that are not in UTF-8 cannot."""
    try:
        f"{record.name}{record.image}{record.mask}{record.images[0].absolute()}".encode()
    except UnicodeEncodeError:
        return False
    return True
