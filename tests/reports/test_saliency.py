import random

import numpy as np
import pytest
import torch
from monai.networks.nets import DenseNet
from torch import Tensor, nn

from monai_ssl.errors import InputError
from monai_ssl.networks import MeanProbability
from monai_ssl.reports import input_saliency


class Polynomial(nn.Module):
    """Logits ``f_c = sum(w_c x^n)``: the gradient is ``n w_c x^(n - 1)``."""

    def __init__(self, weight: Tensor, power: int = 1) -> None:
        super().__init__()
        self.weight, self.power = nn.Parameter(weight), power

    def forward(self, image: Tensor) -> Tensor:
        return torch.einsum("c...,b...->bc", self.weight, image**self.power)


def weights(classes: int, *shape: int) -> Tensor:
    return torch.randn(classes, *shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def images(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


@pytest.mark.parametrize("smooth", [0, 3])
@pytest.mark.parametrize("shape", [(3, 6, 5), (1, 4, 5, 3)])
def test_a_linear_model(shape, smooth):
    """It is the weight of the class, with noise or without."""
    w = weights(4, *shape)
    classes = torch.tensor([3, 0])
    saliency = input_saliency(Polynomial(w), images(2, *shape), classes, smooth)
    assert saliency.shape == (2, *shape[1:])
    torch.testing.assert_close(saliency, w[classes].abs().amax(dim=1))


def test_a_quadratic_model():
    w, x = weights(2, 3, 6, 5), images(2, 3, 6, 5)
    saliency = input_saliency(Polynomial(w, 2), x, torch.tensor([1, 1]))
    torch.testing.assert_close(saliency, (2 * w[1] * x).abs().amax(dim=1))


def test_the_mean_over_noisy_copies():
    """The gradient of ``w x^3`` under noise is ``3 w (x^2 + sigma^2)``, sigma a fraction of each image's own range."""
    w, x = weights(1, 1, 4, 4), images(2, 1, 4, 4)
    x[1] = 5 * x[1] - 2
    saliency = input_saliency(Polynomial(w, 3), x, torch.tensor([0, 0]), smooth=1500, noise=0.5)
    sigma = 0.5 * (x.flatten(1).amax(1) - x.flatten(1).amin(1)).reshape(2, 1, 1, 1)
    expected = (3 * w * (x**2 + sigma**2)).abs()[:, 0]
    torch.testing.assert_close(saliency, expected, rtol=0.2, atol=0)
    plain = input_saliency(Polynomial(w, 3), x, torch.tensor([0, 0]))
    assert (saliency > plain).all()


def test_signs_cancel_before_the_absolute_value():
    """``x^2`` at 0: its gradient is as often positive as negative under noise."""
    x = torch.zeros(1, 1, 4, 4, dtype=torch.float64)
    x[..., 0, 0] = 1
    saliency = input_saliency(Polynomial(torch.ones(1, 1, 4, 4).double(), 2), x, torch.tensor([0]), 1000, noise=1.0)
    mean_of_absolutes = 2 * np.sqrt(2 / np.pi)
    assert saliency[0, 1:].max() < 0.25 < mean_of_absolutes


def test_noise_follows_the_seed_only():
    network, x, c = Polynomial(weights(1, 1, 4, 4), 2), images(1, 1, 4, 4), torch.tensor([0])
    first = input_saliency(network, x, c, smooth=2, seed=5)
    torch.manual_seed(9)
    assert torch.equal(input_saliency(network, x, c, smooth=2, seed=5), first)
    assert not torch.equal(input_saliency(network, x, c, smooth=2, seed=6), first)


def small_densenet(spatial_dims: int, in_channels: int = 1) -> nn.Module:
    torch.manual_seed(0)
    arguments = {"init_features": 4, "growth_rate": 4, "block_config": (1, 1), "dropout_prob": 0.5}
    return DenseNet(spatial_dims, in_channels, out_channels=3, **arguments)


@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_finite_differences(spatial_dims):
    network = small_densenet(spatial_dims).double().eval()
    x = images(1, 1, *[16] * spatial_dims)
    saliency = input_saliency(network, x, torch.tensor([2]))[0].flatten()
    for place in saliency.topk(3).indices.tolist():
        step = torch.zeros(x.numel(), dtype=x.dtype)
        step[place] = 1e-5
        with torch.no_grad():
            up, down = (network(x + sign * step.reshape(x.shape))[0, 2] for sign in (1, -1))
        assert saliency[place].item() == pytest.approx(abs(up - down).item() / 2e-5, rel=1e-4)


def test_an_image_of_a_batch_is_as_alone():
    """Which needs evaluation mode, and images that do not see each other."""
    network, x, classes = small_densenet(2), images(3, 1, 16, 16).float(), torch.tensor([2, 0, 1])
    together = input_saliency(network, x, classes)
    alone = [input_saliency(network, x[i : i + 1], classes[i : i + 1]) for i in range(3)]
    torch.testing.assert_close(together, torch.cat(alone))


@pytest.mark.parametrize("task", ["multilabel", "multiclass"])
def test_an_average_of_equal_networks_is_as_one(task):
    """In the logits of the average, up to a constant of all classes where there are several."""
    network, x = small_densenet(2).double(), images(1, 1, 16, 16)
    both = MeanProbability({"F1": network, "F2": network}, task)
    average = input_saliency(both, x, torch.tensor([1]))
    if task == "multilabel":
        torch.testing.assert_close(average, input_saliency(network, x, torch.tensor([1])))
    else:
        logits = nn.Sequential(network, nn.LogSoftmax(dim=1))
        torch.testing.assert_close(average, input_saliency(logits, x, torch.tensor([1])))


def random_states() -> list:
    return [random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()]  # noqa: NPY002


@pytest.mark.parametrize("smooth", [0, 2])
def test_nothing_else_changes(smooth):
    network = small_densenet(2).train()
    network.features[0].eval()
    for index, parameter in enumerate(network.parameters()):
        parameter.grad = torch.full_like(parameter, 7.0) if index % 2 else None
    before = {name: value.clone() for name, value in network.state_dict().items()}
    states = random_states()
    modes = [module.training for module in network.modules()]
    x = images(2, 1, 16, 16).float()
    kept = x.clone()
    with torch.no_grad():
        saliency = input_saliency(network, x, torch.tensor([0, 1]), smooth)
        assert not torch.is_grad_enabled()
    assert not saliency.requires_grad
    assert not x.requires_grad
    assert torch.equal(x, kept)
    assert [module.training for module in network.modules()] == modes
    assert all(
        parameter.grad is None if index % 2 == 0 else (parameter.grad == 7).all()
        for index, parameter in enumerate(network.parameters())
    )
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert random_states() == states


def test_modes_come_back_after_an_error():
    network = small_densenet(2).train()
    with pytest.raises(ValueError, match="from 0 to 2"):
        input_saliency(network, images(1, 1, 16, 16).float(), torch.tensor([3]))
    assert all(module.training for module in network.modules())


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"smooth": -1}, InputError, "smooth is -1"),
        ({"smooth": 2.5}, InputError, "smooth is 2.5"),
        ({"noise": 0}, InputError, "noise is 0"),
        ({"noise": float("nan")}, InputError, "noise is nan"),
        ({"classes": torch.tensor([0])}, ValueError, "one index for each of 2 images"),
        ({"classes": torch.tensor([0, -1])}, ValueError, "from 0 to 1"),
        ({"network": nn.Conv2d(1, 2, 1).double()}, ValueError, "must give logits"),
    ],
)
def test_errors(change, error, message):
    arguments = {"network": Polynomial(weights(2, 1, 4, 4)), "images": images(2, 1, 4, 4), "classes": torch.zeros(2)}
    with pytest.raises(error, match=message):
        input_saliency(**(arguments | change))
