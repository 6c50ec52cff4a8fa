"""The run as a table: one row an epoch, on the screen and in a file."""

import csv
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from ignite import distributed as idist
from ignite.engine import Events
from monai.engines import Workflow
from monai.utils import is_scalar
from torch.optim import Optimizer

from monai_ssl.files import write_whole

__all__ = ["TrainingHistory"]

logger = logging.getLogger(__name__)


class TrainingHistory:
    """Collect, for each epoch, the mean of every loss term, the weights, the learning rate and validation's metrics.

    Attach it to the trainer after the validation handler. A row has ``epoch``, ``iteration``, ``images`` (seen so far,
    each view counted once), ``loss`` (the weighted total), ``loss_<term>`` (unweighted), ``weight_<term>`` (the last of
    the epoch), ``learning_rate`` (``learning_rate_<name>`` of several optimizers), and the scalar metrics of trainer
    and evaluator. The rows are part of the checkpoint, so a resumed run has the whole history. Losses and images are
    those of all processes.

    Args:
        path: the CSV file, written anew after each epoch.
        optimizer: whose learning rate is recorded (that of its first group); or several, by name.
        evaluator: the validation engine, if there is one.
        show: names of columns for the line that is logged after each epoch, beside the losses.
    """

    def __init__(
        self,
        path: str | Path,
        optimizer: Optimizer | Mapping[str, Optimizer],
        evaluator: Workflow | None = None,
        show: Sequence[str] = (),
    ) -> None:
        self.path, self.evaluator, self.show = Path(path), evaluator, tuple(show)
        self.optimizers = (
            {"learning_rate": optimizer}
            if isinstance(optimizer, Optimizer)
            else {f"learning_rate_{name}": one for name, one in optimizer.items()}
        )
        self.rows: list[dict[str, float]] = []
        self._sums: dict[str, float] = defaultdict(float)
        self._images, self._iterations = 0, 0

    def attach(self, engine: Workflow) -> None:
        """Add up after each iteration, write a row after each epoch."""
        engine.add_event_handler(Events.EPOCH_STARTED, self._start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._add)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._finish)

    def _start(self) -> None:
        self._sums.clear()
        self._images, self._iterations = 0, 0

    def _add(self, engine: Workflow) -> None:
        self._iterations += 1
        for name, value in engine.state.losses.items():
            self._sums[name] += value
        self._images += sum(len(view["image"]) for views in engine.state.batch.values() for view in views)

    def _finish(self, engine: Workflow) -> None:
        state = engine.state
        totals = torch.tensor([self._images, self._iterations, *self._sums.values()], dtype=torch.float64)
        images, iterations, *sums = idist.all_reduce(totals).tolist()  # type: ignore[union-attr]
        row: dict[str, float] = {
            "epoch": state.epoch,
            "iteration": state.iteration,
            "images": int(images) + (self.rows[-1]["images"] if self.rows else 0),
        }
        for name, value in zip(self._sums, sums, strict=True):
            row["loss" if name == "loss" else f"loss_{name}"] = value / iterations
        row |= {f"weight_{name}": weight for name, weight in state.loss_weights.items()}
        row |= {name: float(optimizer.param_groups[0]["lr"]) for name, optimizer in self.optimizers.items()}
        if self.evaluator is not None and self.evaluator.state.epoch == state.epoch:  # validation ran
            row |= _scalars(self.evaluator.state.metrics)
        self.rows.append(row | _scalars(state.metrics))
        if state.rank == 0:
            self._log(state.max_epochs)
            self._write()

    def _log(self, max_epochs: int) -> None:
        row = self.rows[-1]
        shown = [name for name in row if name.startswith("loss")] + [name for name in self.show if name in row]
        values = "  ".join(f"{name} {row[name]:.4f}" for name in shown)
        logger.info("epoch %d/%d  %s", row["epoch"], max_epochs, values)

    def _write(self) -> None:
        # A class may be without a positive in one epoch's validation only, so rows need not have the same columns.
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        with write_whole(self.path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(self.rows)

    def state_dict(self) -> dict[str, Any]:
        """Return the rows."""
        return {"rows": [dict(row) for row in self.rows]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up the rows."""
        self.rows = [dict(row) for row in state["rows"]]


def _scalars(metrics: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items() if is_scalar(value)}
