"""The choice of a robust loss by name, and the values that are refused."""

import pytest
import torch
from monai.bundle import ConfigParser

from monai_ssl import losses
from monai_ssl.errors import InputError
from monai_ssl.losses import RobustLoss

PARAMETERS = {
    "ce": {},
    "gce": {"q": 0.9},
    "bce": {"beta": 5},
    "sce": {"alpha": 0.1, "gamma": 0.01, "log_zero": -6.0},
}
FUNCTIONS = {
    "ce": losses.cross_entropy,
    "gce": losses.generalized_cross_entropy,
    "bce": losses.beta_cross_entropy,
    "sce": losses.symmetric_cross_entropy,
}


@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_the_name_chooses_the_loss(name, task):
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn((4, 3, 2), generator=generator), torch.randint(0, 2, (4, 3, 2), generator=generator).float()
    mask = torch.tensor([1, 0, 1, 1])
    made = RobustLoss(name, task, **PARAMETERS[name], label_smoothing=0.1)
    expected = FUNCTIONS[name](x, y, task=task, mask=mask, **PARAMETERS[name], label_smoothing=0.1)
    assert made(x, y, mask).item() == expected.item()
    assert all(f"{key}={value!r}" in repr(made) for key, value in PARAMETERS[name].items())


def test_a_configuration_chooses_by_one_value():
    config = {"loss": {"_target_": "monai_ssl.losses.RobustLoss", "name": "bce", "task": "multilabel", "beta": 0.001}}
    made = ConfigParser(config).get_parsed_content("loss")
    assert (made.name, made.loss.task, made.loss.beta) == ("bce", "multilabel", 0.001)
    default = RobustLoss()
    assert (default.name, default.loss.q, default.loss.task) == ("gce", 0.7, "multiclass")


def test_weights_move_with_the_module_but_are_not_in_its_state():
    made = RobustLoss("gce", weight=[1.0, 2.0])
    assert made.state_dict() == {}
    assert made.double().loss.weight.dtype == torch.float64


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("mae", {}, "no loss 'mae'. Name one of ce, gce, bce, sce"),
        ("gce", {"beta": 5.0, "p": 1}, "'gce' has no `beta`, `p`. It has `q`, `weight`"),
        ("ce", {"q": 0.7}, "'ce' has no `q`. It has `weight`"),
        ("bce", {}, "'bce' needs a value for `beta`"),
        ("sce", {"log_zero": -4.0}, "'sce' needs a value for `alpha`, `gamma`"),
        ("gce", {"q": 0.0}, "`q` is 0.0"),
        ("gce", {"q": 1.1}, "`q` is 1.1"),
        ("gce", {"q": float("nan")}, "`q` is nan"),
        ("gce", {"q": "0.7"}, "`q` is '0.7'"),
        ("bce", {"beta": 0}, "`beta` is 0"),
        ("bce", {"beta": float("inf")}, "`beta` is inf"),
        ("bce", {"beta": True}, "`beta` is True"),
        ("sce", {"alpha": -1.0, "gamma": 1.0}, "`alpha` is -1.0"),
        ("sce", {"alpha": 1.0, "gamma": -1.0}, "`gamma` is -1.0"),
        ("sce", {"alpha": 0.0, "gamma": 0.0}, "`gamma` is 0.0. Give a number above 0"),
        ("sce", {"alpha": 1.0, "gamma": 1.0, "log_zero": 0.0}, "`log_zero` is 0.0"),
        ("ce", {"reduction": "max"}, "`reduction` is 'max'"),
        ("ce", {"label_smoothing": 1.5}, "`label_smoothing` is 1.5"),
        ("ce", {"ignore_index": 0.5}, "`ignore_index` is 0.5"),
        ("ce", {"task": "regression"}, "'regression'"),
        ("ce", {"task": "multilabel", "weight": [1.0]}, "`weight` is of the classes"),
    ],
)
def test_what_cannot_be_used_is_named(name, parameters, message):
    with pytest.raises(InputError, match=message):
        RobustLoss(name, **parameters)


@pytest.mark.parametrize(
    ("loss", "parameters", "message"),
    [
        (losses.generalized_cross_entropy, {"q": 2}, "`q` is 2"),
        (losses.beta_cross_entropy, {"beta": -1}, "`beta` is -1"),
        (losses.reverse_cross_entropy, {"log_zero": 1}, "`log_zero` is 1"),
        (losses.symmetric_cross_entropy, {"alpha": 1, "gamma": -1}, "`gamma` is -1"),
        (losses.cross_entropy, {"reduction": "max"}, "`reduction` is 'max'"),
    ],
)
def test_the_functions_refuse_the_same(loss, parameters, message):
    with pytest.raises(InputError, match=message):
        loss(torch.zeros(2, 3), torch.zeros(2), **parameters)
