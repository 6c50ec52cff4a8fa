import math
from itertools import pairwise

import pytest
import torch
from torch.nn import functional as F

from monai_ssl.losses import SignalThreshold, annealed_cross_entropy


def test_schedules_by_hand():
    for schedule, half in {"log": 1 - math.exp(-2.5), "linear": 0.5, "exp": math.exp(-2.5)}.items():
        eta = SignalThreshold(3, length=8, schedule=schedule)
        assert eta(4) == pytest.approx(half * 2 / 3 + 1 / 3)
        assert eta.at(iteration=400, epoch_length=100) == eta(4)
        assert eta(8) == 1


@pytest.mark.parametrize("classes", [2, 3, 14])
@pytest.mark.parametrize("schedule", ["log", "linear", "exp"])
def test_it_rises_from_about_one_nth_to_about_one(classes, schedule):
    eta = SignalThreshold(classes, length=1000, schedule=schedule, unit="iteration")
    values = [eta(step) for step in range(1000)]
    assert all(second > first for first, second in pairwise(values))
    assert values[0] == pytest.approx(1 / classes, abs=0.01)
    assert 0.99 < values[-1] < 1


def test_the_scale_that_the_text_prints_ends_early():
    eta = SignalThreshold(3, length=10**6, scale=1.0)
    assert eta(10**6 - 1) == pytest.approx(1 / 3 + (1 - math.exp(-1)) * 2 / 3, rel=1e-5)  # .755


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"num_classes": 1, "length": 5}, "num_classes"),
        ({"num_classes": 3, "length": 0}, "length"),
        ({"num_classes": 3, "length": 5, "schedule": "cosine"}, "schedule"),
        ({"num_classes": 3, "length": 5, "scale": 0}, "scale"),
        ({"num_classes": 3, "length": 5, "unit": "step"}, "unit"),
    ],
)
def test_bad_settings_are_named(settings, name):
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        SignalThreshold(**settings)


def of_probability(*probabilities):
    """Logits of two classes, the first of which has these probabilities."""
    p = torch.tensor(probabilities, dtype=torch.float64)
    return torch.stack((p, 1 - p), dim=1).log()


def test_only_images_below_the_threshold_count():
    f, labels = of_probability(0.9, 0.4, 0.6, 0.2), torch.zeros(4)
    assert annealed_cross_entropy(f, labels, 0.7).item() == pytest.approx(
        -(math.log(0.4) + math.log(0.6) + math.log(0.2)) / 3, rel=1e-6
    )
    # The other class of each has the rest.
    assert annealed_cross_entropy(f, labels + 1, 0.7).item() == pytest.approx(
        -(math.log(0.1) + math.log(0.6) + math.log(0.4)) / 3, rel=1e-6
    )


def test_with_a_threshold_above_one_it_is_the_cross_entropy():
    f = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([[0], [1], [2], [2], [0]])
    expected = F.cross_entropy(f, labels.squeeze(1))
    assert annealed_cross_entropy(f, labels, 1.1).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("missing", [-1.0, float("nan")])
def test_missing_labels_do_not_count(missing):
    f = of_probability(0.3, 0.4)
    assert annealed_cross_entropy(f, torch.tensor([0.0, missing]), 0.9).item() == pytest.approx(-math.log(0.3))


@pytest.mark.parametrize(("labels", "threshold"), [([0.0, 0.0], 0.5), ([-1.0, -1.0], 1.1)])
def test_where_no_image_counts_it_is_zero_and_teaches_nothing(labels, threshold):
    f = of_probability(0.8, 0.9).requires_grad_()
    loss = annealed_cross_entropy(f, torch.tensor(labels), threshold)
    loss.backward()
    assert loss.item() == 0
    assert f.grad.abs().sum() == 0


def test_gradient():
    f = of_probability(0.8, 0.4, 0.3).requires_grad_()
    labels = torch.tensor([0, 0, 1])
    assert torch.autograd.gradcheck(lambda x: annealed_cross_entropy(x, labels, 0.75), (f,))


def test_shapes_are_checked():
    with pytest.raises(ValueError, match="do not fit"):
        annealed_cross_entropy(torch.zeros(3, 2), torch.zeros(2), 0.5)
