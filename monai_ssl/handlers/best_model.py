"""The model to deploy: the best validated network so far."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ignite.engine import Events
from monai.engines import Workflow
from torch import nn

from monai_ssl.handlers.checkpoint import save_tensors

__all__ = ["BestModelSaver"]

logger = logging.getLogger(__name__)


class BestModelSaver:
    """Write a network's weights each time it validates better than anything before.

    Several candidates may compete, as a supervised network and its EMA copy do: the better is written, and only
    validation decides. The file is a plain state dictionary, which MONAI's tools take as ``model.pt``. MONAI's
    ``CheckpointSaver`` forgets the best metric when a run is resumed; this remembers it.

    Args:
        path: the model file.
        candidates: the networks, by name; their architectures are the same.
        metrics: for each candidate the metric in the evaluator's ``state.metrics`` that judges it; higher is better.

    Raises:
        ValueError: when candidates and metrics do not name the same.
    """

    def __init__(self, path: str | Path, candidates: Mapping[str, nn.Module], metrics: Mapping[str, str]) -> None:
        if not candidates or set(candidates) != set(metrics):
            raise ValueError(f"Candidates {list(candidates)} and metrics {list(metrics)} must name the same.")
        self.path, self.candidates, self.metrics = Path(path), dict(candidates), dict(metrics)
        self.best: dict[str, Any] = {"value": None, "candidate": None, "epoch": None}

    def attach(self, engine: Workflow) -> None:
        """Compare after each run of an evaluator."""
        engine.add_event_handler(Events.COMPLETED, self)

    def __call__(self, engine: Workflow) -> None:
        """Write the best candidate, if it beats the best so far."""
        name = max(self.candidates, key=lambda candidate: engine.state.metrics[self.metrics[candidate]])
        value = float(engine.state.metrics[self.metrics[name]])
        if self.best["value"] is not None and value <= self.best["value"]:
            return
        self.best = {"value": value, "candidate": name, "epoch": engine.state.epoch}
        if engine.state.rank == 0:
            save_tensors(self.candidates[name].state_dict(), self.path)
            logger.info("Best so far: %s = %.4f (%s); saved to %s.", self.metrics[name], value, name, self.path)

    def state_dict(self) -> dict[str, Any]:
        """Return the best value, candidate and epoch."""
        return dict(self.best)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up the best so far."""
        self.best = dict(state)
