import pytest
import torch

from monai_ssl.methods import Supervised
from tests.methods.toys import batch, network


def test_without_an_ema_copy_there_is_one_network():
    method = Supervised(network(), "multilabel", keep_ema=False)
    assert list(method.candidates) == ["network"]
    assert not any(name.startswith("ema") for name in method.state_dict())
    assert method.train().training
    with_copy = Supervised(network(), "multilabel")
    with_copy.student.load_state_dict(method.student.state_dict())
    data = batch(with_copy, "multilabel")
    assert torch.equal(method(data)["supervised"], with_copy(data)["supervised"])
    assert list(with_copy.candidates) == ["network", "ema"]


def test_class_weights_and_a_loss_of_ones_own_do_not_go_together():
    with pytest.raises(ValueError, match="class_weights"):
        Supervised(network(), "multiclass", class_weights=[1.0, 2.0], supervised_loss=torch.nn.CrossEntropyLoss())
