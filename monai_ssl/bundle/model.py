"""A model and what must be known to use it: classes, task, channels, size."""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from monai_ssl.data import DataList
from monai_ssl.errors import InputError
from monai_ssl.handlers.checkpoint import load_checkpoint
from monai_ssl.reports import read_thresholds

__all__ = ["MODEL_INFO_NAME", "find_thresholds", "load_model", "model_info", "read_model_info"]

logger = logging.getLogger(__name__)

MODEL_INFO_NAME = "model.json"


def load_model(network: nn.Module, path: str | Path) -> nn.Module:
    """Load weights into a network, every one of them.

    Raises:
        InputError: when the file is missing, damaged, or of another network.
    """
    state = load_checkpoint(path)
    try:
        network.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            f"{path}: these weights are of another network ({reason}). Give the configuration, with its overlays, that "
            "the model was trained with."
        ) from error
    return network


def model_info(datalist: DataList, **settings: Any) -> dict[str, Any]:
    """Say what inference must know of a model; :class:`monai_ssl.handlers.BestModelSaver` writes it beside the model.

    Args:
        datalist: gives task, labels, modality, channels and dimensions.
        settings: what else, such as ``windows`` and ``image_size``.
    """
    names = ("modality", "channels", "spatial_dims")
    known = {"labels": list(datalist.labels), "task": datalist.label_task}
    return known | {name: getattr(datalist, name) for name in names} | settings


def read_model_info(model_dir: str | Path, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Read what was written beside the model; without a trained model the bundle's defaults hold.

    Raises:
        InputError: when the file is damaged.
    """
    path = Path(model_dir) / MODEL_INFO_NAME
    if not path.is_file():
        return dict(defaults)
    try:
        return {**defaults, **json.loads(path.read_text(encoding="utf-8"))}
    except (json.JSONDecodeError, UnicodeDecodeError, TypeError) as error:
        raise InputError(f"{path}: the file is damaged ({error}). Train again, or put back a copy.") from error


def find_thresholds(
    path: str | Path, model_path: str | Path, class_names: Sequence[str], task: str
) -> NDArray[np.float64] | None:
    """Read the thresholds that the evaluation of this model chose on validation.

    Args:
        path: ``thresholds.json`` of the evaluation.
        model_path: the model; thresholds that are older than it were chosen for another one.
        class_names: the classes.
        task: multi-class predictions take the most probable class and need no thresholds.

    Returns:
        One threshold a class, or ``None`` where there are none; the log says what is used.

    Raises:
        InputError: when there is no model, or the thresholds are damaged or of other classes.
    """
    file, model = Path(path), Path(model_path)
    if task == "multiclass":
        return None
    if not model.is_file():
        raise InputError(f"{model}: there is no such file. Train first, or name the model file.")
    if not file.is_file() or file.stat().st_mtime < model.stat().st_mtime:
        logger.warning("This model has not been evaluated, so predictions are called at 0.5 for every class.")
        return None
    logger.info("Predictions are called at the thresholds of %s.", file)
    return read_thresholds(file, class_names)
