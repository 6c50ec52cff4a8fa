import math
from itertools import pairwise

import pytest

from monai_ssl.losses import Constant, CosineRamp, LinearRamp, SigmoidRamp, sigmoid_rampup


def test_sigmoid_rampup_by_hand():
    assert sigmoid_rampup(0, 10) == pytest.approx(math.exp(-5))
    assert sigmoid_rampup(5, 10) == pytest.approx(math.exp(-1.25))
    assert sigmoid_rampup(10, 10) == 1
    assert sigmoid_rampup(11, 10) == 1
    assert sigmoid_rampup(0, 0) == 1


@pytest.mark.parametrize(
    ("ramp", "at_half"),
    [
        (LinearRamp(value=3.0, length=8), 1.5),
        (CosineRamp(value=3.0, length=8), 1.5),
        (SigmoidRamp(value=3.0, length=8), 3 * math.exp(-1.25)),
        (Constant(value=3.0), 3.0),
    ],
)
def test_each_ramp_half_way_and_at_its_end(ramp, at_half):
    assert ramp(4) == pytest.approx(at_half)
    assert ramp(8) == 3.0
    assert ramp(1000) == 3.0


@pytest.mark.parametrize("kind", [LinearRamp, CosineRamp, SigmoidRamp])
def test_ramps_rise_monotonely(kind):
    values = [kind(value=2.0, length=10)(t / 10) for t in range(150)]
    assert all(second >= first for first, second in pairwise(values))


def test_before_its_start_a_ramp_is_zero():
    ramp = LinearRamp(value=1.0, length=4, start=10)
    assert [ramp(t) for t in (0, 9.99, 10, 12, 14)] == [0, 0, 0, 0.5, 1]
    assert [Constant(start=20)(t) for t in (19, 20)] == [0, 1]


def test_units():
    assert LinearRamp(length=4, unit="iteration").at(iteration=2, epoch_length=100) == 0.5
    assert LinearRamp(length=4, unit="epoch").at(iteration=250, epoch_length=100) == 0.625


def test_a_ramp_drives_ignites_state_scheduler():
    from ignite.engine import Engine, Events
    from ignite.handlers.state_param_scheduler import LambdaStateScheduler

    engine = Engine(lambda *_: None)
    seen = []
    scheduler = LambdaStateScheduler(LinearRamp(length=4), param_name="weight", create_new=True)
    scheduler.attach(engine, Events.EPOCH_COMPLETED)
    engine.add_event_handler(Events.EPOCH_COMPLETED, lambda: seen.append(engine.state.weight))
    engine.run([0], max_epochs=5)
    assert seen == [0.25, 0.5, 0.75, 1.0, 1.0]


@pytest.mark.parametrize("arguments", [{"value": -1.0}, {"length": float("nan")}, {"start": -2}, {"unit": "step"}])
def test_bad_settings_are_named(arguments):
    with pytest.raises(ValueError, match=f"`{next(iter(arguments))}` must be"):
        SigmoidRamp(**arguments)
