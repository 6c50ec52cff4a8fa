import json
import math

import pytest
from monai.handlers import ValidationHandler
from PIL import Image

from monai_ssl.handlers import BestModelSaver, TrainingHistory, TrainingReport
from tests.engines.counting import Counter, ScriptedEvaluator, counter_trainer

SCRIPT = {
    1: {"f": 0.5, "f_bleed": 0.5, "g": 0.9, "g_bleed": 0.9},
    2: {"f": 0.75, "f_bleed": 0.75, "g": 0.625, "g_bleed": 0.625},
    3: {"f": 0.25, "f_bleed": 0.25, "g": 0.5, "g_bleed": 0.5},
}


def run(folder, script=SCRIPT, epochs=3, **kwargs):
    method = Counter()
    best = BestModelSaver(folder / "model.pt", {"network": method}, {"network": "f"})
    evaluator = ScriptedEvaluator(script, [best])
    trainer = counter_trainer(max_epochs=epochs, method=method, **kwargs)
    history = TrainingHistory(folder / "history.csv", trainer.optimizers["losses"], evaluator)
    report = TrainingReport(folder, history, best, {"F": "f", "G": "g"}, ["bleed", "tumour"], ["Look there."])
    for handler in (ValidationHandler(1, evaluator), history, report):
        handler.attach(trainer)
    trainer.run()


def test_numbers_are_those_of_the_saved_epoch(tmp_path, capsys):
    run(tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary == {
        "best": {"value": 0.75, "candidate": "network", "epoch": 2},
        "validation": {
            "F": {"bleed": 0.75, "tumour": None, "mean": 0.75},
            "G": {"bleed": 0.625, "tumour": None, "mean": 0.625},
        },
    }
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["F", "G"] in lines
    assert ["bleed", "0.750", "0.625"] in lines
    assert ["tumour", "-", "-"] in lines
    assert ["mean", "0.750", "0.625"] in lines
    assert ["Look", "there."] in lines
    assert ["Model:", str(tmp_path / "model.pt")] in lines
    with Image.open(tmp_path / "learning_curves.png") as image:
        assert min(image.size) > 300


def test_without_a_best_model_there_is_nothing_to_report(tmp_path, capsys):
    run(tmp_path, {epoch: {"f": math.nan, "g": 1.0} for epoch in (1, 2, 3)})
    assert not (tmp_path / "summary.json").exists()
    assert not (tmp_path / "model.pt").exists()
    assert "Validation" not in capsys.readouterr().out


@pytest.mark.parametrize("epochs", [1])
def test_one_epoch(tmp_path, epochs, capsys):
    run(tmp_path, epochs=epochs)
    assert json.loads((tmp_path / "summary.json").read_text())["best"]["epoch"] == 1
