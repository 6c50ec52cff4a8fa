import math

import pytest
import torch
from ignite.engine import Engine, Events

from monai_ssl.errors import InputError
from monai_ssl.handlers import DiscriminatorWatch


def losses(real, labeled, unlabeled, masks=4):
    """The loss terms of these probabilities of "predicted", and how many images have a mask."""
    terms = {"real": -math.log(1 - real), "predicted_labeled": -math.log(labeled)}
    return terms | {"predicted_unlabeled": -math.log(unlabeled), "diagnosis": 3.0, "masks": masks}


def batch_of(count):
    """Four labeled images, of which so many have a mask; the others' got a border of 0 from an affine transform."""
    mask = torch.ones(4, 1, 3, 3)
    mask[count:] = -1.0
    mask[:, :, 0] = 0.0
    return {"labeled": [{"mask": mask}]}


def run(watch, epochs):
    """An engine whose epochs have these lists of loss terms; return what its metrics were after each."""
    seen = []

    def step(engine, _):
        given = dict(epochs[engine.state.epoch - 1][(engine.state.iteration - 1) % len(epochs[0])])
        engine.state.batch = batch_of(given.pop("masks", 4))
        engine.state.losses = given

    engine = Engine(step)
    engine.state.rank = 0
    watch.attach(engine)
    engine.add_event_handler(Events.EPOCH_COMPLETED, lambda: seen.append(dict(engine.state.metrics)))
    engine.run(range(len(epochs[0])), max_epochs=len(epochs))
    return seen


def test_probabilities_are_geometric_means():
    (metrics,) = run(DiscriminatorWatch(), [[losses(0.1, 0.8, 0.5), losses(0.4, 0.2, 0.5)]])
    assert metrics == {
        "fake_real": pytest.approx(1 - math.sqrt(0.9 * 0.6)),
        "fake_predicted_labeled": pytest.approx(math.sqrt(0.8 * 0.2)),
        "fake_predicted_unlabeled": pytest.approx(0.5),
    }


def test_the_mean_of_true_masks_is_over_those():
    (metrics,) = run(
        DiscriminatorWatch(), [[losses(0.1, 0.5, 0.5, 3), losses(0.4, 0.5, 0.5, 1), losses(0, 0.5, 0.5, 0)]]
    )
    assert metrics["fake_real"] == pytest.approx(1 - 0.9 ** (3 / 4) * 0.6 ** (1 / 4))


def test_without_any_true_mask_nothing_is_said(caplog):
    watch = DiscriminatorWatch(patience=1)
    (metrics,) = run(watch, [[losses(0, 0.5, 0.5, 0)]])
    assert math.isnan(metrics["fake_real"])
    assert metrics["fake_predicted_labeled"] == pytest.approx(0.5)
    assert not watch.collapsed
    assert not caplog.records


BLIND, SEEING = [losses(0.5, 0.54, 0.9)], [losses(0.5, 0.56, 0.1)]


def test_a_collapse_is_told_once_and_at_the_end(caplog):
    watch = DiscriminatorWatch(margin=0.05, patience=2)
    run(watch, [BLIND, SEEING, BLIND, BLIND, BLIND])
    assert watch.collapsed
    first, last = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert "has collapsed: for 2 epochs" in first
    assert "(with a probability of 0.50 and 0.54)" in first
    assert "collapsed at the end, for 3 epochs" in last


def test_a_recovery_is_told(caplog):
    watch = DiscriminatorWatch(patience=1)
    run(watch, [SEEING, BLIND, SEEING])
    assert not watch.collapsed
    messages = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert ["collapsed" in message for message in messages] == [True, False]
    assert "tells masks apart again" in messages[1]


def test_calling_everything_the_wrong_way_round_is_a_collapse():
    watch = DiscriminatorWatch(patience=1)
    run(watch, [[losses(0.9, 0.1, 0.1)]])
    assert watch.collapsed


def test_it_goes_on_from_a_checkpoint():
    watch, other = DiscriminatorWatch(patience=3), DiscriminatorWatch(patience=3)
    run(watch, [BLIND, BLIND])
    other.load_state_dict(watch.state_dict())
    run(other, [BLIND])
    assert not watch.collapsed
    assert other.collapsed


def test_a_method_without_a_discriminator():
    with pytest.raises(InputError, match="no loss terms real, predicted_labeled, predicted_unlabeled"):
        run(DiscriminatorWatch(), [[{"supervised": 1.0}]])


@pytest.mark.parametrize("settings", [{"margin": 0.0}, {"margin": 1.0}, {"patience": 0}])
def test_bad_settings(settings):
    with pytest.raises(InputError, match="margin is"):
        DiscriminatorWatch(**settings)
