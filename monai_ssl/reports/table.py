"""An evaluation as a table: rows for a CSV file, and text for the terminal."""

from typing import Any

from monai_ssl.reports.results import ACCURACY, METRICS, MOST_PROBABLE_METRICS

__all__ = ["format_table", "table_rows"]

_ENDS = {"value": "", "low": "_low", "high": "_high", "replicates": "_replicates"}


def table_rows(report: dict[str, Any]) -> list[list[Any]]:
    """Give a header, a row a class and one of means; each metric with its interval and the replicates used.

    Args:
        report: what :func:`~monai_ssl.reports.evaluation.evaluate` returns. None stands for undefined, and for plain
            accuracy in the row of a class: it stands in the row of means only.
    """
    metrics = (*METRICS, *MOST_PROBABLE_METRICS, ACCURACY) if report["task"] == "multiclass" else METRICS
    header = ["class", "positives", "negatives", "threshold"]
    rows: list[list[Any]] = [header + [f"{metric}{end}" for metric in metrics for end in _ENDS.values()]]
    for name, entry in _entries(report):
        cells = [entry.get(metric, {}).get(part) for metric in metrics for part in _ENDS]
        rows.append([name, *(entry.get(key) for key in header[1:]), *cells])
    return rows


def format_table(report: dict[str, Any]) -> str:
    """Format a report as text: a row a class and one of means, each value with its interval.

    Below stand the classes that are in some of the means only, for want of a threshold; and, of multi-class
    predictions, a second table of the most probable class.

    Args:
        report: what :func:`~monai_ssl.reports.evaluation.evaluate` returns. Undefined values show as "-".
    """
    table = [["class", "positive", "threshold", *METRICS]]
    for name, entry in _entries(report):
        count = f"{entry['positives']}/{entry['positives'] + entry['negatives']}" if "positives" in entry else ""
        threshold = "" if entry.get("threshold") is None else f"{entry['threshold']:.3g}"
        table.append([name, count, threshold, *(_cell(entry[metric]) for metric in METRICS)])
    title = "{images} test images of {patients} patients".format(**report["test"])
    lines = [f"{title}, {report['confidence']:.0%} bootstrap intervals over patients", "", *_aligned(table)]
    without = [name for name in report["mean"]["classes"] if name not in report["mean"]["classes_with_threshold"]]
    if without:
        names = ", ".join(without)
        lines += ["", f"No threshold from validation, so not in the mean of sensitivity and specificity: {names}"]
    if report["task"] == "multiclass":
        lines += ["", *_most_probable_lines(report)]
    return "\n".join(lines)


def _most_probable_lines(report: dict[str, Any]) -> list[str]:
    table = [["most probable class", *MOST_PROBABLE_METRICS]]
    table += [[name, *(_cell(entry[metric]) for metric in MOST_PROBABLE_METRICS)] for name, entry in _entries(report)]
    accuracy = f"{ACCURACY}, the fraction of images called right: {_cell(report['mean'][ACCURACY])}"
    relation = f"1 - 2 (1 - {ACCURACY}) / {len(report['classes'])}"
    return [*_aligned(table), "", accuracy, f"The mean of {MOST_PROBABLE_METRICS[-1]} is over all classes: {relation}."]


def _aligned(table: list[list[str]]) -> list[str]:
    """Align the columns, with a rule below the header."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    lines.insert(1, "-" * max(map(len, lines)))
    return lines


def _entries(report: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [*report["classes"].items(), ("mean", report["mean"])]


def _cell(value: dict[str, Any]) -> str:
    if value["value"] is None:
        return "-"
    if value["low"] is None:
        return f"{value['value']:.3f}"
    return "{value:.3f} ({low:.3f}-{high:.3f})".format(**value)
