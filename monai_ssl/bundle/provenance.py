"""What a run's record says about how it came to be."""

import logging
import os
import platform
import secrets
import time
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from monai_ssl import __version__
from monai_ssl.data import DataList
from monai_ssl.handlers.tracking import RUN_NAME_FILE

__all__ = ["make_run_name", "run_parameters", "tracking_enabled", "tracking_hint", "tracking_uri"]

logger = logging.getLogger(__name__)


def make_run_name(prefix: str, output_dir: str | Path, resume: bool) -> str:
    """Make a name that no other run has; a resumed run gets the name it had.

    MONAI's MLflow handler adopts an unfinished run of the same name, so a resumed run goes on in its own record, and
    no other run is mixed into it.

    Args:
        prefix: what the name begins with, such as the bundle's name.
        output_dir: where the tracker left the name of the run before.
        resume: whether that run is resumed.
    """
    file = Path(output_dir) / RUN_NAME_FILE
    if resume and file.is_file():
        return file.read_text(encoding="utf-8").strip()
    return f"{prefix}_{time.strftime('%Y%m%d_%H%M%S')}_{secrets.token_hex(2)}"


def run_parameters(datalist: DataList, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Flatten what is worth comparing between runs into names and values.

    Args:
        datalist: its counts and provenance go in; no path and no name of a patient or an image does.
        settings: the run's own settings; nested dictionaries become dotted names.

    Returns:
        Parameters for the tracker, with the versions of the packages that decide the numbers.
    """
    counts = {name: len(getattr(datalist, name)) for name in ("labeled", "unlabeled", "validation", "test")}
    versions = {name: version(name) for name in ("monai", "torch", "pytorch-ignite", "numpy")}
    versions |= {"monai_ssl": __version__, "python": platform.python_version()}
    return _flatten(
        {
            "data": {**counts, "labels": ",".join(datalist.labels), **datalist.provenance},
            "version": versions,
            **settings,
        }
    )


def tracking_enabled() -> bool:
    """Say whether this process records the run: MLflow is installed, and no other process of the group does it."""
    if torch.distributed.is_available() and torch.distributed.is_initialized() and torch.distributed.get_rank() > 0:
        return False
    if find_spec("mlflow") is None:
        logger.warning("MLflow is not installed, so this run is not tracked: `pip install mlflow` to change that.")
        return False
    return True


def tracking_uri(output_dir: str | Path) -> str:
    """Return the server that ``MLFLOW_TRACKING_URI`` names, else a SQLite file beside the outputs."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{output_dir}/mlruns.db"


def tracking_hint(uri: str) -> str:
    """Say how to look at a run that is recorded at ``uri``."""
    if find_spec("mlflow") is None:
        return "MLflow:  not installed, so the run was not recorded"
    return f"MLflow:  mlflow ui --backend-store-uri {uri}" if uri.startswith("sqlite:") else f"MLflow:  {uri}"


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
