"""Rows and images that do not fit: an error, or a line in ``skipped.csv``."""

import csv
import io
import logging
from collections.abc import Sequence
from pathlib import Path

from data_prep.inspection import Inspected
from data_prep.labels import Labels
from data_prep.matching import Matches
from data_prep.tables import Table
from monai_ssl.errors import InputError
from monai_ssl.files import write_whole

__all__ = ["mismatched", "of_other_classes", "unreadable", "write_skipped"]

_logger = logging.getLogger("monai_ssl")
_SHOWN = 3


def mismatched(table: Table, matches: Matches, *, unlabeled_rest: bool, skip_bad: bool) -> list[tuple[str, str]]:
    """Rows without an image, and images without a row unless these are wanted, as (what, reason).

    Raises:
        InputError: when there are some and they are not to be set aside, or when nothing matches.
    """
    if not matches.row_of:
        raise InputError(f"{table.file}: no row names an image of the folder. Give another --image_column or --images.")
    rows = [(table.where(row), reason) for row, reason in matches.bad_rows.items()]
    if rows and not skip_bad:
        shown = _some([f"{where}: {reason}" for where, reason in rows])
        raise InputError(
            f"{table.file}: {len(rows)} rows name no image of the folder ({shown}). "
            f"Mend them, give another --image_column or --images, or --skip_bad to set these rows aside."
        )
    rest = [] if unlabeled_rest else matches.rest
    if rest and not skip_bad:
        raise InputError(
            f"{table.file}: {len(rest)} images have no row in this table ({_some(rest)}). "
            f"Give --unlabeled_rest to use them as unlabeled training images, or --skip_bad to set them aside."
        )
    return rows + [(name, "no row names this image") for name in rest]


def of_other_classes(table: Table, matches: Matches, labels: Labels, *, skip_bad: bool) -> list[tuple[str, str]]:
    """Rows with an image whose class is none of those that were asked for, as (what, reason).

    Raises:
        InputError: when there are some and they are not to be set aside.
    """
    rows = [table.where(row) for row in sorted(labels.others.intersection(matches.row_of.values()))]
    if rows and not skip_bad:
        raise InputError(
            f"{table.file}: {len(rows)} rows are of a class that is none of {', '.join(labels.names)} ({_some(rows)}). "
            f"Add it to --classes, or give --skip_bad to set these rows and their images aside."
        )
    return [(row, "its class is none of --classes") for row in rows]


def unreadable(folder: Path, seen: dict[str, Inspected], *, skip_bad: bool) -> list[tuple[str, str]]:
    """Images that cannot be read, as (what, reason).

    Raises:
        InputError: when there are some and they are not to be set aside.
    """
    bad = {name: image.error for name, image in seen.items() if image.error}
    if bad and not skip_bad:
        raise InputError(
            f"{len(bad)} of {len(seen)} images cannot be read. The first: {next(iter(bad.values()))} "
            f"Mend or remove them, or give --skip_bad to set them aside."
        )
    return [(name, error.replace(str(folder / name), "the image")) for name, error in bad.items()]


def write_skipped(file: Path, skipped: Sequence[tuple[str, str]]) -> None:
    """Write the list of what was set aside; that of an earlier run is removed where nothing was."""
    if not skipped:
        file.unlink(missing_ok=True)
        return
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("what", "reason"), *skipped])
    with write_whole(file) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")
    _logger.warning("%d rows or images were set aside; see %s.", len(skipped), file)


def _some(things: Sequence[str]) -> str:
    return ", ".join(things[:_SHOWN]) + (", ..." if len(things) > _SHOWN else "")
