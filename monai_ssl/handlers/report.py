"""What a run says and shows at its end."""

import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from ignite.engine import Events
from monai.engines import Workflow

from monai_ssl.files import write_json
from monai_ssl.handlers.best_model import BestModelSaver
from monai_ssl.handlers.history import TrainingHistory
from monai_ssl.reports import learning_curves_figure, save_figure

__all__ = ["TrainingReport"]

logger = logging.getLogger(__name__)


class TrainingReport:
    """At the end of training print validation's metric for each class and network, and draw the learning curves.

    The numbers are those of the epoch whose model was saved. Writes ``learning_curves.png`` and ``summary.json``.

    Args:
        output_dir: where to write.
        history: the run's table.
        best_model: the handler that saved the model.
        metrics: for each network, by its shown name, the metric's name; a class's is ``<metric>_<class>``.
        class_names: the classes.
        hints: lines to print at the end, such as how to look at the run.
        measure: what the metric is called.
    """

    def __init__(
        self,
        output_dir: str | Path,
        history: TrainingHistory,
        best_model: BestModelSaver,
        metrics: Mapping[str, str],
        class_names: Sequence[str],
        hints: Sequence[str] = (),
        measure: str = "AUROC",
    ) -> None:
        self.output_dir, self.history, self.best_model = Path(output_dir), history, best_model
        self.metrics, self.class_names, self.hints = dict(metrics), tuple(class_names), tuple(hints)
        self.measure = measure

    def attach(self, engine: Workflow) -> None:
        """Report when ``engine`` completes."""
        engine.add_event_handler(Events.COMPLETED, self)

    def __call__(self, engine: Workflow) -> None:
        """Print, draw and write; under distributed training the first process does."""
        best = self.best_model.best
        if engine.state.rank != 0:
            return
        if best["epoch"] is None:
            logger.warning("No validation ran, so no model was saved: `val_interval` is larger than `max_epochs`.")
            return
        row = next(row for row in self.history.rows if row["epoch"] == best["epoch"])
        table = {
            network: {
                **{name: row.get(f"{metric}_{name}", math.nan) for name in self.class_names},
                "mean": row[metric],
            }
            for network, metric in self.metrics.items()
        }
        finite = {
            network: {name: value if math.isfinite(value) else None for name, value in values.items()}
            for network, values in table.items()
        }
        write_json(self.output_dir / "summary.json", {"best": best, "validation": finite})
        chosen = (self.best_model.metrics[best["candidate"]], best["epoch"])
        figure = learning_curves_figure(self.history.rows, list(self.metrics.values()), best=chosen)
        save_figure(figure, self.output_dir / "learning_curves.png")
        print("\n".join(["", *self._lines(table), ""]))

    def _lines(self, table: Mapping[str, Mapping[str, float]]) -> list[str]:
        best = self.best_model.best
        width = max(map(len, (*self.class_names, "mean")))
        lines = [f"Validation {self.measure} at epoch {best['epoch']}, whose model ({best['candidate']}) was saved:"]
        lines.append(" " * (width + 2) + "".join(f"{network:>10}" for network in table))
        for name in (*self.class_names, "mean"):
            shown = ("-" if math.isnan(values[name]) else f"{values[name]:.3f}" for values in table.values())
            values = "".join(f"{value:>10}" for value in shown)
            lines.append(f"  {name:<{width}}{values}")
        figure = self.output_dir / "learning_curves.png"
        return [*lines, "", f"Model:   {self.best_model.path}", f"Figure:  {figure}", *self.hints]
