"""Adds an evaluation to the record of the run that trained the model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monai.handlers import MLFlowHandler

from monai_ssl.bundle.provenance import tracking_enabled
from monai_ssl.handlers.tracking import RUN_NAME_FILE, tracked_name

__all__ = ["track_evaluation"]


def track_evaluation(
    report: Mapping[str, Any], output_dir: str | Path, evaluation_dir: str | Path, tracking_uri: str, experiment: str
) -> None:
    """Log the test metrics and all files of an evaluation to MLflow.

    They go to the run whose name training left in ``output_dir``; without one a run of its own is made. Nothing is
    logged where MLflow is not installed.

    Args:
        report: what :func:`monai_ssl.reports.evaluate` or another evaluation returned.
        output_dir: the bundle's output folder.
        evaluation_dir: the folder that the evaluation wrote to.
        tracking_uri: as for :class:`monai_ssl.handlers.MLflowTracker`.
        experiment: the experiment's name.
    """
    if not tracking_enabled():
        return
    file = Path(output_dir) / RUN_NAME_FILE
    name = file.read_text(encoding="utf-8").strip() if file.is_file() else "evaluation"
    handler = MLFlowHandler(tracking_uri=tracking_uri, experiment_name=experiment, run_name=name)
    handler._set_experiment()
    client = handler.client
    experiment_id = client.get_experiment_by_name(experiment).experiment_id
    found = client.search_runs(experiment_id, filter_string=f"attributes.run_name = '{name}'", max_results=1)
    run = found[0] if found else client.create_run(experiment_id, run_name=name)
    # A class and a region may have one name: their metrics differ.
    groups = (*report["classes"].items(), *report.get("regions", {}).items(), ("mean", report["mean"]))
    for group, values in groups:
        for metric, entry in values.items():
            if isinstance(entry, Mapping) and entry.get("value") is not None:
                client.log_metric(run.info.run_id, tracked_name(f"test_{metric}_{group}"), entry["value"])
    client.log_artifacts(run.info.run_id, str(evaluation_dir), artifact_path="evaluation")
    if not found:  # the status of a run that trained is its own
        client.set_terminated(run.info.run_id)
    handler._dispose_sqlite_store()
