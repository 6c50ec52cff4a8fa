import random
from pathlib import Path

import numpy as np
import pytest
import torch
from ignite.engine import Events
from torch import nn

from monai_ssl.data import TwoStreamLoader
from monai_ssl.engines import SemiSupervisedTrainer
from monai_ssl.errors import InputError
from monai_ssl.handlers import EMAHandler, TrainingCheckpoint, load_checkpoint
from monai_ssl.handlers.checkpoint import restore_random_state, save_tensors
from monai_ssl.methods import Supervised
from tests.engines.counting import Counter, counter_trainer

SETTINGS = {"seed": 3, "labels": ["a", "b"]}


def images(count, labels):
    generator = torch.Generator().manual_seed(count)
    items = [{"image": torch.rand(1, 4, 4, generator=generator)} for _ in range(count)]
    return [{**item, "label": torch.rand(3, generator=generator).round()} for item in items] if labels else items


def training(path, epochs, resume=False, width=5, settings=SETTINGS, batch_size=2, extra=()):
    """A training with everything that has a state: dropout, Adam, a schedule, an average, a shuffled loader."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, width), nn.BatchNorm1d(width), nn.Dropout(0.5))
    method = Supervised(nn.Sequential(*network, nn.Linear(width, 3)), "multilabel")
    optimizer = torch.optim.Adam(method.trainable_parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5)
    ema = EMAHandler(method.student, method.ema, decay=0.7)
    states = {"method": method, "optimizer": optimizer, "lr_scheduler": schedule, "ema": ema}
    trainer = SemiSupervisedTrainer(
        "cpu",
        epochs,
        TwoStreamLoader(images(7, True), images(5, False), batch_size, 2, method.views, seed=3),
        method,
        optimizer,
        {"supervised": 1.0},
        train_handlers=[ema, *extra],
    )
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda: schedule.step())
    TrainingCheckpoint(path, states, resume, settings).attach(trainer)
    return trainer, states


def flat(state, prefix=""):
    """Every tensor and setting of nested states."""
    if isinstance(state, dict):
        return {key: value for name, part in state.items() for key, value in flat(part, f"{prefix}/{name}").items()}
    if isinstance(state, list | tuple):
        return flat(dict(enumerate(state)), prefix)
    return {prefix: state}


def assert_same_states(states, expected):
    for name, item in expected.items():
        found, wanted = flat(states[name].state_dict()), flat(item.state_dict())
        assert found.keys() == wanted.keys()
        for key, value in wanted.items():
            same = torch.equal(found[key], value) if isinstance(value, torch.Tensor) else found[key] == value
            assert same, (name, key)


def draws():
    return random.random(), np.random.rand(), torch.rand(1).item()  # noqa: S311, NPY002


@pytest.fixture
def saved(tmp_path):
    """The checkpoint of a run of two epochs."""
    path = tmp_path / "checkpoint.pt"
    training(path, 2)[0].run()
    return path


def resume(path, **kwargs):
    training(path, 4, resume=True, **kwargs)[0].run()


def test_a_resumed_run_ends_as_one_that_was_not_interrupted(saved, tmp_path):
    whole, expected = training(tmp_path / "whole.pt", 4)
    whole.run()
    after_whole = draws()
    random.seed(99), np.random.seed(99), torch.manual_seed(99)  # noqa: NPY002
    resumed, states = training(saved, 4, resume=True)
    resumed.run()
    assert draws() == after_whole
    assert (resumed.state.epoch, resumed.state.iteration) == (4, whole.state.iteration)
    assert_same_states(states, expected)


def test_a_run_killed_within_an_epoch_goes_on_from_the_last_full_one(saved, tmp_path):
    whole, expected = training(tmp_path / "whole.pt", 4)
    whole.run()

    class Kill:
        def attach(self, engine):
            engine.add_event_handler(Events.ITERATION_COMPLETED(once=11), self)

        def __call__(self):
            raise KeyboardInterrupt

    before = saved.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        resume(saved, extra=[Kill()])
    assert saved.read_bytes() == before
    resumed, states = training(saved, 4, resume=True)
    resumed.run()
    assert_same_states(states, expected)


def test_it_is_read_with_weights_only_and_holds_no_surprises(saved):
    content = torch.load(saved, weights_only=True)
    assert set(content) == {"method", "optimizer", "lr_scheduler", "ema", "engine", "random", "settings"}
    assert content["engine"] == {"epoch": 2, "iteration": 8, "scaler": {}}
    assert content["settings"] == SETTINGS | {"iterations an epoch": 4, "processes": 1}


def test_random_states_are_restored_exactly(tmp_path):
    np.random.standard_normal()  # noqa: NPY002 - leaves a cached second value
    saver = TrainingCheckpoint(tmp_path / "checkpoint.pt", {})
    counter_trainer([saver], max_epochs=1).run()
    expected = draws(), np.random.standard_normal()  # noqa: NPY002
    restore_random_state(load_checkpoint(saver.path)["random"][0])
    assert (draws(), np.random.standard_normal()) == expected  # noqa: NPY002


def test_without_a_file_training_starts_from_the_beginning(tmp_path):
    trainer, states = training(tmp_path / "checkpoint.pt", 1, resume=True)
    trainer.run()
    assert states["ema"].updates == 4
    with pytest.raises(InputError, match=r"missing\.pt: there is no such file"):
        load_checkpoint(tmp_path / "missing.pt")


def test_the_same_content_gives_the_same_bytes(tmp_path):
    """So that a model is known again by a hash of its file."""
    content = {"a": torch.arange(3.0), "b": {"c": torch.ones(2, 2)}}
    for name in ("first.pt", "second.pt"):
        save_tensors(content, tmp_path / name)
    assert (tmp_path / "first.pt").read_bytes() == (tmp_path / "second.pt").read_bytes()


def test_without_resume_the_file_is_gone_when_training_starts(saved):
    """A run that is killed before its first checkpoint must not leave another run's beside its models."""
    seen = []

    class Look:
        def attach(self, engine):
            engine.add_event_handler(Events.EPOCH_STARTED, lambda: seen.append(saved.exists()))

    training(saved, 1, extra=[Look()])[0].run()
    assert seen == [False]


