"""The part of a model card on how well the model does."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from monai_ssl.export.markdown import table_lines
from monai_ssl.export.records import Records
from monai_ssl.export.source import Source
from monai_ssl.reports.results import ACCURACY, METRICS, MODEL_DIGEST, MOST_PROBABLE_METRICS
from monai_ssl.reports.segmentation_results import SEGMENTATION_METRICS

__all__ = ["evaluation_lines"]

_LENGTHS = ("hd95", "average_hausdorff")
_NAMES = {"auroc": "AUROC", "dice": "Dice", "jaccard": "Jaccard", "hd95": "HD95", "ssim": "SSIM"}


def evaluation_lines(source: Source, records: Records) -> Iterator[str]:
    """Give the lines of Markdown."""
    report = records.evaluation
    if not report:
        yield f"**Not evaluated**: {records.unknown['the evaluation']}. Nothing is known of how well it does."
        return
    counts = report["test"]
    yield (
        f"On {counts['images']} test images of {counts['patients']} patients, {_apart(records, counts)}. In "
        f"parentheses: {report['confidence']:.0%} intervals by {report['replicates']} bootstrap replicates over "
        "patients. They tell of chance in the choice of these patients, not of other hospitals. `-`: not defined."
    )
    yield ""
    if report.get(MODEL_DIGEST):
        yield "That it is of this very model is told by the SHA-256 of the model's file in its record."
    else:
        yield (
            "**That it is of this very model is told by the times of the files alone**: its record is of an earlier "
            "version, and holds no checksum of the model."
        )
    masks = report["classes"] if report["task"] == "segmentation" else report.get("regions", {})
    classes = {} if report["task"] == "segmentation" else report["classes"]
    if classes:
        yield from _class_lines(classes, report, "multiclass" in source.outputs.values())
    if masks:
        yield ""
        yield from _table(
            "region", masks, report["mean"], SEGMENTATION_METRICS, ("images", "missed", "false_positives")
        )
        yield ""
        yield (
            f"Lengths (HD95, average Hausdorff) are in {report['length_unit']}. `missed`: images that have the region "
            "and where nothing of it is found; `false positives`: images without it where some is found."
        )


def _apart(records: Records, counts: Mapping[str, int]) -> str:
    """Whether they are those of the data list that the model was trained on: an evaluation may be given another one."""
    if records.data and all(records.data[what]["test"] == counts[what] for what in ("images", "patients")):
        return "which it was neither trained nor chosen on"
    return (
        "of a data list that is not known to be the one it was trained on, **so make sure that it was neither trained "
        "nor chosen on images of these patients**"
    )


def _class_lines(classes: Mapping[str, Any], report: Mapping[str, Any], multiclass: bool) -> Iterator[str]:
    yield ""
    yield from _table("class", classes, report["mean"], METRICS, ("positives", "negatives", "threshold"))
    yield ""
    yield (
        "An AUROC of 0.5 is chance, 1 is perfect; the average precision of chance is the part of positive images. "
        "Sensitivity and specificity are at the class's threshold. The mean is over the classes that are defined on "
        "the test images; those of sensitivity and specificity over those of them that have a threshold."
    )
    if multiclass:
        yield ""
        yield from _table("class", classes, report["mean"], MOST_PROBABLE_METRICS, ())
        yield ""
        accuracy = _cell(report["mean"], ACCURACY)
        yield f"Accuracy, the part of the images whose most probable class is the true one: {accuracy}."


def _table(
    title: str, rows: Mapping[str, Any], mean: Mapping[str, Any], metrics: Sequence[str], counts: Sequence[str]
) -> Iterator[str]:
    header = [title, *(_NAMES.get(name, name.replace("_", " ")) for name in (*counts, *metrics))]
    lines = []
    for name, entry in (*rows.items(), ("**mean**", mean)):
        numbers = [entry.get(count) for count in counts]
        shown = [
            f"{number:.3g}" if isinstance(number, float) else "" if number is None else str(number)
            for number in numbers
        ]
        lines.append([name, *shown, *(_cell(entry, metric) for metric in metrics)])
    yield from table_lines(header, lines)


def _cell(entry: Mapping[str, Any], metric: str) -> str:
    found = entry.get(metric) or {"value": None}
    if found["value"] is None:
        return "-"
    digits = 2 if metric in _LENGTHS else 3
    text = f"{found['value']:.{digits}f}"
    return text if found.get("low") is None else f"{text} ({found['low']:.{digits}f}-{found['high']:.{digits}f})"
