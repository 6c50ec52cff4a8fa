import copy
import logging
from typing import ClassVar

import pytest
import torch
from ignite.engine import Events
from monai.engines.utils import IterationEvents
from monai.handlers import MetricLogger, from_engine
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from monai_ssl.engines import SemiSupervisedTrainer, StepEvents
from monai_ssl.errors import InputError
from monai_ssl.losses import LinearRamp
from monai_ssl.methods import Method
from tests.engines.counting import Counter, counter_trainer, ones, same_bits
from tests.methods.toys import batch, make

WEIGHTS = {"supervised": 1.5, "consistency": 0.25}


def trainer(method, data, optimizer, weights=WEIGHTS, max_epochs=1, **kwargs):
    return SemiSupervisedTrainer("cpu", max_epochs, data, method, optimizer, weights, **kwargs)


class Duel(Method):
    """Two phases that pull at each other's weight."""

    views: ClassVar = {"labeled": 1, "unlabeled": 0}
    loss_names: ClassVar = {"generate": ("fool",), "judge": ("tell", "decay")}

    def __init__(self):
        super().__init__("multilabel")
        self.g, self.d = nn.Parameter(torch.tensor(2.0)), nn.Parameter(torch.tensor(3.0))

    @property
    def candidates(self):
        return {"network": self}

    def losses(self, batch):
        raise NotImplementedError

    def generate(self, batch):
        return {"fool": self.g * self.d}

    def judge(self, batch):
        return {"tell": -self.g.detach() * self.d, "decay": self.d**2}


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize("name", ["mean_teacher", "noteacher"])
def test_steps_equal_hand_written_ones(name, optimizer):
    torch.manual_seed(0)
    method = make(name)
    names = method.loss_names["losses"]
    weights = {term: 0.5 + number for number, term in enumerate(names)}
    expected = copy.deepcopy(method).train()
    data = [batch(method, seed=seed) for seed in range(3)]

    by_hand = optimizer(expected.trainable_parameters(), lr=0.1)
    for number, item in enumerate(data):
        by_hand.zero_grad()
        losses = expected(item)
        total = sum(weights[term] * losses[term] for term in names)
        total.backward()
        by_hand.step()
        last = number, total.item(), {term: loss.item() for term, loss in losses.items()}

    made = trainer(method, data, optimizer(method.trainable_parameters(), lr=0.1), weights)
    made.run()
    assert same_bits(method.state_dict(), expected.state_dict())
    assert made.state.loss_weights == weights
    assert {term: made.state.losses[term] for term in names} == last[2]
    assert next(iter(made.state.losses)) == "loss"
    assert made.state.losses["loss"] == pytest.approx(last[1], rel=1e-6)
    assert made.state.output[0]["loss"].item() == last[1]
    assert not made.state.output[0]["loss"].requires_grad


def test_ramps_follow_the_steps_already_taken():
    seen = []
    made = counter_trainer(weight=LinearRamp(6.0, length=3, unit="iteration"))
    made.add_event_handler(Events.ITERATION_COMPLETED, lambda: seen.append(made.state.loss_weights["count"]))
    made.run()
    assert seen == [0, 2, 4, 6, 6, 6]
    assert made.method.weight.item() == 24

    seen.clear()
    made = counter_trainer(weight=LinearRamp(6.0, length=2, unit="epoch"))
    made.add_event_handler(Events.ITERATION_COMPLETED, lambda: seen.append(made.state.loss_weights["count"]))
    made.run()
    assert seen == pytest.approx([0, 1, 2, 3, 4, 5])


def test_events_come_in_order():
    seen = []
    made = counter_trainer(max_epochs=1, data=[ones()])
    for event in (*IterationEvents, *StepEvents, Events.ITERATION_STARTED, Events.ITERATION_COMPLETED):
        if event in made._allowed_events:
            made.add_event_handler(event, lambda _, event=event: seen.append(event.value))
    made.run()
    assert seen == [
        "iteration_started",
        "forward_completed",
        "loss_completed",
        "backward_completed",
        "optimizer_stepped",
        "model_completed",
        "iteration_completed",
    ]


def test_accumulation_equals_the_joint_batch():
    torch.manual_seed(0)
    first = make("supervised")
    second = copy.deepcopy(first)
    joint = batch(first, labeled=8)
    halves = [
        {"labeled": [{key: value[part] for key, value in joint["labeled"][0].items()}]}
        for part in (slice(4), slice(4, 8))
    ]
    for method, data, steps in ((first, [joint], 1), (second, halves, 2)):
        optimizer = torch.optim.SGD(method.trainable_parameters(), lr=1.0)
        trainer(method, data, optimizer, {"supervised": 2.0}, accumulation_steps=steps).run()
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


def test_the_last_iteration_of_an_epoch_steps():
    weights, stepped = [], []
    made = counter_trainer(accumulation_steps=2)
    made.add_event_handler(Events.ITERATION_COMPLETED, lambda: weights.append(made.method.weight.item()))
    made.add_event_handler(StepEvents.OPTIMIZER_STEPPED, lambda: stepped.append(made.state.iteration))
    made.run()
    # Of three iterations two make a whole step and the third half of one.
    assert weights == [0, 1, 1.5, 1.5, 2.5, 3]
    assert stepped == [2, 3, 5, 6]


