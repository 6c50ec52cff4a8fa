import numpy as np
import pytest
import torch
from scipy.special import expit, log_softmax
from torch.autograd import gradcheck

from monai_ssl.losses import SupervisedLoss, multiclass_cross_entropy, multilabel_cross_entropy


def test_multilabel_is_summed_over_labels_and_averaged_over_images():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(6, 4)), rng.integers(0, 2, size=(6, 4))
    p = expit(logits)
    expected = -(labels * np.log(p) + (1 - labels) * np.log(1 - p)).sum(axis=1).mean()
    loss = multilabel_cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels).double())
    assert loss.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("missing", [float("nan"), -1.0])
def test_missing_labels_add_nothing_and_are_no_negatives(missing):
    logits = torch.tensor([[2.0, -1.0], [0.5, 3.0], [1.0, 1.0]], dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([[1.0, missing], [0.0, 1.0], [missing, missing]], dtype=torch.float64)
    loss = multilabel_cross_entropy(logits, labels)
    # The third image has no label, so the mean is over two.
    expected = (np.log1p(np.exp(-2.0)) + np.log1p(np.exp(0.5)) + np.log1p(np.exp(-3.0))) / 2
    assert loss.item() == pytest.approx(expected, rel=1e-12)
    loss.backward()
    assert (logits.grad != 0).tolist() == [[True, False], [True, True], [False, False]]


def test_a_batch_without_labels_gives_zero_with_a_graph():
    logits = torch.randn(3, 2, requires_grad=True)
    loss = multilabel_cross_entropy(logits, torch.full((3, 2), float("nan")))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(logits.grad, torch.zeros(3, 2))


def test_dense_labels_are_averaged_over_positions():
    logits, labels = torch.randn(2, 3, 4, 5, dtype=torch.float64), torch.randint(0, 2, (2, 3, 4, 5)).double()
    flat = multilabel_cross_entropy(logits.movedim(1, -1).reshape(-1, 3), labels.movedim(1, -1).reshape(-1, 3))
    assert multilabel_cross_entropy(logits, labels).item() == pytest.approx(flat.item(), rel=1e-12)


@pytest.mark.parametrize("shape", [(5,), (5, 1)])
def test_multiclass_is_the_mean_log_likelihood_of_the_known_labels(shape):
    rng = np.random.default_rng(1)
    logits, labels = rng.normal(size=(5, 3)), np.array([0, 2, -1, 1, 1])
    expected = -np.mean([log_softmax(logits[i])[labels[i]] for i in (0, 1, 3, 4)])
    loss = multiclass_cross_entropy(torch.from_numpy(logits), torch.from_numpy(labels).reshape(shape).float())
    assert loss.item() == pytest.approx(expected, rel=1e-12)


def test_class_weights_give_the_weighted_mean():
    rng = np.random.default_rng(2)
    logits, labels, weights = rng.normal(size=(6, 3)), np.array([0, 1, 2, 1, -1, 0]), np.array([0.2, 3.0, 1.0])
    terms = [(-log_softmax(row)[y] * weights[y], weights[y]) for row, y in zip(logits, labels, strict=True) if y >= 0]
    expected = sum(term for term, _ in terms) / sum(weight for _, weight in terms)
    loss = SupervisedLoss("multiclass", weights.tolist()).double()(torch.from_numpy(logits), torch.from_numpy(labels))
    assert loss.item() == pytest.approx(expected, rel=1e-6)  # the weights are kept in float32


def test_certain_and_wrong_is_finite_certain_and_right_is_zero():
    labels = torch.tensor([[1.0, 0.0]])
    right, wrong = torch.tensor([[1e4, -1e4]]), torch.tensor([[-1e4, 1e4]])
    assert multilabel_cross_entropy(right, labels).item() == 0
    assert multilabel_cross_entropy(wrong, labels).item() == pytest.approx(2e4)


def test_gradients_agree_with_numerical_ones():
    logits = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    multilabel = torch.tensor([[1, 0, 1], [0, float("nan"), 1], [1, 1, 1], [0, 0, 0]], dtype=torch.float64)
    multiclass = torch.tensor([0, -1, 2, 1])
    assert gradcheck(lambda x: multilabel_cross_entropy(x, multilabel), logits)
    assert gradcheck(lambda x: multiclass_cross_entropy(x, multiclass), logits)


@pytest.mark.parametrize(("loss", "labels"), [(multilabel_cross_entropy, (4, 2)), (multiclass_cross_entropy, (3,))])
def test_shapes_that_do_not_fit_are_named(loss, labels):
    with pytest.raises(ValueError, match=r"\(4, 3\)"):
        loss(torch.zeros(4, 3), torch.zeros(labels))


def test_bad_settings_are_named():
    with pytest.raises(ValueError, match="'regression'"):
        SupervisedLoss("regression")
    with pytest.raises(ValueError, match="class_weights"):
        SupervisedLoss("multilabel", [1.0, 2.0])
