"""The evaluation of models that give a mask and a diagnosis of one image, or one of the two."""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from monai_ssl.errors import InputError
from monai_ssl.metrics import Predictions
from monai_ssl.reports.evaluation import CLASSIFICATION_FILES, check_predictions, evaluate
from monai_ssl.reports.figures import bland_altman_figure, dice_by_class_figure
from monai_ssl.reports.files import remove_report, write_report
from monai_ssl.reports.results import CONFIDENCE, MODEL_DIGEST
from monai_ssl.reports.segmentation import SEGMENTATION_FILES, check_cases, evaluate_segmentation
from monai_ssl.reports.segmentation_case import SegmentationCase
from monai_ssl.reports.segmentation_results import score_arrays

__all__ = ["evaluate_joint"]

_logger = logging.getLogger("monai_ssl")

_DIAGNOSIS, _MASKS = "diagnosis", "masks"
_FIGURES = ("dice_by_class.png", "bland_altman.png")


def evaluate_joint(
    output_dir: str | os.PathLike[str],
    class_names: Sequence[str],
    region_names: Sequence[str],
    validation: Predictions | None = None,
    test: Predictions | None = None,
    cases: Sequence[SegmentationCase] | None = None,
    replicates: int = 1000,
    seed: int = 0,
    model_sha256: str | None = None,
) -> dict[str, Any]:
    """Evaluate the diagnosis, the masks, and the masks by diagnosis on the test images.

    The diagnosis is evaluated as any other (:func:`~monai_ssl.reports.evaluate`, into ``diagnosis`` below
    ``output_dir``), and so are the masks (:func:`~monai_ssl.reports.evaluate_segmentation`, into ``masks``), each over
    the test images that have a class or a mask. Into ``output_dir`` itself go

    - ``evaluation.json``, with the numbers of both;
    - ``bland_altman.png``, predicted against true areas, where there are masks;
    - ``dice_by_class.png``, the Dice by true class, where there are masks and the classes of some of their images are
      known and a single one each. The images are found by their names.

    Where no test image has a mask, or none a known class, that part is left out with a warning.

    What an earlier evaluation has left there and this one does not write is removed.

    Args:
        output_dir: the folder of the report; it is made where it is missing.
        class_names: of the diagnosis.
        region_names: of the masks.
        validation: the diagnoses of the validation images, which thresholds are chosen on; None, as ``test``, for a
            model that gives masks only.
        test: the diagnoses of the test images.
        cases: the masks of the test images; None for a model that gives a diagnosis only.
        replicates: number of bootstrap replicates.
        seed: seed of the bootstrap.
        model_sha256: of the file of the model that made the predictions, for the record.

    Returns:
        what ``evaluation.json`` holds: ``classes`` and ``regions`` as in the two other reports, and in ``mean`` the
        means of both, with the names of the classes and regions that they are over.

    Raises:
        InputError: as the two other evaluations do, before anything is written; or when the test images can judge
            neither of the model's parts.
        ValueError: for only one of ``validation`` and ``test``, or neither diagnoses nor masks.
    """
    if (validation is None) != (test is None):
        raise ValueError("`validation` and `test` go together: give both, or neither of a model without a diagnosis.")
    if test is None and cases is None:
        raise ValueError("There is nothing to evaluate: give `validation` and `test`, or `cases`, or all three.")
    if cases is not None and not cases:
        _logger.warning("No test image has a mask, so the masks are not evaluated.")
        cases = None
    if test is not None and (np.isnan(labels := np.asarray(test.labels, dtype=float)) | (labels < 0)).all():
        _logger.warning("No test image has a class, so the diagnosis is not evaluated.")
        validation = test = None
    if test is None and cases is None:
        raise InputError("No test image has a mask or a class that this model gives. Test on images that have.")
    # All that may be refused is refused before anything is written.
    if validation is not None and test is not None:
        check_predictions(validation, test, class_names, test.task)
    classes = _true_classes(test) | {case.image: case.label for case in cases or () if case.label >= 0}
    figures: dict[str, Figure] = {}
    if cases is not None:
        check_cases(cases, region_names)
        figures = _figures(cases, classes, class_names, region_names)
    folder = Path(output_dir)
    report: dict[str, Any] = {
        MODEL_DIGEST: model_sha256,
        "task": "joint",
        "confidence": CONFIDENCE,
        "replicates": replicates,
        "seed": seed,
    }
    report |= {"test": _counts(test, cases), "classes": {}, "regions": {}, "mean": {}}
    if validation is not None and test is not None:
        diagnosis = evaluate(
            validation, test, class_names, test.task, folder / _DIAGNOSIS, replicates, seed, model_sha256
        )
        report |= {"classes": diagnosis["classes"], "mean": diagnosis["mean"]}
        print()
    else:
        remove_report(folder / _DIAGNOSIS, CLASSIFICATION_FILES)
    if cases is not None:
        groups = {image: class_names[index] for image, index in classes.items()} if classes else None
        masks = evaluate_segmentation(cases, region_names, folder / _MASKS, replicates, seed, groups, model_sha256)
        means = {"regions" if key == "classes" else key: value for key, value in masks["mean"].items()}
        report |= {"length_unit": masks["length_unit"], "regions": masks["classes"]}
        report["mean"] = report["mean"] | means
    else:
        remove_report(folder / _MASKS, SEGMENTATION_FILES)
    write_report(folder, {"evaluation.json": report}, {}, figures, stale=_FIGURES)
    return report


def _counts(test: Predictions | None, cases: Sequence[SegmentationCase] | None) -> dict[str, int]:
    patients = {} if test is None else dict(zip(test.images, test.patients, strict=True))
    patients |= {case.image: case.patient for case in cases or ()}
    return {"images": len(patients), "patients": len(set(patients.values()))}


def _true_classes(test: Predictions | None) -> dict[str, int]:
    """The class index of each image that has a single known one."""
    if test is None or test.task != "multiclass":
        return {}
    labels = zip(test.images, np.asarray(test.labels).astype(int).tolist(), strict=True)
    return {image: label for image, label in labels if label >= 0}


def _figures(
    cases: Sequence[SegmentationCase], known: Mapping[str, int], class_names: Sequence[str], regions: Sequence[str]
) -> dict[str, Figure]:
    classes = np.array([known.get(case.image, -1) for case in cases])
    predicted, true = (
        np.array([[getattr(score, name) for score in case.scores.values()] for case in cases], dtype=float)
        for name in ("volume", "true_volume")
    )
    unit, title = cases[0].units[1], f"{len(cases)} test images of {len({case.patient for case in cases})} patients"
    agreement = f"Predicted and true {'volumes' if unit == 'mm3' else 'areas'}, {title}"
    figures = {"bland_altman.png": bland_altman_figure(predicted, true, classes, class_names, regions, unit, agreement)}
    if (classes >= 0).any():
        dice = score_arrays(cases)["dice"]
        figures["dice_by_class.png"] = dice_by_class_figure(
            dice, classes, class_names, regions, f"Dice by true class, {title}"
        )
    return figures
