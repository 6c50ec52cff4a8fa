import copy
import math

import pytest
import torch
from ignite.engine import Events
from monai.engines import SupervisedTrainer
from torch import nn

from monai_ssl.errors import InputError
from monai_ssl.handlers import EMAHandler, TrainingCheckpoint
from tests.engines.counting import Counter, counter_trainer, ones, same_bits


class WithBuffers(Counter):
    """A counter that also has buffers, which change with each iteration."""

    def __init__(self):
        super().__init__()
        self.register_buffer("level", torch.zeros(()))
        self.register_buffer("seen", torch.tensor(0))

    def losses(self, batch):
        self.level += 10
        self.seen += 1
        return super().losses(batch)


def closed_form(start, students, decays):
    """``sum_j (1 - d_j) prod_{i > j} d_i s_j + prod_i d_i start`` in double precision."""
    return math.fsum(
        [start * math.prod(decays)]
        + [(1 - decays[j]) * math.prod(decays[j + 1 :]) * students[j] for j in range(len(students))]
    )


@pytest.mark.parametrize("warm_up", [True, False])
@pytest.mark.parametrize("decay", [0.5, 0.99])
def test_closed_form(decay, warm_up):
    method, target = Counter(), Counter()
    with torch.no_grad():
        target.weight.fill_(7.0)
    ema = EMAHandler(method, target, decay=decay, warm_up=warm_up)
    counter_trainer([ema], max_epochs=4, method=method).run()  # the students are 1, 2, ..., 12
    decays = [min(decay, 1 - 1 / (k + 1)) if warm_up else decay for k in range(12)]
    assert target.weight.item() == pytest.approx(closed_form(7.0, range(1, 13), decays), rel=1e-6)
    assert ema.updates == 12
    if warm_up and decay == 0.99:  # as long as warm-up lasts, the plain mean
        assert target.weight.item() == pytest.approx(6.5, rel=1e-6)


def test_the_first_update_with_warm_up_copies_exactly():
    torch.manual_seed(0)
    source, target = nn.Linear(50, 50), nn.Linear(50, 50)
    ema = EMAHandler(source, target)
    assert ema.current_decay == 0
    ema._collect()
    ema(None)
    assert same_bits(target.state_dict(), source.state_dict())
    for name, value in target.state_dict().items():
        assert value.data_ptr() != source.state_dict()[name].data_ptr()
    with torch.no_grad():
        source.weight.add_(1)
    assert not torch.equal(target.weight, source.weight)


@pytest.mark.parametrize(
    ("buffers", "level", "seen"),
    # The source's are 10, 20, 30 and 1, 2, 3; with warm-up the average is the mean.
    [("average", 20.0, 3), ("copy", 30.0, 3), ("own", 0.0, 0)],
)
def test_buffers(buffers, level, seen):
    method, target = WithBuffers(), WithBuffers()
    counter_trainer([EMAHandler(method, target, buffers=buffers)], max_epochs=1, method=method).run()
    assert target.level.item() == pytest.approx(level)
    assert target.seen.item() == seen
    assert target.weight.item() == pytest.approx(2.0)
    method.level += 5
    method.seen += 5
    assert (target.level.item(), target.seen.item()) == (pytest.approx(level), seen)


def test_buffers_that_were_replaced_before_training_are_found():
    """As ``Module.to`` replaces them."""
    method, target = WithBuffers(), WithBuffers()
    trainer = counter_trainer([EMAHandler(method, target, buffers="copy")], max_epochs=1, method=method)
    for network in (method, target):
        network.level = network.level.clone()
    trainer.run()
    assert target.level.item() == 30


def test_the_target_learns_nothing_by_gradient():
    method, target = Counter(), Counter()
    counter_trainer([EMAHandler(method, target)], method=method).run()
    assert not target.weight.requires_grad
    assert target.weight.grad is None
    assert target.weight.grad_fn is None


def test_only_real_steps_count():
    method, target = Counter(), Counter()
    ema = EMAHandler(method, target)
    counter_trainer([ema], method=method, accumulation_steps=2).run()
    assert ema.updates == 4  # two epochs of three iterations: two steps each
    assert target.weight.item() == pytest.approx((1 + 1.5 + 2.5 + 3) / 4)


