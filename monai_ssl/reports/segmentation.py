"""The evaluation of masks on the test images."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from monai_ssl.errors import InputError
from monai_ssl.reports.case_rows import segmentation_case_rows
from monai_ssl.reports.figures import overlay_figure, region_figure
from monai_ssl.reports.files import write_report
from monai_ssl.reports.results import MODEL_DIGEST
from monai_ssl.reports.segmentation_case import SegmentationCase
from monai_ssl.reports.segmentation_results import build_segmentation_report, score_arrays
from monai_ssl.reports.table import format_table, table_rows

__all__ = ["SEGMENTATION_FILES", "check_cases", "evaluate_segmentation"]

SEGMENTATION_FILES = ("evaluation.csv", "evaluation.json", "cases.csv", "dice.png", "overlays.png")
"""All that a report of masks may have."""


def evaluate_segmentation(
    cases: Sequence[SegmentationCase],
    class_names: Sequence[str],
    output_dir: str | os.PathLike[str],
    replicates: int = 1000,
    seed: int = 0,
    groups: Mapping[str, str] | None = None,
    model_sha256: str | None = None,
) -> dict[str, Any]:
    """Evaluate on the test images, print a table and write the report.

    The scores (see :class:`~monai_ssl.metrics.RegionScore`, and :func:`~monai_ssl.metrics.region_scores` for images
    that lack a region, or where it is missed) are averaged over the images that have a region, and then over the
    regions that any image has, each with a 95 % percentile bootstrap interval over patients. In each replicate the
    mean, too, is over the regions that are defined in it. Precision is averaged over the images where any of the region
    is predicted. Beside them stand the numbers of images that have the region (``images``), of those among them where
    nothing of it is predicted (``missed``), and of the others where it is predicted (``false_positives``).

    Into ``output_dir`` go ``evaluation.csv``, ``evaluation.json``, ``cases.csv`` with a row an image and region,
    ``dice.png`` and, where any case has a picture, ``overlays.png``; none of them unless all could be made.

    Args:
        cases: the test images, as :class:`~monai_ssl.handlers.SegmentationCollector` gives them.
        class_names: the regions.
        output_dir: the folder of the report; it is made where it is missing.
        replicates: number of bootstrap replicates.
        seed: seed of the bootstrap.
        groups: the class of each image, by its name, for a column of ``cases.csv``; empty for images not among them.
        model_sha256: of the file of the model that made the masks, for the record.

    Returns:
        what ``evaluation.json`` holds; None stands for undefined.

    Raises:
        InputError: when cases and regions do not fit together, or no image has any region.
    """
    check_cases(cases, class_names)
    report = {MODEL_DIGEST: model_sha256, **build_segmentation_report(cases, class_names, replicates, seed)}
    _write(report, cases, Path(output_dir), groups)
    print(format_table(report), f"\nReport:  {output_dir}", sep="\n")
    return report


def _write(
    report: dict[str, Any], cases: Sequence[SegmentationCase], folder: Path, groups: Mapping[str, str] | None
) -> None:
    title = "{images} test images of {patients} patients".format(**report["test"])
    missed = np.array([[score.outcome == "missed" for score in case.scores.values()] for case in cases])
    scores = score_arrays(cases)
    figures = {
        "dice.png": region_figure(
            scores["dice"], scores["hd95"], missed, report["classes"], report["length_unit"], f"Regions, {title}"
        )
    }
    pictures = [case.picture for case in cases if case.picture is not None]
    if pictures:
        figures["overlays.png"] = overlay_figure(
            pictures, list(report["classes"]), f"{len(pictures)} of {report['test']['images']} test images"
        )
    tables = {"evaluation.csv": table_rows(report), "cases.csv": segmentation_case_rows(cases, groups)}
    write_report(folder, {"evaluation.json": report}, tables, figures, stale=SEGMENTATION_FILES)


def check_cases(cases: Sequence[SegmentationCase], class_names: Sequence[str]) -> None:
    """Check that cases can be evaluated.

    Raises:
        InputError: when cases and regions do not fit together, or no image has any region.
    """
    if not cases:
        raise InputError("there are no test images. Check the data list.")
    for case in cases:
        if list(case.scores) != list(class_names):
            raise InputError(
                f"{case.image}: its regions are {', '.join(case.scores)}, not {', '.join(class_names)}. Check regions "
                "and class_names."
            )
        if case.units != cases[0].units:
            raise InputError(
                f"{case.image}: its distances are in {case.units[0]} and its volumes in {case.units[1]}, those of "
                f"{cases[0].image} in {' and '.join(cases[0].units)}. Give masks of one kind: all NIfTI or all "
                "pictures, in 2D or 3D."
            )
    if all(score.true_volume == 0 for case in cases for score in case.scores.values()):
        raise InputError("no mask of the test images shows a region, so there is nothing to measure. Test on others.")
