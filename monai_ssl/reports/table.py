"""An evaluation as a table: rows for a CSV file, and text for the terminal."""

from typing import Any

__all__ = ["METRICS", "format_table", "table_rows"]

METRICS = ("auroc", "average_precision", "sensitivity", "specificity")

_ENDS = {"value": "", "low": "_low", "high": "_high", "replicates": "_replicates"}


def table_rows(report: dict[str, Any]) -> list[list[Any]]:
    """Give a header, a row a class and one of means; each metric with its interval and the replicates used.

    Args:
        report: what :func:`~monai_ssl.reports.evaluation.evaluate` returns. None stands for undefined.
    """
    header = ["class", "positives", "negatives", "threshold"]
    rows: list[list[Any]] = [header + [f"{metric}{end}" for metric in METRICS for end in _ENDS.values()]]
    for name, entry in _entries(report):
        cells = [entry[metric][part] for metric in METRICS for part in _ENDS]
        rows.append([name, *(entry.get(key) for key in header[1:]), *cells])
    return rows


def format_table(report: dict[str, Any]) -> str:
    """Format a report as text: a row a class and one of means, each value with its interval.

    Args:
        report: what :func:`~monai_ssl.reports.evaluation.evaluate` returns. Undefined values show as "-".
    """
    table = [["class", "positive", "threshold", *METRICS]]
    for name, entry in _entries(report):
        count = f"{entry['positives']}/{entry['positives'] + entry['negatives']}" if "positives" in entry else ""
        threshold = "" if entry.get("threshold") is None else f"{entry['threshold']:.3g}"
        table.append([name, count, threshold, *(_cell(entry[metric]) for metric in METRICS)])
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    lines.insert(1, "-" * max(map(len, lines)))
    title = "{images} test images of {patients} patients".format(**report["test"])
    return "\n".join([f"{title}, {report['confidence']:.0%} bootstrap intervals over patients", "", *lines])


def _entries(report: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [*report["classes"].items(), ("mean", report["mean"])]


def _cell(value: dict[str, Any]) -> str:
    if value["value"] is None:
        return "-"
    if value["low"] is None:
        return f"{value['value']:.3f}"
    return "{value:.3f} ({low:.3f}-{high:.3f})".format(**value)