def test_resuming_is_bit_exact(tmp_path):
    def run(name, epochs, resume=False):
        method, target = WithBuffers(), WithBuffers()
        ema = EMAHandler(method, target, decay=0.7)
        saved = TrainingCheckpoint(tmp_path / name, {"method": method, "target": target, "ema": ema}, resume=resume)
        counter_trainer([ema, saved], max_epochs=epochs, method=method).run()
        return ema, target

    whole, expected = run("whole.pt", 4)
    run("parts.pt", 2)
    resumed, target = run("parts.pt", 4, resume=True)
    assert same_bits(target.state_dict(), expected.state_dict())
    assert resumed.updates == whole.updates == 12


def test_under_monai_supervised_trainer():
    torch.manual_seed(0)
    network = nn.Linear(2, 1)
    target, students = copy.deepcopy(network), []
    data = [{"image": torch.rand(4, 2), "label": torch.rand(4, 1)} for _ in range(3)]
    trainer = SupervisedTrainer(
        "cpu",
        max_epochs=2,
        train_data_loader=data,
        network=network,
        optimizer=torch.optim.SGD(network.parameters(), lr=0.5),
        loss_function=nn.MSELoss(),
        train_handlers=[EMAHandler(network, target, decay=0.9, warm_up=False)],
        decollate=False,
    )
    start = network.weight[0, 0].item()
    trainer.add_event_handler(Events.ITERATION_COMPLETED, lambda: students.append(network.weight[0, 0].item()))
    trainer.run()
    assert target.weight[0, 0].item() == pytest.approx(closed_form(start, students, [0.9] * 6), rel=1e-5)


@pytest.mark.parametrize("decay", [-0.1, 1.0, float("nan")])
def test_bad_decay(decay):
    with pytest.raises(ValueError, match=rf"decay.*{decay}"):
        EMAHandler(Counter(), Counter(), decay=decay)


def test_bad_buffers_and_networks():
    with pytest.raises(ValueError, match="'both'"):
        EMAHandler(Counter(), Counter(), buffers="both")
    with pytest.raises(ValueError, match="same architecture"):
        EMAHandler(nn.Linear(2, 3), nn.Linear(3, 2))
    with pytest.raises(ValueError, match="same architecture"):
        EMAHandler(Counter(), WithBuffers())
    network = Counter()
    with pytest.raises(ValueError, match="must not share"):
        EMAHandler(network, network)
    assert network.weight.requires_grad


def test_a_network_without_buffers_and_without_warm_up():
    method, target = Counter(), Counter()
    ema = EMAHandler(method, target, decay=0.0, warm_up=False)
    counter_trainer([ema], max_epochs=1, method=method, data=[ones(3.0)]).run()
    assert target.weight.item() == 3


@pytest.mark.parametrize("start", [0, 1, 2, 1.5])
def test_a_late_start_copies_the_source_and_averages_from_there(start):
    """Three iterations an epoch; the student after iteration i is i."""
    method, target = Counter(), Counter()
    with torch.no_grad():
        target.weight.fill_(7.0)
    ema = EMAHandler(method, target, start_epoch=start)
    before = []
    trainer = counter_trainer([ema], max_epochs=3, method=method)
    trainer.add_event_handler(Events.ITERATION_COMPLETED, lambda: before.append(target.weight.item()))
    trainer.run()
    first = max(math.ceil(3 * start), 1)  # the last step of the epochs before the start
    averaged = range(first, 10)
    assert before[: first - 1] == [7.0] * (first - 1)
    assert before[first - 1] == first
    assert target.weight.item() == pytest.approx(sum(averaged) / len(averaged), rel=1e-6)
    assert ema.updates == len(averaged)


def test_a_late_start_copies_statistics_that_are_the_targets_own():
    method, target = WithBuffers(), WithBuffers()
    target.level.fill_(3.0)
    levels = []
    trainer = counter_trainer([EMAHandler(method, target, buffers="own", start_epoch=1)], max_epochs=2, method=method)
    trainer.add_event_handler(Events.ITERATION_COMPLETED, lambda: levels.append(target.level.item()))
    trainer.run()
    assert levels == [3, 3, 30, 30, 30, 30]  # the source's after the first epoch, from then on its own again
    assert target.level.data_ptr() != method.level.data_ptr()


def test_a_start_that_training_does_not_reach_is_refused():
    for start in (2, 5):
        method = Counter()
        trainer = counter_trainer([EMAHandler(method, Counter(), start_epoch=start)], max_epochs=2, method=method)
        with pytest.raises(InputError, match="--warmup_epochs"):
            trainer.run()
    for arguments in ({"start_epoch": -1}, {"start_epoch": 1, "warm_up": False}):
        with pytest.raises(ValueError, match="start_epoch"):
            EMAHandler(Counter(), Counter(), **arguments)
