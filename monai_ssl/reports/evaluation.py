"""The evaluation of a classifier: thresholds from the validation images, results on the test images.

Everything is reported by class and as the mean over the defined classes, with bootstrap intervals over patients.
"""

import contextlib
import csv
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_ssl.errors import InputError
from monai_ssl.files import write_whole
from monai_ssl.metrics import (
    Predictions,
    average_precision_by_class,
    bootstrap_patients,
    choose_thresholds,
    defined_classes,
    macro,
    roc_auc_by_class,
    sensitivity_specificity,
    weighted_average_precision,
    weighted_macro,
    weighted_roc_auc,
    weighted_sensitivity_specificity,
)
from monai_ssl.reports.figures import calibration_figure, roc_figure
from monai_ssl.reports.table import METRICS, format_table, table_rows
from monai_ssl.tasks import check_task

__all__ = ["evaluate"]

CONFIDENCE = 0.95


def evaluate(
    validation: Predictions,
    test: Predictions,
    class_names: Sequence[str],
    task: str,
    output_dir: str | os.PathLike[str],
    replicates: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Evaluate on the test images, print a table and write the report.

    The thresholds maximise Youden's index on the validation images only. AUROC, average precision, and sensitivity and
    specificity at these thresholds come from the test images, by class and as the mean over the classes that are
    defined there, each with a 95 % percentile bootstrap interval over patients. In each replicate the mean, too, is
    over the classes that are defined in it.

    Into ``output_dir`` go ``evaluation.csv``, ``evaluation.json``, ``thresholds.json``, ``roc_curves.png`` and
    ``calibration.png``, none of them unless all could be made.

    Args:
        validation: predictions of the validation images.
        test: predictions of the test images.
        class_names: C names.
        task: "multilabel" or "multiclass" (each class against the rest).
        output_dir: the folder of the report; it is made where it is missing.
        replicates: number of bootstrap replicates.
        seed: seed of the bootstrap.

    Returns:
        what ``evaluation.json`` holds; None stands for undefined.

    Raises:
        InputError: when predictions, classes and task do not fit together, or no class can be evaluated.
    """
    _check(validation, test, class_names, check_task(task))
    thresholds = choose_thresholds(validation.probabilities, validation.label_columns)
    p, y = test.probabilities, test.label_columns

    def statistic(
        probabilities: NDArray[np.float64], labels: NDArray[np.float64], weights: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        by_metric = (
            weighted_roc_auc(probabilities, labels, weights),
            weighted_average_precision(probabilities, labels, weights),
            *weighted_sensitivity_specificity(probabilities, labels, weights, thresholds),
        )
        return np.concatenate([part for values in by_metric for part in (values, weighted_macro(values))], axis=1)

    by_metric = (roc_auc_by_class(p, y), average_precision_by_class(p, y), *sensitivity_specificity(p, y, thresholds))
    values = np.stack([[*v, macro(v)] for v in by_metric])
    intervals = bootstrap_patients(
        statistic, p, y, test.patients, replicates=replicates, confidence=CONFIDENCE, seed=seed
    )
    low, high, used = (part.reshape(values.shape) for part in (intervals.low, intervals.high, intervals.used))
    rows = [
        {
            metric: {
                "value": _number(values[m, c]),
                "low": _number(low[m, c]),
                "high": _number(high[m, c]),
                "replicates": int(used[m, c]),
            }
            for m, metric in enumerate(METRICS)
        }
        for c in range(len(class_names) + 1)
    ]
    defined = defined_classes(y)
    report = {
        "task": task,
        "confidence": CONFIDENCE,
        "replicates": replicates,
        "seed": seed,
        "validation": _counts(validation),
        "test": _counts(test),
        "classes": {
            name: {
                "positives": int(np.count_nonzero(y[:, c] == 1)),
                "negatives": int(np.count_nonzero(y[:, c] == 0)),
                "threshold": _number(thresholds[c]),
                **rows[c],
            }
            for c, name in enumerate(class_names)
        },
        "mean": {"classes": [name for name, known in zip(class_names, defined, strict=True) if known], **rows[-1]},
    }
    _write(report, test, thresholds, Path(output_dir))
    print(format_table(report))
    return report


def _write(report: dict[str, Any], test: Predictions, thresholds: NDArray[np.float64], folder: Path) -> None:
    """Write all files beside their places, and only then move them there."""
    names = list(report["classes"])
    title = "{images} test images of {patients} patients".format(**report["test"])
    roc = roc_figure(test.probabilities, test.label_columns, names, thresholds, f"ROC curves, {title}")
    calibration = calibration_figure(test.probabilities, test.label_columns, names, f"Calibration, {title}")
    chosen = {name: entry["threshold"] for name, entry in report["classes"].items()}
    with contextlib.ExitStack() as files:
        for name, content in (("evaluation.json", report), ("thresholds.json", chosen)):
            text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
            files.enter_context(write_whole(folder / name)).write_text(text + "\n", encoding="utf-8")
        for name, figure in (("roc_curves.png", roc), ("calibration.png", calibration)):
            figure.savefig(files.enter_context(write_whole(folder / name)))
        path = files.enter_context(write_whole(folder / "evaluation.csv"))
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(table_rows(report))


def _check(validation: Predictions, test: Predictions, class_names: Sequence[str], task: str) -> None:
    for part, predictions in (("validation", validation), ("test", test)):
        if predictions.task != task or predictions.probabilities.shape[1] != len(class_names):
            raise InputError(
                f"the {part} predictions are {predictions.task} with {predictions.probabilities.shape[1]} classes, "
                f"not {task} with {len(class_names)}. Check task and class_names."
            )
        if not defined_classes(predictions.label_columns).any():
            raise InputError(
                f"no class has both a positive and a negative among the {part} images. Give more labeled images."
            )


def _counts(predictions: Predictions) -> dict[str, int]:
    return {"images": len(predictions.images), "patients": len(set(predictions.patients))}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
