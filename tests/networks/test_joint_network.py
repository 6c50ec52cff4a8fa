import pytest
import torch

from monai_ssl.errors import InputError
from monai_ssl.networks import OneTask, conv_classifier, joint_network

SMALL = {"features": (4, 4, 8, 8, 16, 4), "channels": (4, 8, 8)}


def make(architecture, shape=(2, 32, 32), **settings):
    torch.manual_seed(0)
    return joint_network(architecture, shape, 3, 4, **{**SMALL, "num_surrogates": 5, **settings})


@pytest.mark.parametrize("sides", [(32, 32), (32, 16, 16)])
@pytest.mark.parametrize(
    ("architecture", "parts"),
    [
        ("adversarial", ["mask", "diagnosis"]),
        ("branched", ["mask", "diagnosis"]),
        ("mask", ["mask"]),
        ("diagnosis", ["diagnosis"]),
    ],
)
def test_what_each_architecture_gives(architecture, parts, sides):
    network = make(architecture, (2, *sides))
    output = network(torch.rand(3, 2, *sides))
    assert list(output) == parts
    shapes = {"mask": (3, 3, *sides), "diagnosis": (3, 4)}
    assert {name: tuple(logits.shape) for name, logits in output.items()} == {name: shapes[name] for name in parts}
    sum(logits.square().mean() for logits in output.values()).backward()
    without = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    assert not without


def test_the_parts_are_the_same_in_all():
    """A comparison of the systems is one of their training."""
    unet = make("mask").network
    assert str(make("branched").network) == str(make("adversarial").generator) == str(unet)
    alone, judge = make("diagnosis").network, make("adversarial").discriminator.network
    assert (alone.in_channels, judge.in_channels) == (2, 2 + 3)
    assert [m.out_channels for m in alone.modules() if isinstance(m, torch.nn.Conv2d)] == [4, 8, 8]
    assert judge.final[-1].out_features == 4 + 1 + 5


def test_the_texts_layers():
    """Instance normalization, ReLU, and dropout after every convolution of the U-Net."""
    kinds = [type(m).__name__ for m in make("mask", dropout=0.4).modules()]
    assert kinds.count("Dropout") == kinds.count("InstanceNorm2d") == kinds.count("ReLU") == 18
    assert kinds.count("Conv2d") == 19  # two a level on both sides, and the last, which gives the logits
    dropped = [m.p for m in make("mask", dropout=0.4).modules() if isinstance(m, torch.nn.Dropout)]
    assert set(dropped) == {0.4}


def test_images_that_are_too_small():
    with pytest.raises(InputError, match="single position at its coarsest level"):
        make("mask", (1, 16, 16))
    with pytest.raises(InputError, match=r"cannot be \[40, 40\].*multiples of \[16, 16\]"):
        make("adversarial", (1, 40, 40))
    with pytest.raises(InputError, match=r"\[8, 8\] pixels are too small for 3 convolutions.*larger than 8"):
        make("diagnosis", (1, 8, 8))
    assert make("diagnosis", (1, 16, 16))(torch.rand(2, 1, 16, 16))["diagnosis"].shape == (2, 4)


def test_bad_arguments():
    with pytest.raises(InputError, match=r"no architecture 'both'.*Use one of adversarial, branched, mask, diagnosis"):
        make("both")
    with pytest.raises(InputError, match=r"dropout is 1.0"):
        conv_classifier((1, 32, 32), 2, dropout=1.0)
    with pytest.raises(ValueError, match="`part` must be one of"):
        OneTask(torch.nn.Identity(), "class")


def test_a_classifier_judges_each_image_by_itself():
    """A batch's statistics would tell predicted masks from real ones."""
    network = conv_classifier((1, 32, 32), 3, (4, 8))
    images = torch.rand(4, 1, 32, 32)
    together = network(images)
    torch.testing.assert_close(torch.cat([network(image[None]) for image in images]), together)
