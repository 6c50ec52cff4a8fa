import math

import pytest
import torch
from monai.losses import ContrastiveLoss

from monai_ssl.losses import SupervisedContrastiveLoss, supervised_contrastive_loss


def projections(images=5, views=2, size=4, seed=0):
    return torch.randn((views, images, size), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def reference(z, labels, temperature, overlap=None):
    """The formula as it is written, anchor by anchor, in float64; ``overlap(a, b)`` weights two labels."""
    views, images, _ = z.shape
    points = [(v, i) for v in range(views) for i in range(images)]
    unit = {(v, i): z[v, i] / math.sqrt(sum(float(x) ** 2 for x in z[v, i])) for v, i in points}
    dot = {(a, b): math.exp(sum(float(x * y) for x, y in zip(unit[a], unit[b], strict=True)) / temperature)
           for a in points for b in points}  # fmt: skip
    terms = []
    for a in points:
        weights = {}
        for b in points:
            if a == b:
                continue
            if a[1] == b[1]:
                weights[b] = 1.0
            elif labels is not None and labels[a[1]] is not None and labels[b[1]] is not None:
                same = float(labels[a[1]] == labels[b[1]])
                weights[b] = overlap(labels[a[1]], labels[b[1]]) if overlap else same
        total = sum(weights.values())
        if total:
            below = sum(dot[a, c] for c in points if c != a)
            terms.append(-sum(w * math.log(dot[a, b] / below) for b, w in weights.items()) / total)
    return sum(terms) / len(terms)


@pytest.mark.parametrize("temperature", [0.07, 0.5, 2.0])
def test_without_labels_it_is_monais_nt_xent(temperature):
    z = projections()
    expected = ContrastiveLoss(temperature=temperature)(z[0], z[1])
    missing = torch.full((5,), -1.0)
    for labels in (None, missing, torch.full((5,), torch.nan), torch.full((5, 3), torch.nan)):
        assert supervised_contrastive_loss(z, labels, temperature).item() == pytest.approx(expected.item(), rel=1e-7)


@pytest.mark.parametrize("views", [1, 2, 3])
@pytest.mark.parametrize("labels", [[0, 1, 0, 2, 1], [0, 0, 0, 0, 0], [0, None, 0, None, 2], [0, 1, 2, 3, 0]])
def test_class_indices_against_a_loop(labels, views):
    given = torch.tensor([-1.0 if label is None else label for label in labels])
    loss = supervised_contrastive_loss(projections(views=views), given, 0.3)
    assert loss.item() == pytest.approx(reference(projections(views=views), labels, 0.3), rel=1e-9)


VECTORS = [(1, 0, 1), (1, 0, 1), (0, 1, 0), (0, 0, 0), (0, 0, 0)]


def jaccard(a, b):
    either = sum(x or y for x, y in zip(a, b, strict=True))
    return sum(x and y for x, y in zip(a, b, strict=True)) / either if either else 1.0


@pytest.mark.parametrize(("positives", "overlap"), [("equal", None), ("jaccard", jaccard)])
@pytest.mark.parametrize("missing", [(), (1,), (0, 4)])
def test_label_vectors_against_a_loop(positives, overlap, missing):
    labels = [None if i in missing else vector for i, vector in enumerate([*VECTORS[:2], (1, 1, 0), *VECTORS[3:]])]
    given = torch.tensor([[-1.0, 0, 1] if label is None else label for label in labels])  # one missing part is enough
    loss = supervised_contrastive_loss(projections(), given, 0.3, positives)
    assert loss.item() == pytest.approx(reference(projections(), labels, 0.3, overlap), rel=1e-9)


def test_jaccard_of_vectors_that_are_equal_or_disjoint_is_equality():
    labels = torch.tensor(VECTORS).float()
    equal, overlap = (supervised_contrastive_loss(projections(), labels, 0.3, p) for p in ("equal", "jaccard"))
    assert equal.item() == pytest.approx(overlap.item(), rel=1e-12)


def test_it_is_the_least_where_classes_are_points_far_apart():
    """Each class in a corner of its own: only the other members of the class are near."""
    z = torch.eye(4, dtype=torch.float64)[[0, 0, 1, 1]].expand(2, 4, 4)
    labels = torch.tensor([0, 0, 1, 1])
    assert supervised_contrastive_loss(z, labels, 0.01).item() == pytest.approx(math.log(3), rel=1e-9)
    assert supervised_contrastive_loss(z, labels.roll(1), 0.01).item() > 10


def test_scaling_a_projection_changes_nothing():
    z = projections()
    scaled = z * torch.linspace(0.1, 9, 10, dtype=torch.float64).reshape(2, 5, 1)
    first, second = (supervised_contrastive_loss(x, torch.arange(5) % 2, 0.2) for x in (z, scaled))
    assert first.item() == pytest.approx(second.item(), rel=1e-12)


@pytest.mark.parametrize("labels", [None, torch.tensor([0, 1, 0, -1, 1])])
def test_gradient(labels):
    z = projections().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: supervised_contrastive_loss(x, labels, 0.4), (z,))
    vectors = torch.tensor(VECTORS).float()
    assert torch.autograd.gradcheck(lambda x: supervised_contrastive_loss(x, vectors, 0.4, "jaccard"), (z,))


def test_single_views_without_a_positive_do_not_count():
    z = projections(views=1).requires_grad_()
    nothing = supervised_contrastive_loss(z, torch.arange(5), 0.3)
    nothing.backward()
    assert nothing.item() == 0
    assert z.grad.abs().sum() == 0


def test_one_image_in_two_views_has_nothing_else_to_be_told_from():
    z = projections(images=1).requires_grad_()
    loss = supervised_contrastive_loss(z, torch.tensor([2.0]), 0.3)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-12)
    assert z.grad.abs().max() < 1e-12


def test_small_temperatures_and_half_precision_stay_finite():
    z = projections().to(torch.bfloat16).requires_grad_()
    loss = supervised_contrastive_loss(z, torch.zeros(5), 0.001)
    loss.backward()
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss)
    assert torch.isfinite(z.grad).all()


def test_a_projection_of_zeros_stays_finite():
    z = torch.zeros((2, 3, 4), requires_grad=True)
    supervised_contrastive_loss(z, None, 0.1).backward()
    assert torch.isfinite(z.grad).all()
    z = projections().float()
    z[0, 0] = 0
    z.requires_grad_()
    supervised_contrastive_loss(z, None, 0.1).backward()
    assert z.grad.abs().max() < 1e6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"projections": torch.rand(5, 4)}, "views, B, D"),
        ({"projections": torch.rand(1, 1, 4)}, "nothing to contrast"),
        ({"labels": torch.zeros(4)}, r"\(5,\) or \(5, C\)"),
        ({"temperature": 0.0}, "0.0"),
        ({"positives": "same"}, "'same'"),
        ({"labels": torch.zeros(5), "positives": "jaccard"}, "label vectors"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        supervised_contrastive_loss(**{"projections": projections(), **arguments})


def test_the_module_is_the_function_and_checks_at_once():
    z, labels = projections(), torch.tensor(VECTORS).float()
    expected = supervised_contrastive_loss(z, labels, 0.7, "jaccard")
    assert SupervisedContrastiveLoss(0.7, "jaccard")(z, labels).item() == expected.item()
    for bad in ({"temperature": -1.0}, {"temperature": math.inf}, {"positives": "near"}):
        with pytest.raises(ValueError, match=str(next(iter(bad.values())))):
            SupervisedContrastiveLoss(**bad)