def test_without_resume_the_file_is_replaced(saved):
    training(saved, 1)[0].run()
    assert load_checkpoint(saved)["engine"]["epoch"] == 1


def test_a_finished_run_is_left_as_it_is(saved):
    before = saved.read_bytes()
    trainer, states = training(saved, 2, resume=True)
    trainer.run()
    assert states["ema"].updates == 8
    assert saved.read_bytes() == before


def test_another_network(saved):
    with pytest.raises(InputError, match=r"checkpoint\.pt: the checkpoint's 'method' does not fit"):
        resume(saved, width=6)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"settings": {**SETTINGS, "seed": 4}}, "seed = 3, this run has 4"),
        ({"settings": {**SETTINGS, "labels": ["a"]}}, r"labels = \['a', 'b'\], this run has \['a'\]"),
        ({"settings": {**SETTINGS, "new": 1}}, "new = None, this run has 1"),
        ({"batch_size": 7}, "iterations an epoch = 4, this run has 3"),
    ],
)
def test_other_settings(saved, kwargs, message):
    with pytest.raises(InputError, match=message):
        resume(saved, **kwargs)


def test_another_number_of_processes(saved):
    content = load_checkpoint(saved)
    content["settings"]["processes"] = 2
    save_tensors(content, saved)
    with pytest.raises(InputError, match="processes = 2, this run has 1"):
        resume(saved)


@pytest.mark.parametrize("content", [{"weight": torch.zeros(2)}, torch.zeros(3), [1, 2]])
def test_a_file_of_something_else(saved, content):
    torch.save(content, saved)
    with pytest.raises(InputError, match="no checkpoint of this bundle"):
        resume(saved)


def test_a_part_of_another_kind(saved):
    content = load_checkpoint(saved)
    content["optimizer"] = [1]
    save_tensors(content, saved)
    with pytest.raises(InputError, match="'optimizer' does not fit"):
        resume(saved)


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.99])
def test_a_damaged_file(saved, keep):
    data = saved.read_bytes()
    saved.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    with pytest.raises(InputError, match=r"checkpoint\.pt: the file cannot be read as a checkpoint"):
        resume(saved)


@pytest.mark.parametrize("data", [b"hello", b"\x80\x02garbage", b"PK\x03\x04garbage", bytes(range(256)) * 9, b"\x80"])
def test_a_file_that_is_none(tmp_path, data):
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(data)
    with pytest.raises(InputError, match="cannot be read"):
        load_checkpoint(path)


def test_code_in_a_file_is_not_run(tmp_path):
    path, mark = tmp_path / "checkpoint.pt", tmp_path / "mark"

    class Touch:
        def __reduce__(self):
            return Path.touch, (mark,)

    torch.save(Touch(), path)
    with pytest.raises(InputError, match="more than tensors and plain values") as error:
        load_checkpoint(path)
    assert not mark.exists()
    assert "weights_only" not in str(error.value)  # no recommendation to read it all the same


def test_an_error_while_saving_leaves_the_old_file(saved, monkeypatch):
    before = saved.read_bytes()

    def fail(content, file):
        file.write(b"half")
        raise RuntimeError("disk full")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(RuntimeError, match="disk full"):
        resume(saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_momentum_is_taken_up(tmp_path):
    def run(name, epochs, resume=False):
        method = Counter()
        trainer = counter_trainer(max_epochs=epochs, method=method, momentum=0.5)
        states = {"method": method, "optimizer": trainer.optimizers["losses"]}
        TrainingCheckpoint(tmp_path / name, states, resume).attach(trainer)
        trainer.run()
        return method.weight.item()

    # The velocity after step n is 2 - 2^(1-n), so the weight is 2 n - 2 (1 - 2^-n).
    assert run("a.pt", 1) == 6 - 2 * (1 - 2**-3)
    assert run("a.pt", 2, resume=True) == 12 - 2 * (1 - 2**-6)


def test_a_stage_that_trains_on_deletes_the_checkpoints_of_later_ones(tmp_path):
    """What a later stage has learnt began with other weights."""
    path, later = tmp_path / "first.pt", tmp_path / "second.pt"

    def stage(epochs, resume):
        trainer = counter_trainer(max_epochs=epochs)
        TrainingCheckpoint(path, {"method": trainer.method}, resume, obsolete=[later]).attach(trainer)
        trainer.run()

    later.write_bytes(b"of an earlier run")
    stage(2, resume=False)
    assert not later.exists()
    later.write_bytes(b"of this run")
    stage(2, resume=True)  # which has nothing left to do
    assert later.exists()
    stage(3, resume=True)
    assert not later.exists()
