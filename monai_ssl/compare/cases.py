"""Reading the scores of a run, image by image, and putting those of several runs together."""

import csv
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from monai_ssl.errors import InputError

__all__ = ["Scores", "join_scores", "read_scores"]

Key = tuple[str, str]
"""A patient (or an image) and a region."""

Scores = dict[str, dict[Key, float]]
"""Values by metric and by patient and region; NaN where undefined."""

_IMAGE, _PATIENT, _REGION = "image", "patient", "region"


def read_scores(path: Path, by_image: bool = False) -> Scores:
    """Read a CSV with a row an image (and region), such as ``cases.csv`` of an evaluation.

    Its columns are ``image``, optionally ``patient`` and ``region``, and metrics. Columns that hold anything but
    numbers are left out; an empty cell is undefined.

    Args:
        path: the file.
        by_image: whether images are what is compared; by default the values of a patient's images are averaged, since
            the images of one patient are alike, and tests of them would find more than there is.

    Raises:
        InputError: for a file that cannot be read, without the column or any metric, or with a row twice.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: this table cannot be read ({error}). Give a CSV with a row an image.") from error
    if not rows or _IMAGE not in rows[0]:
        raise InputError(f"{path}: a header with the column `{_IMAGE}`, and a row an image, are expected.")
    names = [name for name in rows[0] if name not in (None, _IMAGE, _PATIENT, _REGION) and _is_metric(rows, name)]
    if not names:
        raise InputError(f"{path}: there is no column of numbers. Give the table of the images, such as cases.csv.")
    seen: dict[Key, int] = {}
    values: dict[str, dict[Key, list[float]]] = {name: defaultdict(list) for name in names}
    for line, row in enumerate(rows, start=2):
        region = row.get(_REGION) or ""
        image = (row[_IMAGE], region)
        if image in seen:
            raise InputError(f"{path}: lines {seen[image]} and {line} are of one image{_of(region)}. Remove one.")
        seen[image] = line
        unit = row[_IMAGE] if by_image else row.get(_PATIENT) or row[_IMAGE]
        for name in names:
            values[name][unit, region].append(_number(row[name]))
    return {name: {key: _mean(some) for key, some in by_key.items()} for name, by_key in values.items()}


def join_scores(runs: Mapping[str, Scores], metric: str, region: str) -> dict[str, list[float]]:
    """The values of a metric, of the same patients in the same order in every run.

    Patients for whom any run has no value are left out.

    Args:
        runs: by name.
        metric: the metric.
        region: the region; ``""`` where there are none.

    Raises:
        InputError: when the runs are not of the same patients; how many differ is said, not who.
    """
    found = {
        name: {unit: value for (unit, of), value in scores[metric].items() if of == region}
        for name, scores in runs.items()
    }
    first, *others = found
    for other in others:
        lacking, added = len(found[first].keys() - found[other]), len(found[other].keys() - found[first])
        if lacking or added:
            raise InputError(
                f"{other}: {lacking} of those in {first} are missing{_of(region)}, and {added} are there that are not "
                "in it. Compare evaluations of the same images."
            )
    units = [unit for unit in found[first] if all(math.isfinite(of[unit]) for of in found.values())]
    return {name: [of[unit] for unit in units] for name, of in found.items()}


def _is_metric(rows: Sequence[Mapping[str, str]], name: str) -> bool:
    """Whether a column has a number, and nothing but numbers."""
    try:
        return not all(math.isnan(_number(row[name])) for row in rows)
    except ValueError:
        return False


def _number(cell: str | None) -> float:
    return float(cell) if cell and cell.strip() else math.nan


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return fmean(known) if known else math.nan


def _of(region: str) -> str:
    return f" of the region {region}" if region else ""
