"""The list of what was set aside."""

import csv
import io
import logging
from collections.abc import Sequence
from pathlib import Path

from data_prep.records import Rejected
from monai_ssl.errors import InputError
from monai_ssl.files import write_whole

__all__ = ["REJECTED_NAME", "refuse_too_many", "write_rejected"]

REJECTED_NAME = "rejected.csv"

_logger = logging.getLogger("monai_ssl")


def write_rejected(file: Path, rejected: Sequence[Rejected]) -> None:
    """Write the list (path, reason, remedy); that of an earlier run is removed where nothing was set aside."""
    if not rejected:
        file.unlink(missing_ok=True)
        return
    text = io.StringIO()
    rows = [(item.path, item.reason, item.remedy) for item in rejected]
    csv.writer(text, lineterminator="\n").writerows([("path", "reason", "remedy"), *rows])
    with write_whole(file) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8", errors="backslashreplace")
    _logger.warning("%d files or rows were set aside; see %s.", len(rejected), file)


def refuse_too_many(file: Path, rejected: int, used: int, share: float) -> None:
    """Stop where more was set aside than the user allows.

    Raises:
        InputError: when more than ``share`` of all was.
    """
    total = rejected + used
    if rejected > share * total:
        raise InputError(
            f"{file}: {rejected} of {total} files or rows were set aside, more than {share:.0%}. "
            "Mend them, or give a larger --max_bad. No data list was written; one of an earlier run is as it was."
        )
