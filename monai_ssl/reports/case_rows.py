"""The rows of ``cases.csv``, image by image; what is not known or not defined is left empty."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from monai_ssl.metrics import Predictions
from monai_ssl.reports.segmentation_case import SegmentationCase

__all__ = ["prediction_case_rows", "segmentation_case_rows"]

_DIGITS = 6


def prediction_case_rows(predictions: Predictions, class_names: Sequence[str]) -> list[list[Any]]:
    """Give a header, and a row an image.

    Multi-class: ``image``, ``patient``, ``class``, ``predicted`` (the most probable), ``correct`` (1 or 0) and
    ``probability_<class>``. Multi-label: ``image``, ``patient``, ``label_<class>`` and ``probability_<class>``.

    Args:
        predictions: of N images.
        class_names: C names.
    """
    multiclass = predictions.task == "multiclass"
    labels = ["class", "predicted", "correct"] if multiclass else [f"label_{name}" for name in class_names]
    rows: list[list[Any]] = [["image", "patient", *labels, *(f"probability_{name}" for name in class_names)]]
    for image, patient, truth, p in zip(
        predictions.images, predictions.patients, predictions.label_columns, predictions.probabilities, strict=True
    ):
        cells: list[Any]
        if multiclass:
            called = int(np.argmax(p))
            known = not np.isnan(truth).any()
            true_class, correct = (class_names[int(np.argmax(truth))], int(truth[called])) if known else (None, None)
            cells = [true_class, class_names[called], correct]
        else:
            cells = [int(label) if label in (0, 1) else None for label in truth]
        rows.append([image, patient, *cells, *(round(float(value), _DIGITS) for value in p)])
    return rows


def segmentation_case_rows(
    cases: Sequence[SegmentationCase], groups: Mapping[str, str] | None = None
) -> list[list[Any]]:
    """Give a header, and a row an image and region.

    Args:
        cases: the images.
        groups: the class of each image, by its name, for a column of its own.
    """
    length, volume = cases[0].units
    # By column: the attribute of the score.
    numbers = {
        "dice": "dice",
        f"hd95_{length}": "hd95",
        "jaccard": "jaccard",
        "ssim": "ssim",
        f"average_hausdorff_{length}": "average_hausdorff",
        "precision": "precision",
        "recall": "recall",
        f"predicted_{volume}": "volume",
        f"true_{volume}": "true_volume",
    }
    header = ["image", "patient", *([] if groups is None else ["class"]), "region", "outcome", *numbers]
    rows: list[list[Any]] = [header]
    for case in cases:
        group = [] if groups is None else [groups.get(case.image)]
        for name, score in case.scores.items():
            values = [getattr(score, attribute) for attribute in numbers.values()]
            cells = [None if math.isnan(value) else round(value, 4) for value in values]
            rows.append([case.image, case.patient, *group, name, score.outcome, *cells])
    return rows
