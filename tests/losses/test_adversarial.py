import math

import pytest
import torch
from torch.nn import functional as F

from monai_ssl.losses import predicted_mask_loss, real_mask_loss


def logits(*shape, seed=0):
    return 2 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_they_are_the_two_halves_of_a_binary_cross_entropy():
    """With z = l_{n+1} - logsumexp(l_1 ... l_n), p_{n+1} = sigmoid(z)."""
    f = logits(6, 4)
    z = f[:, -1] - f[:, :-1].exp().sum(dim=1).log()
    real = F.binary_cross_entropy_with_logits(z, torch.zeros(6, dtype=torch.float64))
    predicted = F.binary_cross_entropy_with_logits(z, torch.ones(6, dtype=torch.float64))
    assert real_mask_loss(f).item() == pytest.approx(real.item(), rel=1e-9)
    assert predicted_mask_loss(f).item() == pytest.approx(predicted.item(), rel=1e-9)


def test_probabilities_of_all_classes_sum_to_one():
    f = logits(1, 5)
    assert math.exp(-real_mask_loss(f)) + math.exp(-predicted_mask_loss(f)) == pytest.approx(1, rel=1e-9)


def test_certain_discriminators_give_finite_losses_and_gradients():
    f = torch.tensor([[-200.0, -190.0, 200.0]], requires_grad=True)
    loss = real_mask_loss(f)
    loss.backward()
    assert loss.item() == pytest.approx(390, rel=1e-4)  # 200 - log(e^-200 + e^-190)
    assert f.grad[0, 2].item() == pytest.approx(1)
    assert predicted_mask_loss(f).item() == pytest.approx(0, abs=1e-6)
    assert predicted_mask_loss(-f).item() == pytest.approx(400, rel=1e-4)


@pytest.mark.parametrize("loss", [real_mask_loss, predicted_mask_loss])
def test_gradient_and_no_images(loss):
    f = logits(3, 4).requires_grad_()
    assert torch.autograd.gradcheck(loss, (f,))
    none = torch.zeros(0, 4, requires_grad=True)
    assert loss(none).item() == 0
    loss(none).backward()


@pytest.mark.parametrize("shape", [(3, 1), (3,), (3, 2, 4)])
@pytest.mark.parametrize("loss", [real_mask_loss, predicted_mask_loss])
def test_other_logits_are_refused(loss, shape):
    with pytest.raises(ValueError, match=r"\(B, n \+ 1\), are expected, got"):
        loss(torch.zeros(shape))


@pytest.mark.parametrize("loss", [real_mask_loss, predicted_mask_loss])
def test_half_precision_is_worked_out_in_float32(loss):
    assert loss(torch.zeros(2, 3, dtype=torch.bfloat16)).dtype == torch.float32
