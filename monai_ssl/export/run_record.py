"""The training run that a model is of, by what it has left in its folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monai_ssl.export.source import Source, is_plain
from monai_ssl.files import read_object

__all__ = ["CONFIG_NAME", "Run", "read_run"]

CONFIG_NAME = "config_train.json"
_REMEDY = "Put back a copy, or remove it."

_SHARED = ("windows", "image_size", "patch_size", "spacing", "mask_form", "architecture", "output", "features")
"""Settings that stand under one name in ``model.json`` and in the configuration of a run."""


@dataclass(frozen=True)
class Run:
    """A training run.

    Args:
        config: its configuration, as it was executed.
        settings: those of its settings that are plain values.
        best: value, candidate and epoch of the validation that its model won; empty where it has not ended.
    """

    config: dict[str, Any]
    settings: dict[str, Any]
    best: dict[str, Any]


def read_run(source: Source, folder: Path | None) -> Run | str:
    """Read the run of a model.

    Args:
        source: the model.
        folder: the one that training wrote to.

    Returns:
        The run, or why it is not known.

    Raises:
        InputError: when a file is damaged.
    """
    file = folder / CONFIG_NAME if folder else None
    if folder is None or file is None or not file.is_file():
        return "there is no config_train.json of the run that trained it (`--run_dir`)"
    config = read_object(file, _REMEDY)
    different = [
        name
        for name in _SHARED
        if name in source.info and is_plain(config.get(name, "@")) and config[name] != source.info[name]
    ]
    if different:
        return f"the config_train.json that is there is of another run, with another {', '.join(different)}"
    began_later = file.stat().st_mtime > source.model_path.stat().st_mtime
    if began_later and str(config.get("resume")).lower() != "true":
        return "the config_train.json that is there is of a run that began after this model was written"
    summary = folder / "summary.json"
    best = read_object(summary, _REMEDY).get("best") or {} if summary.is_file() and source.is_before(summary) else {}
    return Run(config, _settings(config), dict(best))


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """What the run itself records as its settings, as far as they are plain values."""
    found: dict[str, Any] = {}
    for name, value in config.get("parameters", {}).get("settings", {}).items():
        known = config.get(value[1:]) if isinstance(value, str) and value.startswith("@") else value
        if is_plain(known):
            found[name] = known
    return found
