"""The transforms before and after the network, with all of their arguments."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from monai.bundle import ConfigComponent
from monai.transforms import Compose

from monai_ssl.export.private import without_paths
from monai_ssl.export.source import Source

__all__ = ["Step", "describe_preprocessing"]

Step = dict[str, Any]
"""``{"transform": dotted name, "arguments": {...}}``."""

# Keys of a configuration that are no arguments.
_OF_MONAI = ("_target_", "_disabled_", "_requires_", "_desc_", "_mode_")


def describe_preprocessing(source: Source) -> dict[str, Any]:
    """Say what an image goes through: what ``preprocessing.json`` holds.

    Returns:
        ``input`` and ``outputs`` of the network; ``preprocessing``, ``inferer`` and ``postprocessing`` with each
        transform's arguments, those that the configuration gives and the defaults of the others in this version.
    """
    dims = len(source.input_shape) - 1
    return without_paths(
        {
            "input": {"name": "image", "shape": ["batch", *source.input_shape], "dtype": "float32"},
            "outputs": {
                name: {
                    "activation": "sigmoid" if task == "multilabel" else "softmax over axis 1",
                    "channels": output_channels(source, name),
                }
                for name, task in source.outputs.items()
            },
            "spatial_dims": dims,
            "preprocessing": _steps(source, "preprocessing"),
            "inferer": _step(source, source.get("inferer")),
            "postprocessing": _steps(source, "postprocessing"),
        }
    )


def output_channels(source: Source, name: str) -> list[str]:
    """What the channels of an output stand for, in order."""
    coding = source.get("mask_coding")
    if coding is None or name == "diagnosis":
        return [str(label) for label in source.get("labels")]
    if coding.form == "regions":
        return [str(region) for region in coding.names]
    regions = source.get("regions")
    return [
        f"mask value {value} ({', '.join(name for name in regions if value in regions[name]) or 'background'})"
        for value in coding.values
    ]


def _steps(source: Source, name: str) -> list[Step]:
    composed: Compose = source.get(name)
    return [_step(source, transform) for transform in composed.flatten().transforms]


def _step(source: Source, made: Any) -> Step:
    """Find the part of the configuration that something was made of: the resolver keeps both."""
    resolver = source.parser.ref_resolver
    given: Mapping[str, Any] = {}
    for identity, content in resolver.resolved_content.items():
        item = resolver.items.get(identity)
        if content is made and isinstance(item, ConfigComponent):
            given = {key: value for key, value in item.get_config().items() if key not in _OF_MONAI}
            break
    kind = type(made)
    signature = inspect.signature(kind).parameters.values()
    defaults = {each.name: each.default for each in signature if each.default is not inspect.Parameter.empty}
    arguments = {
        key: _plain(value) for key, value in {**given, **{k: v for k, v in defaults.items() if k not in given}}.items()
    }
    return {"transform": f"{kind.__module__}.{kind.__qualname__}", "arguments": arguments}


def _plain(value: Any) -> Any:
    """As JSON has it; what it has not by the name of its kind."""
    if value is None or isinstance(value, bool | int | float | str):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray | torch.Tensor):
        return value.tolist()
    if isinstance(value, Sequence | set):
        return [_plain(entry) for entry in value]
    if isinstance(value, torch.dtype):
        return str(value)
    if isinstance(value, Compose):
        return "preprocessing"
    if isinstance(value, type | Callable):
        return f"{value.__module__}.{value.__qualname__}" if hasattr(value, "__qualname__") else type(value).__name__
    return type(value).__name__
