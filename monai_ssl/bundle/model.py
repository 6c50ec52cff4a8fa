"""A model and what must be known to use it: classes, task, channels, size."""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from monai.transforms import Compose
from numpy.typing import NDArray
from torch import nn

from monai_ssl.bundle.identity import evaluated_digest, model_digest
from monai_ssl.data import DataList
from monai_ssl.errors import InputError
from monai_ssl.files import read_object
from monai_ssl.handlers.checkpoint import load_checkpoint
from monai_ssl.reports import read_thresholds

__all__ = ["MODEL_INFO_NAME", "find_thresholds", "load_model", "model_info", "read_model_info"]

logger = logging.getLogger(__name__)

MODEL_INFO_NAME = "model.json"
_REMEDY = "Train again, or put back a copy."

# What two uses of a model must have in common; all else, as the modality's code, may differ.
_DECISIVE = (
    *("task", "labels", "channels", "spatial_dims", "windows", "image_size", "preprocessing"),
    *("modalities", "regions", "mask_form", "spacing"),  # of segmentation
)


def load_model(
    network: nn.Module, path: str | Path, expected: Mapping[str, Any] | None = None, sha256: str | None = None
) -> nn.Module:
    """Load weights into a network, every one of them.

    Args:
        network: what they are loaded into.
        path: the file of the weights.
        expected: what :func:`model_info` gives for the data and settings that the model is to be used with. What was
            written beside the model, in a file of its name that ends in ``.json``, must agree with it; where there is
            no such file, a warning says so.
        sha256: what :func:`~monai_ssl.bundle.model_digest` gave for the file before, for a record of what is done with
            these very weights.

    Raises:
        InputError: when the file is missing, damaged, of another network, or of a model that was trained on other
            classes or with other settings, or when it has been replaced since ``sha256`` was taken.
    """
    state = load_checkpoint(path)
    if sha256 is not None and model_digest(path) != sha256:
        raise InputError(f"{path}: this file was replaced while it was read. Wait for the training, and start again.")
    if expected is not None:
        _check_use(Path(path), expected)
    try:
        network.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            f"{path}: these weights are of another network ({reason}). Give the configuration, with its overlays, that "
            "the model was trained with."
        ) from error
    return network


def model_info(datalist: DataList, preprocessing: Compose, **settings: Any) -> dict[str, Any]:
    """Say what the use of a model must know; :class:`monai_ssl.handlers.BestModelSaver` writes it beside the model.

    Args:
        datalist: gives task, labels, modality, channels and dimensions.
        preprocessing: what the model's images go through; the names of the transforms that work on the image are kept,
            which tell whether there is a normalization, but not its numbers.
        settings: what else, such as ``windows`` and ``image_size``.
    """
    names = ("modality", "channels", "spatial_dims")
    known = {"labels": list(datalist.labels), "task": datalist.label_task}
    transforms = [
        type(transform).__name__
        for transform in preprocessing.flatten().transforms
        if "image" in getattr(transform, "keys", ("image",))
    ]
    return known | {name: getattr(datalist, name) for name in names} | settings | {"preprocessing": transforms}


def read_model_info(model_dir: str | Path, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Read what was written beside the model; without a trained model the bundle's defaults hold.

    Raises:
        InputError: when the file is damaged.
    """
    path = Path(model_dir) / MODEL_INFO_NAME
    return {**defaults, **read_object(path, _REMEDY)} if path.is_file() else dict(defaults)


def _check_use(path: Path, expected: Mapping[str, Any]) -> None:
    """Compare what was written beside a model with what it is to be used for."""
    file = path.with_suffix(".json")
    if not file.is_file():
        logger.warning("%s: there is no %s beside it, so its classes and settings are not checked.", path, file.name)
        return
    known, wanted = read_object(file, _REMEDY), json.loads(json.dumps(dict(expected)))
    different = [
        f"{name}: {_text(known[name])} (here {_text(wanted[name])})"
        for name in _DECISIVE
        if name in known and name in wanted and known[name] != wanted[name] and not _is_unknown(name, known, wanted)
    ]
    if different:
        raise InputError(
            f"{path}: this model was trained on other classes or with other settings; {'; '.join(different)}. Give the "
            "data list, configurations and options that it was trained with, or another model."
        )


def _is_unknown(name: str, *both: Mapping[str, Any]) -> bool:
    """Whether one of the two does not say: not every data list names its channels."""
    return name == "modalities" and not all(info[name] for info in both)


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def find_thresholds(
    path: str | Path, model_path: str | Path, class_names: Sequence[str], task: str
) -> NDArray[np.float64] | None:
    """Read the thresholds that the evaluation of this model chose on validation.

    Args:
        path: ``thresholds.json`` of the evaluation.
        model_path: the model. Thresholds were chosen for another one where the checksum in ``evaluation.json`` beside
            them is not its; without a checksum, where they are older than it.
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
    if not file.is_file() or not _are_of(file, model):
        logger.warning("This model has not been evaluated, so predictions are called at 0.5 for every class.")
        return None
    logger.info("Predictions are called at the thresholds of %s.", file)
    return read_thresholds(file, class_names)


def _are_of(thresholds: Path, model: Path) -> bool:
    record = thresholds.with_name("evaluation.json")
    digest = evaluated_digest(record) if record.is_file() else None
    if digest is None:
        return thresholds.stat().st_mtime >= model.stat().st_mtime
    return digest == model_digest(model)