def test_gradients_are_clipped_over_all_parameters():
    made = counter_trainer(max_epochs=1, data=[ones(3.0)], max_grad_norm=0.25)
    made.run()
    assert made.method.weight.item() == pytest.approx(0.25, rel=1e-5)  # torch divides by the norm + 1e-6

    torch.manual_seed(0)
    method = make("supervised")
    before = [parameter.detach().clone() for parameter in method.student.parameters()]
    optimizer = torch.optim.SGD(method.trainable_parameters(), lr=1.0)
    trainer(method, [batch(method)], optimizer, {"supervised": 1e3}, max_grad_norm=0.1).run()
    change = [new.detach() - old for new, old in zip(method.student.parameters(), before, strict=True)]
    assert torch.cat([part.flatten() for part in change]).norm().item() == pytest.approx(0.1, rel=1e-4)


def test_phases_step_in_turn():
    method = Duel()
    # Given in another order than the method's.
    optimizers = {"judge": torch.optim.SGD([method.d], lr=0.5), "generate": torch.optim.SGD([method.g], lr=0.125)}
    made = trainer(method, [ones()] * 2, optimizers, {"fool": 2.0, "tell": 1.0, "decay": 0.25})
    made.run()
    g, d = 2.0, 3.0
    for _ in range(2):
        total = 2 * g * d
        g -= 0.125 * 2 * d
        total += -g * d + 0.25 * d**2
        d -= 0.5 * (-g + 0.5 * d)
    assert (method.g.item(), method.d.item()) == (g, d)
    assert made.state.losses["loss"] == made.state.output[0]["loss"].item() == total
    assert list(made.state.losses) == ["loss", "fool", "tell", "decay"]


def test_phases_and_accumulation_exclude_each_other():
    method = Duel()
    optimizers = {"generate": torch.optim.SGD([method.g], lr=1), "judge": torch.optim.SGD([method.d], lr=1)}
    with pytest.raises(ValueError, match=r"accumulation_steps.*is 2.*one phase only"):
        trainer(method, [ones()], optimizers, {"fool": 1, "tell": 1, "decay": 1}, accumulation_steps=2)


@pytest.mark.parametrize(("value", "shown"), [(float("nan"), "nan"), (float("inf"), "-inf")])
def test_a_term_that_is_not_finite_stops_before_the_step(value, shown):
    class Bad(list):
        def set_epoch(self, epoch):
            self[1] = ones(value if epoch == 1 else 1.0)

    made = counter_trainer(data=Bad([ones(), ones(), ones()]), max_epochs=3)
    with pytest.raises(InputError, match=rf"'count' is {shown} at iteration 5 \(epoch 2\).*learning rate"):
        made.run()
    assert made.method.weight.item() == 4


def test_weights_must_name_the_terms():
    method = make("mean_teacher")
    optimizer = torch.optim.SGD(method.trainable_parameters(), lr=1)
    with pytest.raises(InputError, match=r"without a weight: \['consistency'\].*without a loss term: \['consistncy'\]"):
        trainer(method, [], optimizer, {"supervised": 1.0, "consistncy": 1.0})


@pytest.mark.parametrize("names", [("loss",), ("count", "count")])
def test_terms_need_names_of_their_own(names):
    class Badly(Counter):
        loss_names: ClassVar = {"losses": names}

    with pytest.raises(ValueError, match="name of its own"):
        counter_trainer(method=Badly())


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"accumulation_steps": 0}, ValueError, "accumulation_steps.*0"),
        ({"max_grad_norm": 0.0}, ValueError, r"max_grad_norm.*0\.0"),
        ({"max_grad_norm": float("nan")}, ValueError, "max_grad_norm.*nan"),
        ({"data": iter([ones()])}, ValueError, "no length"),
    ],
)
def test_bad_arguments_are_named(kwargs, error, message):
    with pytest.raises(error, match=message):
        counter_trainer(**kwargs)


def test_method_and_optimizers_are_checked():
    method = Counter()
    optimizer = torch.optim.SGD(method.parameters(), lr=1)
    with pytest.raises(TypeError, match="Linear"):
        trainer(nn.Linear(1, 1), [ones()], optimizer, {})
    with pytest.raises(ValueError, match=r"\['losses'\].*\['other'\]"):
        trainer(method, [ones()], {"other": optimizer}, {"count": 1})


