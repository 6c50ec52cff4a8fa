"""The model to deploy: the best validated network so far."""

import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ignite.engine import Events
from monai.engines import Workflow
from torch import nn

from monai_ssl.errors import InputError
from monai_ssl.files import write_json
from monai_ssl.handlers.checkpoint import save_tensors

__all__ = ["BestModelSaver"]

logger = logging.getLogger(__name__)


class BestModelSaver:
    """Write a network's weights each time it validates better than anything before.

    Several candidates may compete, as a supervised network and its EMA copy do: the better is written, and only
    validation decides. The file is a plain state dictionary, which MONAI's tools take as ``model.pt``. MONAI's
    ``CheckpointSaver`` forgets the best metric when a run is resumed; this remembers it. Of equal values the earlier
    wins, and the candidate named first; NaN never does.

    Args:
        path: the model file.
        candidates: the networks, by name; their architectures are the same.
        metrics: for each candidate the metric in the evaluator's ``state.metrics`` that judges it; higher is better.
        info: what must be known to use the model (classes, size...); written beside it as ``model.json``, so that the
            two always belong together.
        start_epoch: validations before this epoch do not count, as those of a teacher that has learnt nothing yet.

    Raises:
        ValueError: when candidates and metrics do not name the same.
        InputError: after a validation that does not give one of the metrics.
    """

    def __init__(
        self,
        path: str | Path,
        candidates: Mapping[str, nn.Module],
        metrics: Mapping[str, str],
        info: Mapping[str, Any] | None = None,
        start_epoch: float = 0,
    ) -> None:
        if not candidates or set(candidates) != set(metrics):
            raise ValueError(f"Candidates {list(candidates)} and metrics {list(metrics)} must name the same.")
        self.path, self.candidates, self.metrics = Path(path), dict(candidates), dict(metrics)
        self.info, self.start_epoch = info, start_epoch
        self.best: dict[str, Any] = {"value": None, "candidate": None, "epoch": None}

    def attach(self, engine: Workflow) -> None:
        """Compare after each run of an evaluator."""
        engine.add_event_handler(Events.COMPLETED, self)

    def __call__(self, engine: Workflow) -> None:
        """Write the best candidate, if it beats the best so far."""
        if engine.state.epoch < self.start_epoch:
            return
        values = {name: self._value(engine.state.metrics, metric) for name, metric in self.metrics.items()}
        numbers = {name: values[name] for name in self.candidates if not math.isnan(values[name])}
        if len(numbers) < len(values) and engine.state.rank == 0:
            undefined = [self.metrics[name] for name in values if name not in numbers]
            logger.warning("NaN in epoch %d, so not the best: %s.", engine.state.epoch, ", ".join(undefined))
        if not numbers:
            return
        name = max(numbers, key=numbers.__getitem__)
        if self.best["value"] is not None and numbers[name] <= self.best["value"]:
            return
        self.best = {"value": numbers[name], "candidate": name, "epoch": engine.state.epoch}
        if engine.state.rank == 0:
            if self.info is not None:
                write_json(self.path.with_suffix(".json"), self.info)
            save_tensors(self.candidates[name].state_dict(), self.path)
            logger.info("Best so far: %s = %.4f (%s); saved to %s.", self.metrics[name], numbers[name], name, self.path)

    @staticmethod
    def _value(metrics: Mapping[str, Any], metric: str) -> float:
        if metric not in metrics:
            known = ", ".join(map(repr, metrics)) or "none"
            raise InputError(f"The validation gives no metric {metric!r}. Name one that it gives: {known}.")
        return float(metrics[metric])

    def state_dict(self) -> dict[str, Any]:
        """Return the best value, candidate and epoch."""
        return dict(self.best)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up the best so far."""
        self.best = dict(state)
