from copy import deepcopy

import numpy as np
import pytest
import torch
from scipy.special import expit

from monai_ssl.losses import BrierLoss, brier_loss, consensus_weights
from monai_ssl.methods import NoTeacher
from tests.methods.toys import batch, make, network


def weighted(method, data, **deviations):
    weights = consensus_weights(unlabeled_per_labeled=6 / 4, **deviations)
    return sum(weights[name] * loss for name, loss in method(data).items())


def test_losses_against_their_formula():
    method = make("noteacher")
    data = batch(method)
    losses = method(data)
    with torch.no_grad():
        p = {
            (number, stream): expit(method.candidates[f"F{number}"](data[stream][number - 1]["image"]).double().numpy())
            for number in (1, 2)
            for stream in ("labeled", "unlabeled")
        }
    y = data["labeled"][0]["label"].numpy()
    for number in (1, 2):
        q = p[number, "labeled"]
        expected = -(y * np.log(q) + (1 - y) * np.log(1 - q)).sum(axis=1).mean()
        assert losses[f"supervised_{number}"].item() == pytest.approx(expected, rel=1e-5)
    for stream in ("labeled", "unlabeled"):
        expected = ((p[1, stream] - p[2, stream]) ** 2).sum(axis=1).mean()
        assert losses[f"consistency_{stream}"].item() == pytest.approx(expected, rel=1e-5)


def test_swapping_the_networks_leaves_the_loss():
    first, second = network(), network()
    data = batch(NoTeacher(first, second, "multilabel"))
    swapped = {stream: views[::-1] for stream, views in data.items()}
    one = weighted(NoTeacher(first, second, "multilabel"), data, s1=0.8, s2=0.8, s_y=1.5)
    other = weighted(NoTeacher(second, first, "multilabel"), swapped, s1=0.8, s2=0.8, s_y=1.5)
    assert one.item() == pytest.approx(other.item(), rel=1e-6)


def test_gradient_flows_through_both_networks_from_the_unlabeled_images():
    method = make("noteacher")
    method(batch(method))["consistency_unlabeled"].backward()
    for name in ("F1", "F2"):
        assert all(parameter.grad.abs().sum() > 0 for parameter in method.candidates[name].parameters())


@pytest.mark.parametrize("output", ["average", "F1", "F2"])
def test_the_output_is_an_option(output):
    method = NoTeacher(network(), network(), "multilabel", output=output)
    assert method.network is method.candidates[output]


def test_networks_must_be_two():
    one = network()
    with pytest.raises(ValueError, match="share"):
        NoTeacher(one, one, "multilabel")
    with pytest.raises(ValueError, match="different weights"):
        NoTeacher(one, deepcopy(one), "multilabel")
    with pytest.raises(ValueError, match="architecture"):
        NoTeacher(one, network(channels=3), "multilabel")
    with pytest.raises(ValueError, match="'F3'"):
        NoTeacher(one, network(), "multilabel", output="F3")


def test_the_supervised_loss_is_an_option_for_both_networks():
    loss = BrierLoss("multiclass")
    method = NoTeacher(network(), network(), "multiclass", supervised_loss=loss)
    data = batch(method, "multiclass")
    losses = method(data)
    for number in (1, 2):
        logits = method.candidates[f"F{number}"](data["labeled"][number - 1]["image"])
        expected = brier_loss(logits, data["labeled"][0]["label"], "multiclass").item()
        assert losses[f"supervised_{number}"].item() == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ValueError, match="class_weights"):
        NoTeacher(network(), network(), "multiclass", [1.0, 2.0, 3.0], loss)