def test_a_method_must_return_what_it_declares():
    class Undeclared(Counter):
        def losses(self, batch):
            return {"other": self.weight}

    with pytest.raises(RuntimeError, match=r"'count'.*'other'"):
        counter_trainer(method=Undeclared()).run()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_mixed_precision_on_the_cpu(dtype):
    torch.manual_seed(0)
    method = make("supervised")
    before = copy.deepcopy(method.student)
    dtypes = set()
    method.student[-1].register_forward_hook(lambda module, inputs, output: dtypes.add(output.dtype))
    optimizer = torch.optim.SGD(method.trainable_parameters(), lr=0.1)
    kwargs = {} if dtype is torch.bfloat16 else {"amp_kwargs": {"dtype": dtype}}
    made = trainer(method, [batch(method)], optimizer, {"supervised": 1.0}, amp=True, **kwargs)
    made.run()
    assert dtypes == {dtype}
    assert made.scaler.is_enabled() == (dtype is torch.float16)
    reference = make("supervised")
    reference.student = before
    reference(batch(method))["supervised"].backward()
    for new, old in zip(method.student.parameters(), before.parameters(), strict=True):
        # Weights stay in full precision; the step is that of full precision up to bfloat16's 8 bits.
        assert new.dtype is torch.float32
        torch.testing.assert_close(new - old, -0.1 * old.grad, rtol=0.1, atol=1e-3)


def test_networks_are_put_back_into_training_mode():
    method, modes = make("mean_teacher"), []
    method.student.register_forward_pre_hook(lambda module, inputs: modes.append(module.training))
    made = trainer(method, [batch(method)] * 3, torch.optim.SGD(method.trainable_parameters(), lr=0.1))
    made.add_event_handler(Events.ITERATION_COMPLETED, lambda: method.student.eval())
    made.run()
    assert modes == [True] * 3


class Epochs(list):
    """A loader that notes what it is asked for."""

    def __init__(self, values):
        super().__init__(values)
        self.epochs = []

    def set_epoch(self, epoch):
        self.epochs.append(epoch)


def test_the_loader_is_told_the_epoch_and_begun_anew():
    data = Epochs([ones(1.0), ones(10.0), ones(100.0)])
    made = counter_trainer(data=data, max_epochs=3, epoch_length=2)
    made.run()
    assert data.epochs == [0, 1, 2]
    assert made.method.weight.item() == 33  # the third batch is never reached


def test_an_epoch_longer_than_the_loader_goes_through_it_again():
    made = counter_trainer(data=[ones(1.0), ones(10.0)], max_epochs=1, epoch_length=5)
    made.run()
    assert made.method.weight.item() == 23


def test_training_goes_on_when_there_are_more_epochs(caplog):
    data = Epochs([ones()] * 3)
    made = counter_trainer(data=data, weight=LinearRamp(4.0, length=4, unit="iteration"))
    made.run()
    assert made.method.weight.item() == 0 + 1 + 2 + 3 + 4 + 4
    with caplog.at_level(logging.WARNING):
        made.run()
    assert "2 of 2 epochs" in caplog.text
    assert made.method.weight.item() == 14
    made.state.max_epochs = 3
    made.run()
    assert (made.state.epoch, made.state.iteration) == (3, 9)
    assert made.method.weight.item() == 14 + 3 * 4
    assert data.epochs == [0, 1, 2]


def test_after_an_error_accumulation_is_in_step_again():
    made = counter_trainer(data=[ones(), ones(), ones()], max_epochs=3, accumulation_steps=3)

    def interrupt():
        raise KeyboardInterrupt

    handler = made.add_event_handler(Events.ITERATION_COMPLETED(once=2), interrupt)
    with pytest.raises(KeyboardInterrupt):
        made.run()
    handler.remove()
    stepped = []
    made.add_event_handler(StepEvents.OPTIMIZER_STEPPED, lambda: stepped.append(made.state.iteration))
    made.run()
    assert stepped == [5, 8]
    assert made.method.weight.item() == pytest.approx(2, rel=1e-6)


def test_monai_handlers_understand_the_output():
    logger = MetricLogger(loss_transform=from_engine("loss", first=True))
    counter_trainer([logger], max_epochs=1).run()
    assert logger.loss == [(1, 0), (2, -1), (3, -2)]


def test_no_graph_is_kept():
    made = counter_trainer()
    made.run()
    kept = [*made.state.losses.values(), made.state.output[0]["loss"]]
    assert not any(isinstance(value, torch.Tensor) and value.grad_fn is not None for value in kept)


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="needs gloo")
def test_distributed_data_parallel(tmp_path):
    torch.manual_seed(0)
    alone = make("mean_teacher")
    wrapped = copy.deepcopy(alone)
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        for method in (alone, DistributedDataParallel(wrapped)):
            core = getattr(method, "module", method)
            data = [batch(core, seed=seed) for seed in range(2)]
            trainer(method, data, torch.optim.SGD(core.trainable_parameters(), lr=0.1)).run()
    finally:
        torch.distributed.destroy_process_group()
    assert same_bits(wrapped.state_dict(), alone.state_dict())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_batches_are_moved_to_the_device():
    method = make("mean_teacher").cuda()
    made = SemiSupervisedTrainer(
        "cuda:0", 1, [batch(method)], method, torch.optim.SGD(method.trainable_parameters(), lr=0.1), WEIGHTS
    )
    made.run()
    assert made.state.output[0]["loss"].device.type == "cuda"
