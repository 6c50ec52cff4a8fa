"""What training and evaluation have left of a model, as far as it is of this model."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monai_ssl.export.data_record import read_data
from monai_ssl.export.evaluation_record import read_evaluation, usual_thresholds
from monai_ssl.export.private import without_paths
from monai_ssl.export.run_record import read_run
from monai_ssl.export.source import Source

__all__ = ["Records", "read_records"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Records:
    """What is known of a model's training and evaluation. What is not known is empty, and has a reason in ``unknown``.

    Args:
        settings: of the run.
        best: value, candidate and epoch of the validation that the model won.
        data: of the data list: name, counts, provenance.
        evaluation: what ``evaluation.json`` holds.
        thresholds: by class, of a multi-label classification that was evaluated; None for a class without.
        unknown: for each of ``"the training run"``, ``"the training data"`` and ``"the evaluation"`` that is not known,
            why.
    """

    settings: dict[str, Any]
    best: dict[str, Any]
    data: dict[str, Any]
    evaluation: dict[str, Any]
    thresholds: dict[str, float | None]
    unknown: dict[str, str]


def read_records(
    source: Source, run_dir: Path | None, evaluation_dir: Path | None, dataset_dir: Path | None
) -> Records:
    """Read what is there, and leave out what is of another model.

    The checksum in the evaluation tells which model it is of. Of the rest, and of an evaluation without one, times
    tell: the run's configuration is written before its model, summary and evaluation after it; classes and settings
    must be those of the model, too. No path and no name of a patient or an image is taken over.

    Args:
        source: the model.
        run_dir: the folder that training wrote to; None where it is not known.
        evaluation_dir: the folder of the evaluation; None where it is not known.
        dataset_dir: the data list's folder; by default as the run's configuration names it.

    Raises:
        InputError: when a file is damaged, or ``dataset_dir`` is given and cannot be read or is of another model.
    """
    unknown: dict[str, str] = {}
    run = read_run(source, run_dir)
    if isinstance(run, str):
        unknown["the training run"] = run
    data = read_data(source, None if isinstance(run, str) else run.config, dataset_dir)
    if isinstance(data, str):
        unknown["the training data"] = data
    evaluation = read_evaluation(source, evaluation_dir)
    if isinstance(evaluation, str):
        unknown["the evaluation"] = evaluation
    for what, reason in unknown.items():
        logger.warning("The model card will not tell of %s: %s.", what, reason)
    return Records(
        settings={} if isinstance(run, str) else without_paths(run.settings),
        best={} if isinstance(run, str) else without_paths(run.best),
        data={} if isinstance(data, str) else without_paths(data),
        evaluation={} if isinstance(evaluation, str) else without_paths(evaluation),
        thresholds={} if isinstance(evaluation, str) else usual_thresholds(source, evaluation_dir),
        unknown=unknown,
    )
