import numpy as np
import pytest
import torch
from scipy.special import expit, softmax
from torch.autograd import gradcheck

from monai_ssl.losses import consistency_mse, probabilities


@pytest.mark.parametrize(("task", "activation"), [("multilabel", expit), ("multiclass", lambda x: softmax(x, axis=1))])
def test_sum_over_classes_mean_over_images_and_positions(task, activation):
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 3, 4, 5, 6))
    expected = np.sum((activation(first) - activation(second)) ** 2, axis=1).mean()
    loss = consistency_mse(torch.from_numpy(first), torch.from_numpy(second), task)
    assert loss.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("task", ["multilabel", "multiclass"])
def test_equal_networks_agree_and_opposite_ones_differ_most(task):
    logits = torch.randn(4, 2)
    assert consistency_mse(logits, logits.clone(), task).item() == 0
    certain = torch.tensor([[50.0, -50.0]])
    assert consistency_mse(certain, -certain, task).item() == pytest.approx(2.0)


@pytest.mark.parametrize("task", ["multilabel", "multiclass"])
def test_gradients_reach_both_and_are_right(task):
    first = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    second = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda a, b: consistency_mse(a, b, task), (first, second))


def test_half_precision_is_worked_out_in_float32():
    first = torch.zeros(2, 3, dtype=torch.bfloat16)
    second = torch.full((2, 3), 2**-7, dtype=torch.bfloat16)
    loss = consistency_mse(first, second, "multilabel")
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(3 * (expit(2**-7) - 0.5) ** 2, rel=1e-4)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(2, 4\)"):
        consistency_mse(torch.zeros(2, 3), torch.zeros(2, 4), "multilabel")
    with pytest.raises(ValueError, match="'ranking'"):
        probabilities(torch.zeros(2, 3), "ranking")
