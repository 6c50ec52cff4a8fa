"""The results of an evaluation of masks: each metric by region and as a mean, with its interval over patients."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_ssl.metrics import bootstrap_patients, weighted_macro, weighted_mean
from monai_ssl.reports.results import CONFIDENCE, interval_entry
from monai_ssl.reports.segmentation_case import SegmentationCase

__all__ = ["SEGMENTATION_METRICS", "build_segmentation_report", "score_arrays"]

SEGMENTATION_METRICS = ("dice", "hd95", "jaccard", "ssim", "average_hausdorff", "precision", "recall")

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
    regions = len(cases[0].scores)
    columns = np.concatenate(list(score_arrays(cases).values()), axis=1)
    intervals = bootstrap_patients(
        lambda scores, _, weights: _means(scores, weights, regions),
        columns,
        columns,  # the scores hold the truth already: there are no labels beside them
        [case.patient for case in cases],
        replicates=replicates,
        confidence=CONFIDENCE,
        seed=seed,
    )
    values = _means(columns, np.ones((1, len(cases)), dtype=np.int64), regions)[0]
    measured = map(interval_entry, values, intervals.low, intervals.high, intervals.used)
    entries: list[dict[str, Any]] = [{} for _ in range(regions + 1)]
    for metric in SEGMENTATION_METRICS:
        for entry in entries:
            entry[metric] = next(measured)
    return entries


def _means(columns: Array, weights: NDArray[np.int64], regions: int) -> Array:
    """Give each metric of each region, followed by its mean over the regions, under R sets of weights."""
    by_region = weighted_mean(columns, weights)
    over_regions = weighted_macro(by_region.reshape(-1, regions))
    parts = [part.reshape(len(weights), len(SEGMENTATION_METRICS), -1) for part in (by_region, over_regions)]
    return np.concatenate(parts, axis=2).reshape(len(weights), -1)
