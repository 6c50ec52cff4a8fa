"""MLflow tracking: all of a run in one record, at little cost."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ignite.engine import Engine, Events
from monai.handlers import MLFlowHandler

from monai_ssl.files import write_whole
from monai_ssl.handlers.history import TrainingHistory

__all__ = ["RUN_NAME_FILE", "MLflowTracker", "tracked_name"]

RUN_NAME_FILE = "run_name.txt"
"""Where in the output folder a run leaves its name, for a resumed run and for the evaluation."""


def tracked_name(name: str) -> str:
    """Replace what MLflow does not allow in the name of a metric or a parameter; a class may be called anything."""
    return re.sub(r"[^\w\-./ :]", "_", name)


class MLflowTracker(MLFlowHandler):
    """MONAI's MLflow handler, for several losses, few transactions and resumed runs.

    Logs the parameters at the start; every ``interval`` iterations the loss terms and weights as ``step/...``; each
    epoch the history's row (losses, weights, learning rate, validation's metrics by class); at the end the artifacts.
    Metrics' steps are iterations throughout. A run that stops with an error is marked as failed.

    Under ``--tracking mlflow`` MONAI adds handlers of its own, which find this run by its name and write to it too.

    Args:
        history: the run's table; attach it before this.
        output_dir: where the run's name is left, for a resumed run to find.
        tracking_uri: the database, such as ``sqlite:///<output_dir>/mlruns.db``; ``MLFLOW_TRACKING_URI`` wins over it.
        experiment_name: the experiment to add the run to.
        run_name: a name that no other run has.
        parameters: names and values, logged once.
        artifacts: files or folders that are copied to the record at the end.
        interval: iterations between two logs; each is a transaction.
        prefix: what the names of the metrics begin with, for a stage of training beside another in the same run.

    Raises:
        ValueError: for an ``interval`` below 1.
    """

    def __init__(
        self,
        history: TrainingHistory,
        output_dir: str | Path,
        tracking_uri: str,
        experiment_name: str,
        run_name: str,
        parameters: Mapping[str, Any],
        artifacts: Sequence[str | Path],
        interval: int = 50,
        prefix: str = "",
    ) -> None:
        if interval < 1:
            raise ValueError(f"`interval` must be a positive integer, got {interval!r}.")
        super().__init__(
            tracking_uri=tracking_uri,
            iteration_log=lambda _, iteration: iteration % interval == 0,
            experiment_name=experiment_name,
            run_name=run_name,
            artifacts=[Path(artifact) for artifact in artifacts],
            close_on_complete=True,
        )
        self.history, self.output_dir, self.parameters = history, Path(output_dir), dict(parameters)
        self.prefix = prefix
        if prefix:
            self.default_tracking_params = []  # `max_epochs` of one stage would stand for the run's

    def attach(self, engine: Engine) -> None:
        """Log the run of a :class:`~monai_ssl.engines.SemiSupervisedTrainer`."""
        super().attach(engine)
        engine.add_event_handler(Events.EXCEPTION_RAISED, self._fail)

    def start(self, engine: Engine) -> None:
        """Find or make the run, log its parameters and leave its name."""
        # MONAI's own search leaves out runs that are finished, which a run with this name only is if it is resumed.
        self._set_experiment()
        experiment: Any = self.experiment
        found = self.client.search_runs(
            experiment.experiment_id, filter_string=f"attributes.run_name = '{self.run_name}'", max_results=1
        )
        self.cur_run = found[0] if found else None
        super().start(engine)
        run: Any = self.cur_run
        self.client.update_run(run.info.run_id, status="RUNNING")
        parameters = {tracked_name(name): value for name, value in self.parameters.items()}
        self._delete_exist_param_in_dict(parameters)
        self._log_params(parameters)
        with write_whole(self.output_dir / RUN_NAME_FILE) as temporary:
            temporary.write_text(f"{self.run_name}\n", encoding="utf-8")

    def iteration_completed(self, engine: Engine) -> None:
        """Log the loss terms and their weights."""
        state: Any = engine.state
        metrics = {f"step/loss_{name}" if name != "loss" else "step/loss": v for name, v in state.losses.items()}
        metrics |= {f"step/weight_{name}": weight for name, weight in state.loss_weights.items()}
        self._log_metrics(metrics, step=state.iteration)

    def epoch_completed(self, engine: Engine) -> None:
        """Log the epoch's row of the history."""
        self._log_metrics(self.history.rows[-1], step=engine.state.iteration)

    def _log_metrics(self, metrics: dict[str, Any], step: int | None = None) -> None:
        super()._log_metrics({tracked_name(self.prefix + name): value for name, value in metrics.items()}, step)

    def _fail(self, engine: Engine, error: BaseException) -> None:  # noqa: ARG002
        try:
            if self.cur_run is not None:  # Ignite fires this event more than once for an error
                self.client.set_terminated(self.cur_run.info.run_id, "FAILED")
                self.cur_run = None
                self._dispose_sqlite_store()
        finally:
            raise error
