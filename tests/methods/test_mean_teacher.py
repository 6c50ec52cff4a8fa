import numpy as np
import pytest
import torch
from scipy.special import expit

from monai_ssl.methods import MeanTeacher
from tests.methods.toys import batch, make, network


def test_losses_against_their_formula():
    method = make("mean_teacher")
    with torch.no_grad():
        for parameter in method.teacher.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    data = batch(method)
    losses = method(data)
    with torch.no_grad():
        student = torch.cat([method.student(data[s][0]["image"]) for s in ("labeled", "unlabeled")]).double().numpy()
        teacher = torch.cat([method.teacher(data[s][1]["image"]) for s in ("labeled", "unlabeled")]).double().numpy()
    labels, p = data["labeled"][0]["label"].numpy(), expit(student[:4])
    supervised = -(labels * np.log(p) + (1 - labels) * np.log(1 - p)).sum(axis=1).mean()
    assert losses["supervised"].item() == pytest.approx(supervised, rel=1e-5)
    consistency = ((expit(student) - expit(teacher)) ** 2).sum(axis=1).mean()
    assert losses["consistency"].item() == pytest.approx(consistency, rel=1e-5)


def test_the_same_view_for_both_networks_agrees_at_the_start():
    method = make("mean_teacher")
    data = batch(method)
    for views in data.values():
        views[1] = views[0]
    assert method(data)["consistency"].item() == 0  # the teacher begins as a copy


def test_an_evaluating_teacher_leaves_its_statistics():
    body = torch.nn.Sequential(
        torch.nn.Conv2d(1, 3, 3), torch.nn.BatchNorm2d(3), torch.nn.Flatten(), torch.nn.LazyLinear(3)
    )
    body(torch.rand(2, 1, 8, 8))
    for mode, moves in {"train": True, "eval": False}.items():
        method = MeanTeacher(body, "multilabel", teacher_mode=mode).train()
        before = method.teacher[1].running_mean.clone()
        method(batch(method))
        assert torch.equal(before, method.teacher[1].running_mean) is not moves


def test_bad_settings_are_named():
    with pytest.raises(ValueError, match="'frozen'"):
        MeanTeacher(network(), "multilabel", teacher_mode="frozen")
