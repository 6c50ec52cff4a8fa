"""What is exported: the network that a bundle deploys, and what its configuration for inference says of its use."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigParser
from torch import nn

from monai_ssl.tasks import Task

__all__ = ["LOGITS", "MODEL_NAME", "Source", "as_outputs", "is_plain"]

MODEL_NAME = "model.pt"

LOGITS = "logits"
"""The name of the output of a network that gives one tensor."""


@dataclass(frozen=True)
class Source:
    """A bundle and the network that it deploys.

    Args:
        root: the bundle's folder.
        files: the names of its inference configurations.
        parser: of the configurations.
        metadata: what ``metadata.json`` holds.
        info: what ``model.json`` holds.
        network: with its weights, in evaluation mode, on the CPU.
        input_shape: ``(C, *spatial)`` of the images that it takes.
        outputs: the names of its outputs, in order, and what the logits of each stand for.
        model_dir: the folder of the model.
        sha256: of the model's file, as its weights were read.
    """

    root: Path
    files: tuple[str, ...]
    parser: ConfigParser
    metadata: dict[str, Any]
    info: dict[str, Any]
    network: nn.Module
    input_shape: tuple[int, ...]
    outputs: dict[str, Task]
    model_dir: Path
    sha256: str

    @property
    def model_path(self) -> Path:
        """The file of the model."""
        return self.model_dir / MODEL_NAME

    def is_before(self, file: Path) -> bool:
        """Whether the model was written before a file, or at the same time."""
        return self.model_path.stat().st_mtime <= file.stat().st_mtime

    def is_mask(self, output: str) -> bool:
        """Whether an output is a mask, with values for each position."""
        return output == "mask" or (output == LOGITS and "regions" in self.parser)

    def get(self, name: str, default: Any = None) -> Any:
        """Evaluate a part of the configuration; ``default`` where it has none of this name."""
        # Of the resolver, for the parser wraps lists and dictionaries.
        return self.parser.ref_resolver.get_resolved_content(name) if name in self.parser else default


def as_outputs(result: Any) -> dict[str, torch.Tensor]:
    """Name what a network gives: a dictionary has its names, a single tensor is ``logits``."""
    return {LOGITS: result} if isinstance(result, torch.Tensor) else dict(result)


def is_plain(value: Any) -> bool:
    """Whether a value of a configuration stands for itself."""
    if isinstance(value, list):
        return all(map(is_plain, value))
    return isinstance(value, bool | int | float) or (isinstance(value, str) and not value.startswith(("$", "@", "%")))
