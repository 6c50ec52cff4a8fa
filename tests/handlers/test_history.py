import csv
import math

import pytest
import torch
from ignite import distributed as idist
from monai.handlers import ValidationHandler

from monai_ssl.handlers import TrainingCheckpoint, TrainingHistory
from monai_ssl.losses import LinearRamp
from tests.engines.counting import Counter, ScriptedEvaluator, counter_trainer, ones
from tests.methods.toys import batch, make

SCRIPT = {
    1: {"auroc": 0.5, "auroc_a": 0.5},
    2: {"auroc": 0.75, "auroc_a": 0.5, "auroc_b": 1.0, "matrix": torch.eye(2)},
    3: {"auroc": torch.tensor(0.25), "auroc_b": math.nan},
    4: {"auroc": 1.0},
}


def run(folder, epochs=2, interval=1, resume=False, **kwargs):
    method = Counter()
    evaluator = ScriptedEvaluator(SCRIPT)
    trainer = counter_trainer(max_epochs=epochs, method=method, **kwargs)
    history = TrainingHistory(folder / "history.csv", trainer.optimizers["losses"], evaluator, show=["auroc"])
    saver = TrainingCheckpoint(folder / "checkpoint.pt", {"method": method, "history": history}, resume)
    for handler in (ValidationHandler(interval, evaluator), history, saver):
        handler.attach(trainer)
    trainer.run()
    return history


def read(folder):
    with (folder / "history.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_rows_are_exact(tmp_path, caplog):
    with caplog.at_level("INFO"):
        history = run(tmp_path, weight=LinearRamp(6.0, length=3, unit="iteration"))
    # The weight before each step is 0, 0, 2, then 6, 12, 18; the loss term is its negative, the ramp 0, 2, 4, 6, 6, 6.
    assert history.rows == [
        {
            "epoch": 1,
            "iteration": 3,
            "images": 6,
            "loss": pytest.approx(-8 / 3),
            "loss_count": pytest.approx(-2 / 3),
            "weight_count": 4,
            "learning_rate": 1.0,
            "auroc": 0.5,
            "auroc_a": 0.5,
        },
        {
            "epoch": 2,
            "iteration": 6,
            "images": 12,
            "loss": -72,
            "loss_count": -12,
            "weight_count": 6,
            "learning_rate": 1.0,
            "auroc": 0.75,
            "auroc_a": 0.5,
            "auroc_b": 1.0,
        },
    ]
    assert "epoch 2/2  loss -72.0000  loss_count -12.0000  auroc 0.7500" in caplog.text


def test_the_file_is_the_rows_and_a_class_may_come_later(tmp_path):
    history = run(tmp_path, epochs=3)
    rows = read(tmp_path)
    assert list(rows[0])[:3] == ["epoch", "iteration", "images"]
    assert [row["auroc_b"] for row in rows] == ["", "1.0", "nan"]
    assert [row["auroc_a"] for row in rows] == ["0.5", "0.5", ""]
    for text, row in zip(rows, history.rows, strict=True):
        for name, value in row.items():
            assert float(text[name]) == value or math.isnan(value)
        assert all(not text[name] for name in set(text) - set(row))


def test_several_optimizers_have_a_learning_rate_each(tmp_path):
    trainer = counter_trainer(max_epochs=1, method=Counter())
    first = trainer.optimizers["losses"]
    second = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.25)
    history = TrainingHistory(tmp_path / "history.csv", {"generator": first, "discriminator": second})
    history.attach(trainer)
    trainer.run()
    rates = {name: value for name, value in history.rows[0].items() if "rate" in name}
    assert rates == {"learning_rate_generator": 1.0, "learning_rate_discriminator": 0.25}


def test_epochs_without_validation_have_no_metrics(tmp_path):
    history = run(tmp_path, epochs=4, interval=2)
    assert ["auroc" in row for row in history.rows] == [False, True, False, True]
    assert [row["auroc"] for row in read(tmp_path)] == ["", "0.75", "", "1.0"]


def test_it_survives_resuming(tmp_path):
    (tmp_path / "whole").mkdir()
    whole = run(tmp_path / "whole", epochs=4)
    (tmp_path / "parts").mkdir()
    run(tmp_path / "parts", epochs=3)
    resumed = run(tmp_path / "parts", epochs=4, resume=True)
    assert str(resumed.rows) == str(whole.rows)  # as text, for NaN is not itself
    assert (tmp_path / "parts" / "history.csv").read_bytes() == (tmp_path / "whole" / "history.csv").read_bytes()


def test_each_view_of_both_streams_counts(tmp_path):
    torch.manual_seed(0)
    method = make("mean_teacher")

    class Engine:
        class state:  # noqa: N801
            batch = batch(make("mean_teacher"), labeled=4, unlabeled=6)
            losses, loss_weights, metrics = {"loss": 1.0}, {}, {}
            epoch = iteration = max_epochs = 1
            rank = 0

    history = TrainingHistory(tmp_path / "history.csv", torch.optim.SGD(method.trainable_parameters(), lr=0.5))
    history._start()
    history._add(Engine)
    history._finish(Engine)
    assert history.rows[0]["images"] == 2 * 4 + 2 * 6


def distributed(rank, folder):
    torch.set_num_threads(1)
    trainer = counter_trainer(data=[ones(1.0 + 2 * rank)], max_epochs=2)
    history = TrainingHistory(folder / "history.csv", trainer.optimizers["losses"])
    history.attach(trainer)
    TrainingCheckpoint(folder / "checkpoint.pt", {"history": history}).attach(trainer)
    trainer.run()
    torch.save(history.rows, folder / f"{rank}")


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="needs gloo")
def test_two_processes_count_together(tmp_path):
    idist.spawn(
        "gloo",
        distributed,
        args=(tmp_path,),
        nproc_per_node=2,
        start_method="fork",
        init_method=f"file://{tmp_path}/rendezvous",
    )
    rows = [torch.load(tmp_path / str(rank)) for rank in range(2)]
    assert rows[0] == rows[1]
    assert [row["images"] for row in rows[0]] == [4, 8]
    # Not wrapped, each process trains its own weight: it is 1 and 3 in the second epoch, times images of 1 and 3.
    assert [row["loss_count"] for row in rows[0]] == [0, -(1 * 1 + 3 * 3) / 2]
    assert len(read(tmp_path)) == 2
    content = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert len(content["random"]) == content["settings"]["processes"] == 2
