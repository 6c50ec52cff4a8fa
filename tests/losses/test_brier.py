import numpy as np
import pytest
import torch
from scipy.special import expit, softmax
from sklearn.metrics import brier_score_loss

from monai_ssl.losses import BrierLoss, brier_loss


def logits(*shape, seed=0):
    return 2 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_multiclass_against_torch_and_numpy():
    f, y = logits(6, 4), torch.tensor([0, 3, 1, 1, 2, 0])
    one_hot = torch.eye(4, dtype=torch.float64)[y]
    expected = 4 * torch.nn.MSELoss()(f.softmax(1), one_hot)
    assert brier_loss(f, y, "multiclass").item() == pytest.approx(expected.item(), rel=1e-12)
    by_hand = ((softmax(f.numpy(), axis=1) - one_hot.numpy()) ** 2).sum(axis=1).mean()
    assert brier_loss(f, y.float()[:, None], "multiclass").item() == pytest.approx(by_hand, rel=1e-12)


def test_multilabel_is_the_sum_of_scikit_learns_scores():
    f, y = logits(8, 3), (logits(8, 3, seed=1) > 0).double()
    p = expit(f.numpy())
    expected = sum(brier_score_loss(y[:, c].numpy(), p[:, c]) for c in range(3))
    assert brier_loss(f, y, "multilabel").item() == pytest.approx(expected, rel=1e-12)


def test_limits():
    y = torch.tensor([0, 1, 2])
    certain = 80 * torch.eye(3, dtype=torch.float64)
    assert brier_loss(certain, y, "multiclass").item() == pytest.approx(0, abs=1e-12)
    assert brier_loss(-certain, y, "multiclass").item() == pytest.approx(1.5, rel=1e-9)  # 1 + 2 (1/2)^2
    assert brier_loss(0 * certain, y, "multiclass").item() == pytest.approx(2 / 3, rel=1e-12)


@pytest.mark.parametrize("missing", [-1.0, float("nan")])
def test_missing_labels_do_not_count(missing):
    f = logits(4, 3)
    y = torch.tensor([2.0, missing, 0.0, missing])
    expected = brier_loss(f[[0, 2]], torch.tensor([2, 0]), "multiclass")
    assert brier_loss(f, y, "multiclass").item() == pytest.approx(expected.item(), rel=1e-12)
    vectors = torch.tensor([[1, missing, 0], [missing] * 3, [0, 1, 1], [missing, missing, 1]])
    p = expit(f.numpy())
    squares = [(p[0, 0] - 1) ** 2 + p[0, 2] ** 2, p[2, 0] ** 2 + (p[2, 1] - 1) ** 2 + (p[2, 2] - 1) ** 2]
    expected = (sum(squares) + (p[3, 2] - 1) ** 2) / 3
    assert brier_loss(f, vectors, "multilabel").item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("task", "shape"), [("multiclass", (4,)), ("multilabel", (4, 3))])
def test_a_batch_without_labels_gives_zero_and_no_gradient(task, shape):
    f = logits(4, 3).requires_grad_()
    loss = brier_loss(f, torch.full(shape, -1.0), task)
    loss.backward()
    assert loss.item() == 0
    assert f.grad.abs().sum() == 0


def test_dense_labels_are_averaged_over_positions():
    f, y = logits(2, 3, 4, 5), torch.randint(0, 3, (2, 4, 5), generator=torch.Generator().manual_seed(0))
    p = softmax(f.numpy(), axis=1)
    expected = np.mean([((p[b, :, i, j] - np.eye(3)[y[b, i, j]]) ** 2).sum() for b, i, j in np.ndindex(2, 4, 5)])
    assert brier_loss(f, y, "multiclass").item() == pytest.approx(expected, rel=1e-12)


def test_gradient():
    f = logits(4, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: brier_loss(x, torch.tensor([0, 2, -1, 1]), "multiclass"), (f,))
    labels = torch.tensor([[1.0, 0, -1]] * 4)
    assert torch.autograd.gradcheck(lambda x: brier_loss(x, labels, "multilabel"), (f,))


def test_shapes_and_tasks_are_checked():
    with pytest.raises(ValueError, match="do not fit"):
        brier_loss(logits(4, 3), torch.zeros(3), "multiclass")
    with pytest.raises(ValueError, match="same shape"):
        brier_loss(logits(4, 3), torch.zeros(4, 2), "multilabel")
    with pytest.raises(ValueError, match="'regression'"):
        BrierLoss("regression")


def test_the_module_is_the_function():
    f, y = logits(4, 3), torch.tensor([0, 1, 2, 0])
    assert BrierLoss("multiclass")(f, y).item() == brier_loss(f, y, "multiclass").item()
