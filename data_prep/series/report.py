"""The table of what was found of each series."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data_prep.series.geometry import Geometry
from monai_ssl.files import write_whole

__all__ = ["REPORT_NAME", "SeriesRow", "write_report"]

REPORT_NAME = "series.csv"

_COLUMNS = (
    "volume",
    "files",
    "slices",
    "spacing_x_mm",
    "spacing_y_mm",
    "spacing_z_mm",
    "orientation",
    "tilt_degrees",
    "uneven_mm",
    "missing_slices",
    "notes",
)


@dataclass(frozen=True)
class SeriesRow:
    """A line of the report, without anything that tells whose series it is.

    Attributes:
        volume: file name of the NIfTI; empty where the series was set aside.
        files: their number, with those that show the same.
        slices: their number.
        geometry: where it could be measured.
        notes: what else there is to tell; the reason where it was set aside.
    """

    volume: str
    files: int
    slices: int
    geometry: Geometry | None
    notes: Sequence[str]


def write_report(output: Path, rows: Sequence[SeriesRow]) -> None:
    """Write ``series.csv``, whole or not at all.

    Args:
        output: the data set's folder.
        rows: one for each series.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_COLUMNS, *(_cells(row) for row in rows)])
    with write_whole(output / REPORT_NAME) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def _cells(row: SeriesRow) -> list[str]:
    measured = [""] * 7
    if (geometry := row.geometry) is not None:
        measured = [
            *(f"{length:.5g}" for length in geometry.spacing),
            geometry.orientation,
            f"{geometry.tilt:.2f}",
            f"{geometry.uneven:.3f}",
            str(sum(count for _, count in geometry.missing)),
        ]
    return [row.volume, str(row.files), str(row.slices), *measured, "; ".join(row.notes)]
