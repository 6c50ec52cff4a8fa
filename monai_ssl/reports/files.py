"""The files of a report: all of them or none."""

import contextlib
import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from monai_ssl.files import write_whole

__all__ = ["remove_report", "write_report"]


def write_report(
    folder: Path,
    contents: Mapping[str, Any],
    tables: Mapping[str, Sequence[Sequence[Any]]],
    figures: Mapping[str, Figure],
    stale: Iterable[str] = (),
) -> None:
    """Write all files beside their places, and only then move them there.

    Args:
        folder: is made where it is missing.
        contents: of JSON files, by name; without NaN.
        tables: rows of CSV files, by name.
        figures: by name of the file.
        stale: names of files that an earlier report may have left and that go where they are not written anew, so that
            nothing of it stands beside this one.
    """
    with contextlib.ExitStack() as files:
        for name, content in contents.items():
            text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
            files.enter_context(write_whole(folder / name)).write_text(text + "\n", encoding="utf-8")
        for name, figure in figures.items():
            figure.savefig(files.enter_context(write_whole(folder / name)))
        for name, rows in tables.items():
            path = files.enter_context(write_whole(folder / name))
            with path.open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(rows)
    remove_report(folder, set(stale) - {*contents, *figures, *tables})


def remove_report(folder: Path, names: Iterable[str]) -> None:
    """Remove the files of an earlier report, and the folder where nothing else is in it."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
