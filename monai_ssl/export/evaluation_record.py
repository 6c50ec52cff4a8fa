"""The evaluation of a model, if there is one of this very model."""

from pathlib import Path
from typing import Any

import numpy as np

from monai_ssl.bundle import evaluated_digest, find_thresholds
from monai_ssl.errors import InputError
from monai_ssl.export.source import Source
from monai_ssl.files import read_object

__all__ = ["read_evaluation", "usual_thresholds"]

_REMEDY = "Evaluate again, or remove it."
_ALWAYS = ("task", "confidence", "replicates", "test", "classes", "mean")


def read_evaluation(source: Source, folder: Path | None) -> dict[str, Any] | str:
    """Read what ``evaluation.json`` holds.

    Args:
        source: the model.
        folder: of the evaluation.

    Returns:
        The report, or why there is none of this model.

    Raises:
        InputError: when the file is damaged.
    """
    file = folder / "evaluation.json" if folder else None
    if file is None or not file.is_file():
        return "it has not been evaluated on test images, or its evaluation is not there (`--evaluation_dir`)"
    report, digest = read_object(file, _REMEDY), evaluated_digest(file)
    if digest is None and not source.is_before(file):
        return "the evaluation that is there is older than this model, so it is of another one"
    if digest not in (None, source.sha256):
        return "the evaluation that is there is of another model, by the checksum in it"
    if missing := [name for name in _ALWAYS if name not in report]:
        raise InputError(f"{file}: this file is damaged (it lacks {', '.join(missing)}). {_REMEDY}")
    labels, regions = list(source.get("labels")), list(source.get("regions", {}))
    first = regions if report.get("task") == "segmentation" else labels
    # Of a model for both tasks, what the test images could not judge is empty.
    if list(report.get("classes", {})) not in ([], first) or list(report.get("regions", {})) not in ([], regions):
        return "the evaluation that is there is of other classes or regions"
    return report


def usual_thresholds(source: Source, folder: Path | None) -> dict[str, float | None]:
    """The thresholds that inference uses for this model: of a multi-label classification that was evaluated."""
    if folder is None or source.get("task") != "multilabel" or "regions" in source.parser:
        return {}
    labels = list(source.get("labels"))
    found = find_thresholds(folder / "thresholds.json", source.model_path, labels, "multilabel")
    values = [] if found is None else [None if np.isnan(value) else float(value) for value in found]
    return dict(zip(labels, values, strict=True)) if values else {}
