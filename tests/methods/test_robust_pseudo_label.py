"""Training on pseudo-labels beyond what holds for every method."""

import math

import pytest
import torch

from monai_ssl.errors import InputError
from monai_ssl.losses import BrierLoss, RobustLoss, brier_loss
from monai_ssl.methods import RobustPseudoLabel
from tests.methods.toys import batch, make, network


def gce(x, y):
    """The generalized cross-entropy with q = 0.7 of one image, from its explicit probabilities."""
    p = [math.exp(value) for value in x.double().tolist()]
    return (1 - (p[int(y)] / sum(p)) ** 0.7) / 0.7


def test_losses_against_their_formula():
    method = make("robust_pseudo_label", "multiclass")
    data = batch(method, "multiclass")
    data["unlabeled"][0]["pseudo_label"][[1, 4]] = -1  # of which the teacher was not sure
    losses = method(data)
    (labeled,), (unlabeled,) = data["labeled"], data["unlabeled"]
    with torch.no_grad():
        x, u = method.student(labeled["image"]), method.student(unlabeled["image"])
    supervised = torch.nn.functional.cross_entropy(x, labeled["label"].long())
    assert losses["supervised"].item() == pytest.approx(supervised.item(), rel=1e-6)
    kept = [gce(u[i], unlabeled["pseudo_label"][i]) for i in (0, 2, 3, 5)]
    assert losses["pseudo"].item() == pytest.approx(sum(kept) / 4, rel=1e-5)


def test_the_student_sees_both_streams_at_once():
    """So that BatchNorm's statistics are those of both, and moved once a step."""
    body = torch.nn.Sequential(torch.nn.BatchNorm2d(1), torch.nn.Flatten(), torch.nn.Linear(64, 3))
    method = RobustPseudoLabel(body, "multilabel", RobustLoss("gce", "multilabel")).train()
    data = batch(method)
    images = torch.cat([data[stream][0]["image"] for stream in ("labeled", "unlabeled")])
    method(data)
    assert body[0].num_batches_tracked == 1
    assert body[0].running_mean.item() == pytest.approx(0.1 * images.mean().item(), rel=1e-5)


def test_pseudo_labels_that_are_all_missing_give_zero_and_no_gradient():
    method = make("robust_pseudo_label")
    data = batch(method)
    data["unlabeled"][0]["pseudo_label"].fill_(float("nan"))
    losses = method(data)
    assert losses["pseudo"].item() == 0
    losses["pseudo"].backward()
    assert all(parameter.grad.abs().sum() == 0 for parameter in method.parameters())


def test_the_losses_are_options():
    pseudo = RobustLoss("bce", "multiclass", beta=2.0)
    method = RobustPseudoLabel(network(), "multiclass", pseudo, supervised_loss=BrierLoss("multiclass"))
    data = batch(method, "multiclass")
    logits = method.student(data["labeled"][0]["image"])
    expected = brier_loss(logits, data["labeled"][0]["label"], "multiclass").item()
    assert method(data)["supervised"].item() == pytest.approx(expected, rel=1e-6)
    expected = pseudo(method.student(data["unlabeled"][0]["image"]), data["unlabeled"][0]["pseudo_label"]).item()
    assert method(data)["pseudo"].item() == pytest.approx(expected, rel=1e-5)
    weighted = RobustPseudoLabel(method.student, "multiclass", pseudo, class_weights=[1.0, 2.0, 3.0])
    weight = torch.tensor([1.0, 2.0, 3.0])
    expected = torch.nn.functional.cross_entropy(logits, data["labeled"][0]["label"].long(), weight).item()
    assert weighted(data)["supervised"].item() == pytest.approx(expected, rel=1e-6)


def test_images_without_pseudo_labels_are_refused():
    method = make("robust_pseudo_label")
    data = batch(method)
    del data["unlabeled"][0]["pseudo_label"]
    with pytest.raises(InputError, match="run the stage that writes"):
        method(data)


def test_a_loss_of_another_task_is_refused():
    with pytest.raises(InputError, match="`pseudo_loss` is of the task 'multiclass'"):
        RobustPseudoLabel(network(), "multilabel", RobustLoss("gce"))
    with pytest.raises(InputError, match="`supervised_loss` is of the task 'multiclass'"):
        RobustPseudoLabel(network(), "multilabel", torch.nn.BCEWithLogitsLoss(), supervised_loss=RobustLoss("gce"))
