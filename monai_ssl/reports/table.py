"""An evaluation as a table: rows for a CSV file, and text for the terminal."""

from collections.abc import Callable, Sequence
from typing import Any

from monai_ssl.reports.results import ACCURACY, METRICS, MOST_PROBABLE_METRICS
from monai_ssl.reports.segmentation_results import SEGMENTATION_METRICS

__all__ = ["format_table", "table_rows"]

_ENDS = {"value": "", "low": "_low", "high": "_high", "replicates": "_replicates"}
_REGION_COUNTS = ("images", "missed", "false_positives")
# The other scores of masks stand in a table of their own, without intervals, to keep the lines short.
_MAIN, _FURTHER = SEGMENTATION_METRICS[:2], SEGMENTATION_METRICS[2:]
_LENGTHS = ("hd95", "average_hausdorff")
_DIGITS = {"hd95": 2, "average_hausdorff": 2}

Entry = dict[str, Any]


def table_rows(report: dict[str, Any]) -> list[list[Any]]:
    """Give a header, a row a class or region and one of means; each metric with its interval and the replicates used.

    Args:
        report: what :func:`~monai_ssl.reports.evaluation.evaluate` or
            :func:`~monai_ssl.reports.segmentation.evaluate_segmentation` returns. None stands for undefined, and for
            plain accuracy in the row of a class: it stands in the row of means only.
    """
    metrics: Sequence[str] = METRICS
    header = ["class", "positives", "negatives", "threshold"]
    if report["task"] == "multiclass":
        metrics = (*METRICS, *MOST_PROBABLE_METRICS, ACCURACY)
    elif report["task"] == "segmentation":
        metrics = SEGMENTATION_METRICS
        header = ["region", *_REGION_COUNTS]
    rows: list[list[Any]] = [header + [f"{metric}{end}" for metric in metrics for end in _ENDS.values()]]
    for name, entry in _entries(report):
        cells = [entry.get(metric, {}).get(part) for metric in metrics for part in _ENDS]
        rows.append([name, *(entry.get(key) for key in header[1:]), *cells])
    return rows


def format_table(report: dict[str, Any]) -> str:
    """Format a report as text: a row a class or region and one of means, each value with its interval.

    Below stand the classes that are in some of the means only, for want of a threshold; and, of multi-class
    predictions, a second table of the most probable class. Of masks, a second table has the further scores, without
    their intervals.

    Args:
        report: as for :func:`table_rows`. Undefined values show as "-".
    """
    title = "{images} test images of {patients} patients".format(**report["test"])
    lines = [f"{title}, {report['confidence']:.0%} bootstrap intervals over patients", ""]
    if report["task"] == "segmentation":
        return "\n".join([*lines, *_region_tables(report)])
    lines += _table(report, ["class", "positive", "threshold", *METRICS], _class_cells)
    without = [name for name in report["mean"]["classes"] if name not in report["mean"]["classes_with_threshold"]]
    if without:
        names = ", ".join(without)
        lines += ["", f"No threshold from validation, so not in the mean of sensitivity and specificity: {names}"]
    if report["task"] == "multiclass":
        lines += ["", *_most_probable_lines(report)]
    return "\n".join(lines)


def _region_tables(report: dict[str, Any]) -> list[str]:
    names = {m: m.replace("_", " ") + f" ({report['length_unit']})" * (m in _LENGTHS) for m in SEGMENTATION_METRICS}
    header = ["region", *(count.replace("_", " ") for count in _REGION_COUNTS), *(names[m] for m in _MAIN)]
    further = ["region", *(names[m] for m in _FURTHER)]
    return [*_table(report, header, _region_cells), "", *_table(report, further, _further_region_cells)]


def _region_cells(entry: Entry) -> list[str]:
    counts = [str(entry.get(count, "")) for count in _REGION_COUNTS]
    return [*counts, *(_cell(entry[metric], _DIGITS.get(metric, 3)) for metric in _MAIN)]


def _further_region_cells(entry: Entry) -> list[str]:
    return [_cell(entry[metric] | {"low": None}, _DIGITS.get(metric, 3)) for metric in _FURTHER]


def _class_cells(entry: Entry) -> list[str]:
    count = f"{entry['positives']}/{entry['positives'] + entry['negatives']}" if "positives" in entry else ""
    threshold = "" if entry.get("threshold") is None else f"{entry['threshold']:.3g}"
    return [count, threshold, *(_cell(entry[metric]) for metric in METRICS)]


def _most_probable_lines(report: dict[str, Any]) -> list[str]:
    table = _table(
        report,
        ["most probable class", *(metric.removesuffix("_most_probable") for metric in MOST_PROBABLE_METRICS)],
        lambda entry: [_cell(entry[metric]) for metric in MOST_PROBABLE_METRICS],
    )
    accuracy = f"{ACCURACY}, the fraction of images called right: {_cell(report['mean'][ACCURACY])}"
    relation = f"1 - 2 (1 - {ACCURACY}) / {len(report['classes'])}"
    return [*table, "", accuracy, f"The mean of {MOST_PROBABLE_METRICS[-1]} is over all classes: {relation}."]


def _table(report: dict[str, Any], header: list[str], cells: Callable[[Entry], list[str]]) -> list[str]:
    """Make a row an entry and align the columns, with a rule below the header."""
    table = [header, *([name, *cells(entry)] for name, entry in _entries(report))]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    lines.insert(1, "-" * max(map(len, lines)))
    return lines


def _entries(report: dict[str, Any]) -> list[tuple[str, Entry]]:
    return [*report["classes"].items(), ("mean", report["mean"])]


def _cell(value: dict[str, Any], digits: int = 3) -> str:
    if value["value"] is None:
        return "-"
    text = f"{value['value']:.{digits}f}"
    return text if value["low"] is None else f"{text} ({value['low']:.{digits}f}-{value['high']:.{digits}f})"
