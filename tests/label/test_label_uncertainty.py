"""How uncertain a model is, against formulas and limits."""

import numpy as np
import pytest
import torch
from scipy.stats import entropy as scipy_entropy

from monai_ssl.label.uncertainty import disagreement, entropy
from monai_ssl.losses import consistency_mse


@pytest.mark.parametrize("shape", [(4,), (4, 5, 6), (4, 3, 4, 5)])
def test_entropy_agrees_with_scipy(shape):
    p = torch.rand(shape, generator=torch.Generator().manual_seed(0)).softmax(dim=0)
    expected = scipy_entropy(p.numpy().astype(np.float64), axis=0).mean() / np.log(4)
    assert entropy(p, "multiclass") == pytest.approx(expected, rel=1e-6)
    q = torch.rand(shape, generator=torch.Generator().manual_seed(1))
    pairs = np.stack([q.numpy(), 1 - q.numpy()]).astype(np.float64)
    assert entropy(q, "multilabel") == pytest.approx(scipy_entropy(pairs, base=2, axis=0).mean(), rel=1e-6)


def test_entropy_is_from_0_to_1():
    assert entropy(torch.tensor([0.0, 1.0, 0.0]), "multiclass") == 0
    assert entropy(torch.full((3,), 1 / 3), "multiclass") == pytest.approx(1)
    assert entropy(torch.tensor([0.0, 1.0]), "multilabel") == 0
    assert entropy(torch.full((5, 2, 2), 0.5), "multilabel") == pytest.approx(1)
    assert entropy(torch.ones(1), "multiclass") == 0


def test_disagreement():
    one, other = torch.tensor([1.0, 0, 0]), torch.tensor([0, 1.0, 0])
    assert disagreement(one, one) == 0
    assert disagreement(one, other) == disagreement(other, one) == 1
    logits = torch.randn(2, 1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    p = logits.softmax(dim=2)[:, 0]
    assert disagreement(p[0], p[1]) == pytest.approx(consistency_mse(*logits, "multiclass").item() / 2, rel=1e-5)
