import numpy as np
import pytest
import torch
from scipy.special import expit, softmax
from torch import nn

from monai_ssl.networks import MeanProbability


class Fixed(nn.Module):
    """Gives the same logits whatever the image."""

    def __init__(self, logits):
        super().__init__()
        self.logits = nn.Parameter(torch.as_tensor(logits))

    def forward(self, image):
        return self.logits.expand(len(image), *self.logits.shape[1:])


@pytest.mark.parametrize(("task", "activation"), [("multilabel", expit), ("multiclass", lambda x: softmax(x, axis=1))])
@pytest.mark.parametrize("spatial", [(), (2, 3)])
def test_probabilities_are_averaged(task, activation, spatial):
    logits = np.random.default_rng(0).normal(scale=3, size=(3, 1, 4, *spatial))
    mean = MeanProbability({str(i): Fixed(values) for i, values in enumerate(logits)}, task)
    result = activation(mean(torch.zeros(1, 1)).detach().numpy())
    np.testing.assert_allclose(result, np.mean([activation(values) for values in logits], axis=0), rtol=1e-12)


def test_certain_networks_stay_finite():
    sure, contrary = torch.tensor([[200.0]]), torch.tensor([[-200.0]])
    agree = MeanProbability({"a": Fixed(sure), "b": Fixed(sure)}, "multilabel")
    assert agree(torch.zeros(1, 1)).item() == pytest.approx(200.0)
    differ = MeanProbability({"a": Fixed(sure), "b": Fixed(contrary)}, "multilabel")
    assert differ(torch.zeros(1, 1)).item() == pytest.approx(0.0, abs=1e-6)


def test_bad_settings_are_named():
    with pytest.raises(ValueError, match="networks"):
        MeanProbability({}, "multilabel")
    with pytest.raises(ValueError, match="'ranking'"):
        MeanProbability({"a": nn.Identity()}, "ranking")
