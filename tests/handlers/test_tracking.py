"""MLflow is slow, so that one record is made and looked at from several sides."""

import json
from types import SimpleNamespace

import mlflow
import pytest
from monai.handlers import ValidationHandler

from monai_ssl.bundle import make_run_name, track_evaluation
from monai_ssl.errors import InputError
from monai_ssl.handlers import MLflowTracker, TrainingCheckpoint, TrainingHistory
from monai_ssl.handlers.tracking import tracked_name
from monai_ssl.losses import LinearRamp
from tests.engines.counting import Counter, ScriptedEvaluator, counter_trainer, ones

EXPERIMENT = "trial"


class Loader(list):
    """Its fourth epoch is broken, until it is mended."""

    broken = True

    def set_epoch(self, epoch):
        self[:] = [ones(float("nan") if self.broken and epoch == 3 else 1.0)] * 3


def train(folder, loader, epochs, resume=False, name=None, prefix=""):
    method = Counter()
    evaluator = ScriptedEvaluator({epoch: {"auroc": epoch / 8} for epoch in range(1, 9)})
    ramp = LinearRamp(6.0, length=3, unit="iteration")
    trainer = counter_trainer(max_epochs=epochs, method=method, data=loader, weight=ramp)
    history = TrainingHistory(folder / "history.csv", trainer.optimizers["losses"], evaluator)
    name = name or make_run_name("counter", folder, resume)
    tracker = MLflowTracker(
        history,
        folder,
        f"sqlite:///{folder}/mlruns.db",
        EXPERIMENT,
        name,
        parameters={"seed": 3, "loss_weight.count": 6.0, "sha256.masks/*.nii.gz": "ab"},
        artifacts=[folder / "history.csv", folder / "missing.png"],
        interval=2,
        prefix=prefix,
    )
    saver = TrainingCheckpoint(folder / "checkpoint.pt", {"method": method, "history": history}, resume)
    for handler in (ValidationHandler(1, evaluator), history, tracker, saver):
        handler.attach(trainer)
    trainer.run()


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """A run that fails in its fourth epoch, goes on from there, and is evaluated; and another run beside it."""
    folder = tmp_path_factory.mktemp("tracking")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        uri = f"sqlite:///{folder}/mlruns.db"
        client = mlflow.MlflowClient(tracking_uri=uri)
        loader = Loader([None] * 3)
        with pytest.raises(InputError, match="'count' is nan") as error:
            train(folder, loader, epochs=5)
        experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
        failed = client.search_runs(experiment)
        loader.broken = False
        train(folder, loader, epochs=5, resume=True)
        (resumed,) = client.search_runs(experiment)
        evaluation = folder / "evaluation"
        evaluation.mkdir()
        (evaluation / "report.json").write_text("{}")
        report = {
            "classes": {"bleed": {"auroc": {"value": 0.75}, "f1": {"value": None}, "images": 7}},
            "regions": {"bleed": {"dice": {"value": 0.25}, "missed": 1}},
            "mean": {"auroc": {"value": 0.5}, "dice": {"value": 0.25}, "regions": ["bleed"]},
        }
        track_evaluation(report, folder, evaluation, uri, EXPERIMENT)
        evaluated = client.get_run(resumed.info.run_id)
        train(folder, loader, epochs=1)
        yield SimpleNamespace(
            folder=folder,
            client=client,
            error=error.value,
            failed=failed,
            resumed=resumed,
            evaluated=evaluated,
            runs=client.search_runs(experiment),
        )


def series(record, name):
    return [(point.step, point.value) for point in record.client.get_metric_history(record.resumed.info.run_id, name)]


def test_a_failed_run_is_marked_and_taken_up_again(record):
    (failed,) = record.failed
    assert failed.info.status == "FAILED"
    assert record.resumed.info.run_id == failed.info.run_id
    assert record.resumed.info.status == "FINISHED"
    assert record.resumed.info.run_name.startswith("counter_")


def test_each_run_has_its_own_record(record):
    assert len(record.runs) == 2
    names = {run.info.run_name for run in record.runs}
    assert len(names) == 2
    assert (record.folder / "run_name.txt").read_text().strip() in names - {record.resumed.info.run_name}


def test_parameters_name_no_path(record):
    parameters = record.resumed.data.params
    own = {"seed": "3", "loss_weight.count": "6.0", "sha256.masks/_.nii.gz": "ab"}  # MLflow takes no asterisk
    assert parameters == own | {"max_epochs": "5", "epoch_length": "3"}
    assert str(record.folder) not in json.dumps(parameters)


def test_steps(record):
    # The weight before iteration i is the sum of the ramp 0, 2, 4, 6, 6, ... before it; every second one is logged.
    ramp = [0.0, 2.0, 4.0] + [6.0] * 12
    weights = [sum(ramp[:i]) for i in range(15)]
    logged = [2, 4, 6, 8, 10, 12, 14]
    # Iteration 10 broke the first time, before it was logged.
    assert series(record, "step/loss_count") == [(i, -weights[i - 1]) for i in logged]
    assert series(record, "step/loss") == [(i, -weights[i - 1] * ramp[i - 1]) for i in logged]
    assert series(record, "step/weight_count") == [(i, ramp[i - 1]) for i in logged]


def test_epochs(record):
    assert series(record, "auroc") == [(3 * epoch, epoch / 8) for epoch in range(1, 6)]
    assert series(record, "images") == [(3 * epoch, 6.0 * epoch) for epoch in range(1, 6)]
    assert series(record, "learning_rate") == [(3 * epoch, 1.0) for epoch in range(1, 6)]
    assert series(record, "loss")[1] == (6, -(6 * 6 + 12 * 6 + 18 * 6) / 3)


def test_artifacts(record):
    found = [item.path for item in record.client.list_artifacts(record.resumed.info.run_id)]
    assert sorted(found) == ["evaluation", "history.csv"]


def test_the_evaluation_joins_the_run(record):
    tested = {name: value for name, value in record.evaluated.data.metrics.items() if name.startswith("test_")}
    assert tested == {
        **{"test_auroc_bleed": 0.75, "test_auroc_mean": 0.5},
        **{"test_dice_bleed": 0.25, "test_dice_mean": 0.25},
    }
    assert record.evaluated.info.end_time == record.resumed.info.end_time


def test_the_interval_is_checked(tmp_path):
    with pytest.raises(ValueError, match=r"interval.*0"):
        MLflowTracker(None, tmp_path, "sqlite:///x.db", EXPERIMENT, "a", {}, [], interval=0)


def test_a_class_may_be_called_anything():
    assert tracked_name("val_auroc_Cyst (simple), left & Ödem") == "val_auroc_Cyst _simple__ left _ Ödem"
    assert tracked_name("step/loss_supervised") == "step/loss_supervised"


def test_two_stages_of_training_are_in_one_run(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    name = make_run_name("staged", tmp_path, resume=False)
    loader = Loader([None] * 3)
    train(tmp_path, loader, epochs=2, name=name, prefix="pretrain_")
    train(tmp_path, loader, epochs=3, name=name)
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/mlruns.db")
    (run,) = client.search_runs(client.get_experiment_by_name(EXPERIMENT).experiment_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["max_epochs"] == "3"
    steps = {
        metric: [point.step for point in client.get_metric_history(run.info.run_id, metric)]
        for metric in ("pretrain_auroc", "auroc", "pretrain_step/loss_count", "step/loss_count")
    }
    assert steps == {
        "pretrain_auroc": [3, 6],
        "auroc": [3, 6, 9],
        "pretrain_step/loss_count": [2, 4, 6],
        "step/loss_count": [2, 4, 6, 8],
    }
