"""The files of a report: all of them or none."""

import contextlib
import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from monai_ssl.files import write_whole

__all__ = ["write_report"]


def write_report(
    folder: Path,
    contents: Mapping[str, Any],
    tables: Mapping[str, Sequence[Sequence[Any]]],
    figures: Mapping[str, Figure],
) -> None:
    """Write all files beside their places, and only then move them there.

    Args:
        folder: is made where it is missing.
        contents: of JSON files, by name; without NaN.
        tables: rows of CSV files, by name.
        figures: by name of the file.
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
