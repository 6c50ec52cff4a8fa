import pytest
import torch
from ignite.engine import Engine, Events

from monai_ssl.handlers import MethodSchedule
from monai_ssl.losses import LinearRamp, SignalThreshold


class Part(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.threshold = 7.0


def run(part, ramp, epochs=2, steps=4):
    seen = []
    engine = Engine(lambda *_: seen.append(part.threshold))
    MethodSchedule(part, "threshold", ramp).attach(engine)
    engine.run(range(steps), max_epochs=epochs)
    return seen


def test_it_is_set_before_each_step():
    assert run(Part(), LinearRamp(value=8.0, length=2)) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert run(Part(), LinearRamp(value=4.0, length=4, unit="iteration")) == [0, 1, 2, 3, 4, 4, 4, 4]


def test_a_resumed_run_goes_on_where_it_was():
    part, ramp = Part(), SignalThreshold(3, length=4)
    whole = run(part, ramp, epochs=4)
    seen = []
    engine = Engine(lambda *_: seen.append(part.threshold))
    MethodSchedule(part, "threshold", ramp).attach(engine)
    engine.load_state_dict({"epoch": 2, "epoch_length": 4, "max_epochs": 4})
    engine.add_event_handler(Events.COMPLETED, lambda: None)
    engine.run(range(4))
    assert seen == whole[8:]


def test_a_method_without_such_an_attribute():
    with pytest.raises(ValueError, match="Part has no `eta`"):
        MethodSchedule(Part(), "eta", LinearRamp())
