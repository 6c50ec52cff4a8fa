"""The robust losses against their formulas in explicit probabilities, their limits and their gradients."""

import itertools
import math

import pytest
import torch
from torch.autograd import gradcheck

from monai_ssl.losses import (
    beta_cross_entropy,
    cross_entropy,
    generalized_cross_entropy,
    reverse_cross_entropy,
    symmetric_cross_entropy,
)

# The loss of the probabilities p of all answers and the answer y, as the formulas are written.
FORMULAS = {
    "ce": (cross_entropy, {}, lambda p, y: -math.log(p[y])),
    "gce": (generalized_cross_entropy, {"q": 0.6}, lambda p, y: (1 - p[y] ** 0.6) / 0.6),
    "bce": (
        beta_cross_entropy,
        {"beta": 1.5},
        lambda p, y: 2.5 / 1.5 * (1 - p[y] ** 1.5) + sum(value**2.5 for value in p),
    ),
    "rce": (reverse_cross_entropy, {"log_zero": -3.0}, lambda p, y: 3.0 * (1 - p[y])),
    "sce": (
        symmetric_cross_entropy,
        {"alpha": 0.3, "gamma": 0.7},
        lambda p, y: -0.3 * math.log(p[y]) + 0.7 * 4.0 * (1 - p[y]),
    ),
}
SPATIAL = [(), (3, 2), (2, 3, 2)]


@pytest.fixture(params=FORMULAS)
def formula(request):
    return FORMULAS[request.param]


def random_logits(*shape, seed=0):
    return 2 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def softmax(values):
    powers = [math.exp(value) for value in values]
    return [power / sum(powers) for power in powers]


def positions(shape):
    """Index of an image and a place in it, without the axis of the classes."""
    for index in itertools.product(*map(range, (shape[0], *shape[2:]))):
        yield index[0], index[1:]


@pytest.mark.parametrize("spatial", SPATIAL)
@pytest.mark.parametrize("column", [False, True])
def test_hard_labels(formula, spatial, column):
    loss, parameters, by_hand = formula
    x = random_logits(3, 4, *spatial)
    y = torch.randint(0, 4, (3, *spatial), generator=torch.Generator().manual_seed(1))
    terms = [by_hand(softmax(x[(b, slice(None), *place)].tolist()), y[(b, *place)]) for b, place in positions(x.shape)]
    given = y[:, None] if column else y
    assert loss(x, given, **parameters).item() == pytest.approx(sum(terms) / len(terms), rel=1e-12)
    assert loss(x, given.float(), **parameters, reduction="sum").item() == pytest.approx(sum(terms), rel=1e-12)
    each = loss(x, given.to(torch.uint8), **parameters, reduction="none")
    assert each.shape == y.shape
    assert each.flatten().tolist() == pytest.approx(terms, rel=1e-12)


@pytest.mark.parametrize("spatial", SPATIAL)
def test_a_soft_label_is_the_expectation_over_hard_ones(formula, spatial):
    loss, parameters, by_hand = formula
    x, y = random_logits(3, 4, *spatial), random_logits(3, 4, *spatial, seed=1).softmax(dim=1)
    total = 0.0
    for b, place in positions(x.shape):
        p, q = softmax(x[(b, slice(None), *place)].tolist()), y[(b, slice(None), *place)].tolist()
        if loss in (reverse_cross_entropy, symmetric_cross_entropy):  # these are not linear in the label
            zero, alpha, gamma = (-3.0, 0.0, 1.0) if loss is reverse_cross_entropy else (-4.0, 0.3, 0.7)
            reverse = -sum(pk * max(math.log(qk), zero) for pk, qk in zip(p, q, strict=True))
            total += gamma * reverse - alpha * sum(qk * math.log(pk) for pk, qk in zip(p, q, strict=True))
        else:
            total += sum(q[k] * by_hand(p, k) for k in range(4))
    assert loss(x, y, **parameters).item() == pytest.approx(total / (x.numel() / 4), rel=1e-12)


def test_one_hot_labels_are_hard_labels(formula):
    loss, parameters, _ = formula
    x, y = random_logits(5, 3), torch.tensor([0, 2, 1, 1, 0])
    one_hot = torch.eye(3)[y]
    assert loss(x, one_hot, **parameters).item() == pytest.approx(loss(x, y, **parameters).item(), rel=1e-12)
    assert loss(x, one_hot.long(), **parameters).item() == loss(x, one_hot, **parameters).item()


@pytest.mark.parametrize("spatial", SPATIAL)
def test_multilabel_is_the_sum_over_bernoulli_pairs(formula, spatial):
    loss, parameters, by_hand = formula
    x = random_logits(3, 2, *spatial)
    y = (random_logits(3, 2, *spatial, seed=1) > 0).long()
    total = 0.0
    for b, place in positions(x.shape):
        for c in range(2):
            p = 1 / (1 + math.exp(-x[(b, c, *place)]))
            total += by_hand([1 - p, p], y[(b, c, *place)])
    expected = total / (x.numel() / 2)
    assert loss(x, y, **parameters, task="multilabel").item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("soft", [False, True])
