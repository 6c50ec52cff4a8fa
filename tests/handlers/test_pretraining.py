import pytest
import torch
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.handlers import PretrainingReport, TrainingHistory
from tests.engines.counting import Counter, counter_trainer


def run(folder, method, epochs):
    trainer = counter_trainer(max_epochs=epochs, method=method)
    history = TrainingHistory(folder / "pretraining.csv", trainer.optimizers["losses"])
    report = PretrainingReport(folder / "models" / "encoder.pt", method, history, folder / "curves.png")
    for handler in (history, report):
        handler.attach(trainer)
    trainer.run()


def test_the_last_weights_are_kept_as_a_plain_state_dictionary(tmp_path):
    method = Counter()
    run(tmp_path, method, epochs=2)
    state = torch.load(tmp_path / "models" / "encoder.pt", weights_only=True)
    assert {name: value.item() for name, value in state.items()} == {"weight": 6.0}  # 2 epochs of 3 steps of 1
    with Image.open(tmp_path / "curves.png") as image:
        assert min(image.size) > 300


def test_nothing_is_written_before_the_end(tmp_path):
    method = Counter()
    method.losses = lambda batch: {"count": method.weight.sum() * float("nan")}
    with pytest.raises(InputError, match="'count' is nan"):
        run(tmp_path, method, epochs=2)
    assert not (tmp_path / "models").exists()
    assert not (tmp_path / "curves.png").exists()
