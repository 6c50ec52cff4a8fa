import logging
import math

import pytest
import torch
from monai.handlers import ValidationHandler
from torch import nn

from monai_ssl.errors import InputError
from monai_ssl.handlers import BestModelSaver
from monai_ssl.handlers.checkpoint import load_checkpoint
from tests.engines.counting import Counter, ScriptedEvaluator, counter_trainer

NAN = float("nan")


def run(path, script, candidates=None, max_epochs=None, state=None, start_epoch=0):
    """Train one step an epoch, so that the weight is the epoch, and validate with the given metrics."""
    method = Counter()
    networks = {"network": method} if candidates is None else candidates(method)
    saver = BestModelSaver(path, networks, {name: f"auroc_{name}" for name in networks}, start_epoch=start_epoch)
    if state is not None:
        saver.load_state_dict(state)
    metrics = {epoch: {f"auroc_{name}": value for name, value in row.items()} for epoch, row in script.items()}
    evaluator = ScriptedEvaluator(metrics, [saver])
    counter_trainer([ValidationHandler(1, evaluator)], len(script), data=[_one()], method=method).run()
    return saver


def _one():
    return {"labeled": [{"image": torch.ones(2, 1)}]}


def weight(path):
    return load_checkpoint(path)["weight"].item()


def test_the_best_epoch_is_kept_and_ties_keep_the_earlier(tmp_path):
    file = tmp_path / "models" / "model.pt"
    script = {epoch: {"network": value} for epoch, value in enumerate([0.5, 0.8, 0.8, 0.7], start=1)}
    saver = run(file, script)
    assert saver.best == {"value": 0.8, "candidate": "network", "epoch": 2}
    assert weight(file) == 2
    assert [path.name for path in file.parent.iterdir()] == ["model.pt"]


def test_what_is_validated_too_early_does_not_count(tmp_path):
    script = {epoch: {"network": value} for epoch, value in enumerate([0.9, 0.6, 0.7], start=1)}
    for start, expected in ((1, 1), (1.5, 3), (2, 3)):
        assert run(tmp_path / "model.pt", script, start_epoch=start).best["epoch"] == expected
        assert weight(tmp_path / "model.pt") == expected


def test_candidates_compete(tmp_path):
    def two(method):
        other = Counter()
        with torch.no_grad():
            other.weight.fill_(-1.0)
        return {"network": method, "other": other}

    file = tmp_path / "model.pt"
    script = {1: {"network": 0.6, "other": 0.6}}
    assert run(file, script, two).best["candidate"] == "network"  # the first of equals
    script[2] = {"network": 0.1, "other": 0.7}
    assert run(file, script, two).best == {"value": 0.7, "candidate": "other", "epoch": 2}
    assert weight(file) == -1
    script[3] = {"network": 0.65, "other": 0.5}
    assert run(file, script, two).best["epoch"] == 2


@pytest.mark.parametrize("first", ["network", "other"])
def test_nan_neither_wins_nor_blocks(tmp_path, first, caplog):
    def two(method):
        return dict.fromkeys(sorted(["network", "other"], key=lambda name: name != first), method)

    file = tmp_path / "model.pt"
    with caplog.at_level(logging.WARNING):
        saver = run(file, {1: {"network": NAN, "other": NAN}}, two)
    assert saver.best["value"] is None
    assert not file.exists()
    assert "NaN in epoch 1" in caplog.text
    script = {1: {"network": NAN, "other": 0.3}, 2: {"network": NAN, "other": NAN}, 3: {"network": 0.4, "other": NAN}}
    assert run(file, script, two).best == {"value": 0.4, "candidate": "network", "epoch": 3}
    script[4] = {"network": NAN, "other": 0.1}
    assert run(file, script, two).best["epoch"] == 3
    assert weight(file) == 3


def test_a_resumed_run_remembers_the_best(tmp_path):
    file = tmp_path / "model.pt"
    first = run(file, {1: {"network": 0.9}})
    written = file.read_bytes()
    second = run(file, {1: {"network": 0.8}, 2: {"network": 0.9}}, state=first.state_dict())
    assert second.best == {"value": 0.9, "candidate": "network", "epoch": 1}
    assert file.read_bytes() == written
    assert run(file, {1: {"network": 0.95}}, state=first.state_dict()).best["value"] == 0.95


def test_the_state_is_a_copy():
    saver = BestModelSaver("model.pt", {"a": nn.Identity()}, {"a": "x"})
    saver.state_dict()["value"] = 1.0
    assert saver.best["value"] is None


def test_negative_values_may_be_the_best(tmp_path):
    assert run(tmp_path / "model.pt", {1: {"network": -math.inf}, 2: {"network": -3.0}}).best["value"] == -3


def test_bad_arguments(tmp_path):
    with pytest.raises(ValueError, match=r"\['a'\].*\['b'\]"):
        BestModelSaver("model.pt", {"a": nn.Identity()}, {"b": "x"})
    with pytest.raises(ValueError, match="name the same"):
        BestModelSaver("model.pt", {}, {})
    evaluator = ScriptedEvaluator({1: {"auroc": 1.0}}, [BestModelSaver("m.pt", {"a": nn.Identity()}, {"a": "auc"})])
    with pytest.raises(InputError, match=r"'auc'.*'auroc'"):
        evaluator.run()


def test_what_must_be_known_is_written_with_the_model_and_only_then(tmp_path):
    method = Counter()
    file = tmp_path / "model.pt"
    saver = BestModelSaver(file, {"network": method}, {"network": "auroc"}, info={"labels": ["bleed"]})
    evaluator = ScriptedEvaluator({1: {"auroc": NAN}, 2: {"auroc": 0.6}}, [saver])
    trainer = counter_trainer([ValidationHandler(1, evaluator)], 1, data=[_one()], method=method)
    trainer.run()
    assert not list(tmp_path.iterdir())
    trainer.state.max_epochs = 2
    trainer.run()
    assert (tmp_path / "model.json").read_text() == '{\n  "labels": [\n    "bleed"\n  ]\n}\n'
    assert file.is_file()