def test_a_bernoulli_pair_is_a_softmax_of_two(formula, soft):
    loss, parameters, _ = formula
    x, y = random_logits(6, 1), random_logits(6, 1, seed=1).sigmoid()
    y = y if soft else y.round()
    pair = torch.cat([torch.zeros_like(x), x], dim=1)
    expected = loss(pair, torch.cat([1 - y, y], dim=1), **parameters)
    assert loss(x, y, **parameters, task="multilabel").item() == pytest.approx(expected.item(), rel=1e-12)


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_limits(task):
    x = random_logits(6, 4)
    y = torch.arange(6) % 4 if task == "multiclass" else (random_logits(6, 4, seed=1) > 0).double()
    terms = 1 if task == "multiclass" else 4
    cross = cross_entropy(x, y, task=task).item()
    for small in (1e-6, 1e-12):
        assert generalized_cross_entropy(x, y, small, task=task).item() == pytest.approx(cross, rel=10 * small)
        beta = beta_cross_entropy(x, y, small, task=task).item()
        assert beta - terms == pytest.approx(cross, rel=100 * small + 1e-9)
    # In single precision, too, where 1 - p^q would have no digit left.
    assert generalized_cross_entropy(x.float(), y, 1e-9, task=task).item() == pytest.approx(cross, rel=1e-6)
    assert beta_cross_entropy(x.float(), y, 1e-9, task=task).item() - terms == pytest.approx(cross, rel=1e-6)
    if task == "multiclass":
        p, one_hot = x.softmax(dim=1), torch.eye(4)[y]
        unlikely = (1 - (p * one_hot).sum(dim=1)).mean().item()
        absolute = (p - one_hot).abs().sum(dim=1).mean().item()
    else:
        p = torch.where(y == 1, x.sigmoid(), 1 - x.sigmoid())
        unlikely = (1 - p).sum(dim=1).mean().item()
        absolute = 2 * unlikely
    assert generalized_cross_entropy(x, y, 1.0, task=task).item() == pytest.approx(unlikely, rel=1e-12)
    assert reverse_cross_entropy(x, y, -2.0, task=task).item() == pytest.approx(absolute, rel=1e-12)
    both = 0.2 * cross + 3 * reverse_cross_entropy(x, y, -9.21, task=task).item()
    assert symmetric_cross_entropy(x, y, 0.2, 3.0, -9.21, task=task).item() == pytest.approx(both, rel=1e-12)


@pytest.mark.parametrize("scale", [1.0, 27.7, 1e4])  # the second is a probability of about 1e-12
def test_bounds_and_gradients_of_certain_predictions(formula, scale):
    loss, parameters, _ = formula
    for task, y in {"multiclass": torch.tensor([1, 0]), "multilabel": torch.tensor([[0.0, 1], [1, 0]])}.items():
        x = (scale * torch.tensor([[1.0, 0.0], [1.0, 0.0]])).requires_grad_()
        each = loss(x, y, **parameters, task=task, reduction="none")
        each.sum().backward()
        assert torch.isfinite(each).all()
        assert torch.isfinite(x.grad).all()
        questions = 1 if task == "multiclass" else 2
        bound = {
            generalized_cross_entropy: (0, 1 / 0.6),
            beta_cross_entropy: (1, 2 + 1 / 1.5),
            reverse_cross_entropy: (0, 3.0),
        }.get(loss)
        if bound:
            low, high = (questions * value for value in bound)
            assert each.min() >= low - 1e-6
            assert each.max() <= high + 1e-6
        if scale == 1e4 and bound:
            # Sure and wrong: the bound, which a gradient does not feel.
            assert each[0].item() == pytest.approx(
                bound[1] if task == "multiclass" else bound[1] + _half(loss), rel=1e-6
            )
            assert x.grad[0, 0].item() == 0
        if scale == 1e4 and loss is cross_entropy and task == "multiclass":
            assert x.grad.tolist() == [[1, -1], [0, 0]]


def _half(loss):
    """The loss of one question at p = 1/2."""
    name = next(name for name, (function, _, _) in FORMULAS.items() if function is loss)
    return FORMULAS[name][2]([0.5, 0.5], 1)


def test_gradients_are_the_closed_forms():
    """With p the softmax: of ``f(p_y)`` it is ``f'(p_y) p_y (1{j = y} - p_j)``."""
    x, y = random_logits(1, 4), 2
    p = x[0].softmax(dim=0)
    onto = torch.eye(4, dtype=torch.float64)[y] - p
    power = p**2.5
    closed = {
        "ce": -onto,
        "gce": -(p[y] ** 0.6) * onto,
        "bce": -2.5 * p[y] ** 1.5 * onto + 2.5 * (power - p * power.sum()),
        "rce": -3.0 * p[y] * onto,
        "sce": -0.3 * onto - 0.7 * 4.0 * p[y] * onto,
    }
    for name, (loss, parameters, _) in FORMULAS.items():
        given = x.clone().requires_grad_()
        loss(given, torch.tensor([y]), **parameters).backward()
        torch.testing.assert_close(given.grad[0], closed[name], rtol=1e-12, atol=1e-14)


def test_gradients_agree_with_numerical_ones(formula):
    loss, parameters, _ = formula
    x = random_logits(3, 4, 2).requires_grad_()
    hard = torch.tensor([[0, 3], [-1, 2], [1, 1]])
    soft = random_logits(3, 4, 2, seed=1).softmax(dim=1)
    yes = torch.where(soft > 0.7, float("nan"), soft)
    weight = torch.tensor([0.5, 2.0, 1.0, 3.0], dtype=torch.float64)
    for settings, y in (({"weight": weight, "label_smoothing": 0.1}, hard), ({}, soft), ({"task": "multilabel"}, yes)):
        assert gradcheck(lambda x, y=y, settings=settings: loss(x, y, **parameters, **settings), x)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_worked_out_in_single(formula, dtype):
    loss, parameters, _ = formula
    x, y = random_logits(6, 4).to(dtype).requires_grad_(), torch.arange(6) % 4
    expected = loss(x.detach().double(), y, **parameters).item()
    for autocast in (False, True):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            value = loss(x, y, **parameters)
        assert value.dtype == torch.float32
        assert value.item() == pytest.approx(expected, rel=1e-5)
    value.backward()
    assert x.grad.dtype == dtype
    assert torch.isfinite(x.grad).all()
