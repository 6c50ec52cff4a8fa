import math

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax
from scipy.stats import entropy

from monai_ssl.losses import AbsoluteKLLoss, absolute_kl


def logits(*shape, seed=0):
    return 2 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_it_is_jeffreys_divergence_of_each_position():
    """(y - p) log(y / p), summed, is KL(y | p) + KL(p | y), which SciPy knows."""
    f, y = logits(2, 3, 4, 5), logits(2, 3, 4, 5, seed=1).softmax(dim=1)
    p, q = softmax(f.numpy(), axis=1), y.numpy()
    expected = (entropy(q, p, axis=1) + entropy(p, q, axis=1)).mean()
    assert absolute_kl(f, y, "multiclass").item() == pytest.approx(expected, rel=1e-9)


def test_yes_and_no_are_the_outcomes_of_a_channel():
    f, y = logits(2, 1, 4, 4), logits(2, 1, 4, 4, seed=1).sigmoid()
    pairs = [np.stack((value, 1 - value)) for value in (y.numpy(), expit(f.numpy()))]
    expected = (entropy(*pairs) + entropy(*pairs[::-1])).mean()
    assert absolute_kl(f, y, "multilabel").item() == pytest.approx(expected, rel=1e-9)
    twice = absolute_kl(f.repeat(1, 2, 1, 1), y.repeat(1, 2, 1, 1), "multilabel")
    assert twice.item() == pytest.approx(2 * expected, rel=1e-9)


@pytest.mark.parametrize("task", ["multilabel", "multiclass"])
def test_it_is_zero_where_masks_are_equal_and_only_there(task):
    f = logits(2, 2, 4, 4)
    same = f.sigmoid() if task == "multilabel" else f.softmax(dim=1)
    assert absolute_kl(f, same, task).item() == pytest.approx(0, abs=1e-12)
    other = same.clone()
    other[0, :, 1, 2] = other[0, :, 1, 2].flip(0)
    assert absolute_kl(f, other, task).item() > 1e-3


def test_a_channel_that_differs_is_seen():
    """A softmax over it would be 1 everywhere."""
    zeros, ones = torch.full((1, 1, 2, 2), -50.0), torch.ones(1, 1, 2, 2)
    worst = 2 * (1 - 2e-6) * math.log((1 - 1e-6) / 1e-6)
    assert absolute_kl(zeros, ones, "multilabel").item() == pytest.approx(worst, rel=1e-4)
    with pytest.raises(ValueError, match="One channel has no softmax"):
        absolute_kl(zeros, ones, "multiclass")


def test_hard_masks_stay_finite_in_bfloat16():
    f = torch.tensor([[[[60.0, -60.0]]]], dtype=torch.bfloat16)
    loss = absolute_kl(f, torch.tensor([[[[0.0, 1.0]]]]), "multilabel")
    assert loss.dtype == torch.float32
    assert 27 < loss.item() < 28


def test_gradient():
    y = (logits(2, 2, 3, seed=1) > 0).double()
    f = logits(2, 2, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: absolute_kl(x, y, "multilabel"), (f,))
    assert torch.autograd.gradcheck(lambda x: absolute_kl(x, y.flip(1).softmax(1), "multiclass"), (f,))


def test_shapes_tasks_and_epsilon_are_checked():
    with pytest.raises(ValueError, match="same shape"):
        absolute_kl(logits(2, 2, 4), logits(2, 1, 4), "multilabel")
    with pytest.raises(ValueError, match="`epsilon` must be between"):
        absolute_kl(logits(2, 2, 4), logits(2, 2, 4).sigmoid(), "multilabel", epsilon=0)
    with pytest.raises(ValueError, match="`epsilon` must be between"):
        AbsoluteKLLoss("multilabel", 0.5)
    with pytest.raises(ValueError, match="'regression'"):
        AbsoluteKLLoss("regression")


def test_the_module_is_the_function():
    f, y = logits(2, 2, 4), logits(2, 2, 4, seed=1).sigmoid()
    assert AbsoluteKLLoss("multilabel", 1e-3)(f, y).item() == absolute_kl(f, y, "multilabel", 1e-3).item()
