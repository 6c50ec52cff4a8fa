import numpy as np
import pytest
import torch

from monai_ssl.losses import RelationLoss, relation_loss, sample_relations


def activations(images=5, features=7, seed=0):
    return torch.randn((images, features), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def reference(first, second):
    """Equation 1, number by number."""
    relations = []
    for a in (first.numpy(), second.numpy()):
        gram = [[sum(x * y for x, y in zip(i, j, strict=True)) for j in a] for i in a]
        relations.append([[value / np.sqrt(sum(v * v for v in row)) for value in row] for row in gram])
    pairs = zip(np.ravel(relations[0]), np.ravel(relations[1]), strict=True)
    return sum((s - t) ** 2 for s, t in pairs) / len(first)


def test_against_the_formula():
    first, second = activations(), activations(seed=1)
    assert relation_loss(first, second).item() == pytest.approx(reference(first, second), rel=1e-10)


def test_rows_have_length_one():
    norms = sample_relations(activations()).norm(dim=1)
    torch.testing.assert_close(norms, torch.ones(5, dtype=torch.float64))


def test_equal_activations_and_their_multiples_agree():
    first, second = activations(), activations(seed=1)
    assert relation_loss(first, first.clone()).item() == 0
    assert relation_loss(first, 3.7 * first).item() == pytest.approx(0, abs=1e-12)
    scaled = relation_loss(0.01 * first, 40 * second)
    assert scaled.item() == pytest.approx(relation_loss(first, second).item(), rel=1e-6)


def test_a_rotation_of_the_features_keeps_the_relations():
    rotation = torch.linalg.qr(activations(7, 7, seed=2))[0]
    assert relation_loss(activations(), activations() @ rotation).item() == pytest.approx(0, abs=1e-12)


def test_maps_are_flattened_and_widths_may_differ():
    maps = activations(4, 2 * 3 * 3).reshape(4, 2, 3, 3)
    torch.testing.assert_close(sample_relations(maps), sample_relations(maps.flatten(1)))
    assert relation_loss(maps, activations(4, 5)).item() > 0


def test_gradient_of_both_arguments():
    first, second = activations().requires_grad_(), activations(seed=1).requires_grad_()
    assert torch.autograd.gradcheck(relation_loss, (first, second))


def test_one_image_relates_to_itself_alone():
    assert relation_loss(activations(1), activations(1, seed=1)).item() == pytest.approx(0, abs=1e-15)


def test_an_image_without_activations_stays_finite():
    first = activations().float()
    first[2] = 0
    first.requires_grad_()
    loss = relation_loss(first, activations(seed=1).float())
    loss.backward()
    assert loss.item() > 0
    assert first.grad.abs().max() < 10


def test_the_scale_of_the_activations_does_not_matter_however_small():
    first, second = activations().float(), activations(seed=1).float()
    expected = relation_loss(first, second).item()
    for scale in (1e-15, 1e-6, 1e15):
        assert relation_loss(scale * first, second).item() == pytest.approx(expected, rel=1e-5)
        assert relation_loss(first, scale * first).item() == pytest.approx(0, abs=1e-10)


def test_half_precision_is_worked_out_in_float32():
    first, second = ((300 * activations(seed=seed)).half() for seed in (0, 1))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = relation_loss(first, second)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(reference(first.double(), second.double()), rel=1e-4)


def test_nothing_at_all_has_no_relations():
    first = torch.zeros(3, 4, requires_grad=True)
    loss = relation_loss(first, torch.zeros(3, 4))
    loss.backward()
    assert loss.item() == first.grad.abs().sum() == 0


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"\(5,\)"):
        sample_relations(torch.rand(5))
    with pytest.raises(ValueError, match="5 and 4 images"):
        relation_loss(activations(5), activations(4))
    with pytest.raises(ValueError, match="0"):
        RelationLoss(eps=0)


def test_the_module_is_the_function():
    first, second = activations(), activations(seed=1)
    assert RelationLoss()(first, second).item() == relation_loss(first, second).item()
