"""The results of an evaluation: each metric by class and as a mean, with its bootstrap interval over patients."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_ssl.metrics import (
    Predictions,
    accuracy,
    accuracy_one_against_rest,
    average_precision_by_class,
    bootstrap_patients,
    defined_classes,
    f1_most_probable,
    macro,
    most_probable,
    roc_auc_by_class,
    sensitivity_specificity,
    weighted_accuracy,
    weighted_accuracy_one_against_rest,
    weighted_average_precision,
    weighted_f1_most_probable,
    weighted_macro,
    weighted_roc_auc,
    weighted_sensitivity_specificity,
)

__all__ = [
    "ACCURACY",
    "CONFIDENCE",
    "METRICS",
    "MODEL_DIGEST",
    "MOST_PROBABLE_METRICS",
    "build_report",
    "interval_entry",
]

METRICS = ("auroc", "average_precision", "sensitivity", "specificity")
MOST_PROBABLE_METRICS = (
    "sensitivity_most_probable",
    "specificity_most_probable",
    "f1_most_probable",
    "accuracy_one_against_rest",
)
ACCURACY = "accuracy"
"""Of all images at once: the only metric that is not by class."""

CONFIDENCE = 0.95

MODEL_DIGEST = "model_sha256"
"""Where the record of an evaluation tells which model file it is of."""

Array = NDArray[np.float64]


def build_report(
    validation: Predictions,
    test: Predictions,
    thresholds: Array,
    class_names: Sequence[str],
    replicates: int,
    seed: int,
) -> dict[str, Any]:
    """Measure everything on the test images; see :func:`~monai_ssl.reports.evaluation.evaluate`.

    Args:
        validation: predictions of the validation images, of which only the numbers are reported.
        test: predictions of the test images.
        thresholds: (C,), NaN for a class without.
        class_names: C names.
        replicates: number of bootstrap replicates.
        seed: seed of the bootstrap.

    Returns:
        what ``evaluation.json`` holds: no arrays, and None for undefined.
    """
    y = test.label_columns
    *by_class, mean = _measure(test, thresholds, replicates, seed)
    defined = defined_classes(y)
    called = defined & ~np.isnan(thresholds)
    return {
        "task": test.task,
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
                **by_class[c],
            }
            for c, name in enumerate(class_names)
        },
        "mean": {
            "classes": [name for name, known in zip(class_names, defined, strict=True) if known],
            "classes_with_threshold": [name for name, known in zip(class_names, called, strict=True) if known],
            **mean,
        },
    }


def interval_entry(value: float, low: float, high: float, used: int) -> dict[str, Any]:
    """Give a value, its interval and the number of replicates used as a report has them: None for NaN."""
    return {"value": _number(value), "low": _number(low), "high": _number(high), "replicates": int(used)}


def _measure(test: Predictions, thresholds: Array, replicates: int, seed: int) -> list[dict[str, Any]]:
    """Give the metrics of each class, and last those of the mean, plain accuracy among them."""
    p, y, classes = test.probabilities, test.label_columns, len(thresholds)
    multiclass = test.task == "multiclass"
    keys = [(name, c) for name in METRICS for c in range(classes + 1)]
    if multiclass:
        keys += [(name, c) for name in MOST_PROBABLE_METRICS for c in range(classes + 1)]
        keys.append((ACCURACY, classes))
    intervals = bootstrap_patients(
        partial(_replicated, thresholds=thresholds, multiclass=multiclass),
        p,
        y,
        test.patients,
        replicates=replicates,
        confidence=CONFIDENCE,
        seed=seed,
    )
    entries: list[dict[str, Any]] = [{} for _ in range(classes + 1)]
    values = _values(p, y, thresholds, multiclass)
    rows = zip(keys, values, intervals.low, intervals.high, intervals.used, strict=True)
    for (name, c), value, low, high, used in rows:
        entries[c][name] = interval_entry(value, low, high, used)
    return entries


def _values(p: Array, y: Array, thresholds: Array, multiclass: bool) -> list[float]:
    """Give each metric of each class and its mean, in the order of the keys."""
    metrics = [roc_auc_by_class(p, y), average_precision_by_class(p, y), *sensitivity_specificity(p, y, thresholds)]
    if multiclass:
        # The class that is called has 1 and every other 0.
        metrics += sensitivity_specificity(most_probable(p), y, np.ones_like(thresholds))
        metrics += [f1_most_probable(p, y), accuracy_one_against_rest(p, y)]
    values = [value for metric in metrics for value in (*metric, macro(metric))]
    return [*values, accuracy(p, y)] if multiclass else values


def _replicated(p: Array, y: Array, weights: NDArray[np.int64], *, thresholds: Array, multiclass: bool) -> Array:
    """Give the same values under R sets of weights, (R, K)."""
    metrics = [
        weighted_roc_auc(p, y, weights),
        weighted_average_precision(p, y, weights),
        *weighted_sensitivity_specificity(p, y, weights, thresholds),
    ]
    if multiclass:
        metrics += weighted_sensitivity_specificity(most_probable(p), y, weights, np.ones_like(thresholds))
        metrics += [weighted_f1_most_probable(p, y, weights), weighted_accuracy_one_against_rest(p, y, weights)]
    values = [value for metric in metrics for value in (metric, weighted_macro(metric))]
    return np.concatenate([*values, weighted_accuracy(p, y, weights)] if multiclass else values, axis=1)


def _counts(predictions: Predictions) -> dict[str, int]:
    return {"images": len(predictions.images), "patients": len(set(predictions.patients))}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
