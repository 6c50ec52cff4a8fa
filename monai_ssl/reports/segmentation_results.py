"""The results of an evaluation of masks: each metric by region and as a mean, with its interval over patients."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_ssl.metrics import bootstrap_patients, weighted_macro, weighted_mean
from monai_ssl.reports.results import CONFIDENCE, interval_entry
from monai_ssl.reports.segmentation_case import SegmentationCase

__all__ = ["SEGMENTATION_METRICS", "build_segmentation_report", "score_arrays"]

SEGMENTATION_METRICS = ("dice", "hd95")

Array = NDArray[np.float64]


def score_arrays(cases: Sequence[SegmentationCase]) -> dict[str, Array]:
    """Give each of :data:`SEGMENTATION_METRICS` as (N, R), NaN for undefined."""
    return {
        metric: np.array([[getattr(score, metric) for score in case.scores.values()] for case in cases], dtype=float)
        for metric in SEGMENTATION_METRICS
    }


def build_segmentation_report(
    cases: Sequence[SegmentationCase], class_names: Sequence[str], replicates: int, seed: int
) -> dict[str, Any]:
    """Measure everything; see :func:`~monai_ssl.reports.segmentation.evaluate_segmentation`.

    Args:
        cases: N test images.
        class_names: the R regions.
        replicates: number of bootstrap replicates.
        seed: seed of the bootstrap.

    Returns:
        what ``evaluation.json`` holds: no arrays, and None for undefined.
    """
    outcomes = {name: [case.scores[name].outcome for case in cases] for name in class_names}
    *by_class, mean = _measure(cases, replicates, seed)
    classes = {
        name: {
            "images": sum(outcome in ("found", "missed") for outcome in outcomes[name]),
            "missed": outcomes[name].count("missed"),
            "false_positives": outcomes[name].count("false positive"),
            **entry,
        }
        for name, entry in zip(class_names, by_class, strict=True)
    }
    return {
        "task": "segmentation",
        "confidence": CONFIDENCE,
        "replicates": replicates,
        "seed": seed,
        "length_unit": cases[0].units[0],
        "test": {"images": len(cases), "patients": len({case.patient for case in cases})},
        "classes": classes,
        "mean": {"classes": [name for name, entry in classes.items() if entry["images"]], **mean},
    }


def _measure(cases: Sequence[SegmentationCase], replicates: int, seed: int) -> list[dict[str, Any]]:
    """Give the metrics of each region, and last those of the mean."""
    dice, hd95 = score_arrays(cases).values()
    intervals = bootstrap_patients(
        _means,
        dice,
        hd95,
        [case.patient for case in cases],
        replicates=replicates,
        confidence=CONFIDENCE,
        seed=seed,
    )
    values = _means(dice, hd95, np.ones((1, len(cases)), dtype=np.int64))[0]
    measured = map(interval_entry, values, intervals.low, intervals.high, intervals.used)
    columns = dice.shape[1] + 1
    entries: list[dict[str, Any]] = [{} for _ in range(columns)]
    for metric in SEGMENTATION_METRICS:
        for entry in entries:
            entry[metric] = next(measured)
    return entries


def _means(dice: Array, hd95: Array, weights: NDArray[np.int64]) -> Array:
    """Give both metrics of each region and their mean over the regions, under R sets of weights."""
    by_region = [weighted_mean(scores, weights) for scores in (dice, hd95)]
    return np.concatenate([part for values in by_region for part in (values, weighted_macro(values))], axis=1)
