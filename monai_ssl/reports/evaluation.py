"""The evaluation of a classifier: thresholds from the validation images, results on the test images."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_ssl.errors import InputError
from monai_ssl.metrics import Predictions, choose_thresholds, defined_classes
from monai_ssl.reports.case_rows import prediction_case_rows
from monai_ssl.reports.figures import calibration_figure, confusion_figure, roc_figure
from monai_ssl.reports.files import write_report
from monai_ssl.reports.results import MODEL_DIGEST, build_report
from monai_ssl.reports.table import format_table, table_rows
from monai_ssl.tasks import check_task

__all__ = ["CLASSIFICATION_FILES", "check_predictions", "evaluate"]

CLASSIFICATION_FILES = (
    "evaluation.csv",
    "evaluation.json",
    "cases.csv",
    "thresholds.json",
    "roc_curves.png",
    "calibration.png",
    "confusion_matrix.png",
)
"""All that a report of a classifier may have."""


def evaluate(
    validation: Predictions,
    test: Predictions,
    class_names: Sequence[str],
    task: str,
    output_dir: str | os.PathLike[str],
    replicates: int = 1000,
    seed: int = 0,
    model_sha256: str | None = None,
) -> dict[str, Any]:
    """Evaluate on the test images, print a table and write the report.

    The thresholds maximise Youden's index on the validation images only. AUROC, average precision, and sensitivity and
    specificity at these thresholds come from the test images, by class and as the mean over the classes that are
    defined there, each with a 95 % percentile bootstrap interval over patients. A class that is not defined on the
    validation images has no threshold, so the means of sensitivity and specificity are without it: the report names
    the classes of these means as ``classes_with_threshold``, those of the others as ``classes``. In each replicate the
    mean, too, is over the classes that are defined in it.

    Multi-class predictions are judged by the most probable class, too, on the images that have a label:
    ``sensitivity_most_probable``, ``specificity_most_probable`` and ``f1_most_probable``, with means over the same
    classes as above; ``accuracy_one_against_rest``, which a class without test images has as well, with the mean over
    all C classes; and ``accuracy``, the fraction of images that are called right, one number beside the means. The mean
    of the former is 1 - 2 (1 - ``accuracy``) / C, so never mistake one for the other (see
    :mod:`monai_ssl.metrics.most_probable`).

    Into ``output_dir`` go ``evaluation.csv``, ``evaluation.json``, ``cases.csv`` with a row an image,
    ``thresholds.json``, ``roc_curves.png``, ``calibration.png`` and, of multi-class predictions,
    ``confusion_matrix.png``, none of them unless all could be made.

    Args:
        validation: predictions of the validation images.
        test: predictions of the test images.
        class_names: C names.
        task: "multilabel" or "multiclass" (each class against the rest).
        output_dir: the folder of the report; it is made where it is missing.
        replicates: number of bootstrap replicates.
        seed: seed of the bootstrap.
        model_sha256: of the file of the model that made the predictions, for the record.

    Returns:
        what ``evaluation.json`` holds; None stands for undefined.

    Raises:
        InputError: when predictions, classes and task do not fit together, or no class can be evaluated.
    """
    check_predictions(validation, test, class_names, check_task(task))
    thresholds = choose_thresholds(validation.probabilities, validation.label_columns)
    report = {MODEL_DIGEST: model_sha256, **build_report(validation, test, thresholds, class_names, replicates, seed)}
    _write(report, test, thresholds, Path(output_dir))
    print(format_table(report), f"\nReport:  {output_dir}", sep="\n")
    return report


def _write(report: dict[str, Any], test: Predictions, thresholds: NDArray[np.float64], folder: Path) -> None:
    names = list(report["classes"])
    title = "{images} test images of {patients} patients".format(**report["test"])
    roc = roc_figure(test.probabilities, test.label_columns, names, thresholds, f"ROC curves, {title}")
    calibration = calibration_figure(test.probabilities, test.label_columns, names, f"Calibration, {title}")
    figures = {"roc_curves.png": roc, "calibration.png": calibration}
    if test.task == "multiclass":
        confusion = confusion_figure(test.probabilities, test.label_columns, names, f"Confusion matrix, {title}")
        figures["confusion_matrix.png"] = confusion
    chosen = {name: entry["threshold"] for name, entry in report["classes"].items()}
    contents = {"evaluation.json": report, "thresholds.json": chosen}
    tables = {"evaluation.csv": table_rows(report), "cases.csv": prediction_case_rows(test, names)}
    write_report(folder, contents, tables, figures, stale=CLASSIFICATION_FILES)


def check_predictions(validation: Predictions, test: Predictions, class_names: Sequence[str], task: str) -> None:
    """Check that predictions can be evaluated.

    Raises:
        InputError: when predictions, classes and task do not fit together, or no class can be evaluated.
    """
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
