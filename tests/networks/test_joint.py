import pytest
import torch
from monai.networks.nets import BasicUNet, Classifier
from torch import nn

from monai_ssl.errors import InputError
from monai_ssl.networks import (
    BranchedNetwork,
    ClassDiscriminator,
    FirstOutput,
    GeneratorAndDiscriminator,
    frozen,
    joint_network,
)

SIDE = 32


def unet():
    """The text's generator: instance normalization, ReLU and dropout after every convolution."""
    return BasicUNet(2, 1, 1, (8, 8, 16, 16, 32, 8), act="relu", norm=("instance", {"affine": True}), dropout=0.4)


def discriminator(num_classes=3, num_surrogates=6):
    logits = num_classes + 1 + num_surrogates
    network = Classifier((2, SIDE, SIDE), logits, (8, 16, 16), (2, 2, 2), num_res_units=0, act="relu", dropout=0.4)
    return ClassDiscriminator(network, num_classes, num_surrogates)


def images(count=3):
    return torch.rand(count, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(0))


def test_logits_of_a_discriminator_are_split():
    judge = discriminator().eval()
    image, mask = images(), images().round()
    classes, surrogate = judge(image, mask)
    assert classes.shape == (3, 4)
    assert surrogate.shape == (3, 6)
    together = judge.network(torch.cat((image, mask), dim=1))
    torch.testing.assert_close(torch.cat((classes, surrogate), dim=1), together, rtol=0, atol=0)


def test_one_softmax_for_both_questions():
    judge = discriminator(num_surrogates=0).eval()
    classes, surrogate = judge(images(), images())
    assert classes.shape == (3, 4)
    assert surrogate is classes
    assert (judge.surrogate_capacity, discriminator().surrogate_capacity) == (3, 6)


def test_a_network_with_other_logits_is_refused():
    judge = ClassDiscriminator(discriminator(3, 6).network, 4, 6)
    with pytest.raises(InputError, match=r"needs 11 logits an image: 4 classes.*Classifier gives \(10,\)"):
        judge(images(), images())


@pytest.mark.parametrize("numbers", [(1, 6), (3, -1)])
def test_bad_numbers(numbers):
    with pytest.raises(ValueError, match="At least 2 classes and 0 surrogates"):
        ClassDiscriminator(nn.Identity(), *numbers)


def test_the_diagnosis_comes_from_the_image_and_its_predicted_mask():
    pair = GeneratorAndDiscriminator(unet(), discriminator(), "multilabel").eval()
    output = pair(images())
    mask = pair.generator(images())
    torch.testing.assert_close(output["mask"], mask)
    torch.testing.assert_close(output["diagnosis"], pair.discriminator(images(), mask.sigmoid())[0][:, :3])


def test_the_branch_is_of_the_bottleneck():
    network = unet()
    both = BranchedNetwork(network, "down_4", 3, (1, SIDE, SIDE)).eval()
    output = both(images())
    torch.testing.assert_close(output["mask"], network(images()))
    x = images()
    for name in ("conv_0", "down_1", "down_2", "down_3", "down_4"):
        x = getattr(network, name)(x)
    assert x.shape == (3, 32, 2, 2)
    torch.testing.assert_close(output["diagnosis"], both.branch(x.relu().mean(dim=(2, 3))))
    with pytest.raises(InputError, match="no layer 'bottleneck'"):
        BranchedNetwork(network, "bottleneck", 3, (1, SIDE, SIDE))


def test_frozen_lets_gradient_through_but_not_in():
    judge, mask = discriminator(), images().requires_grad_()
    judge.network.final[1].bias.requires_grad_(False)
    with frozen(judge):
        judge(images(), mask)[0].sum().backward()
    assert mask.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in judge.parameters())
    assert [name for name, value in judge.named_parameters() if not value.requires_grad] == ["network.final.1.bias"]


@pytest.mark.parametrize("architecture", ["adversarial", "branched", "mask", "diagnosis"])
def test_the_first_output_alone(architecture):
    """A tensor of the whole network's weights, which can be read and loaded as the whole network's."""
    sizes = {"features": (4, 4, 8, 8, 16, 4), "channels": (4, 8, 8, 8)}
    whole, other = (joint_network(architecture, (1, SIDE, SIDE), 1, 3, **sizes).eval() for _ in range(2))
    first = FirstOutput(whole).eval()
    name = "diagnosis" if architecture == "diagnosis" else "mask"
    assert torch.equal(first(images()), whole(images())[name])
    state = other.state_dict()
    assert first.state_dict().keys() == state.keys()
    with pytest.raises(RuntimeError, match="Missing key"):
        first.load_state_dict({})
    first.load_state_dict(state)
    for network in (first, torch.jit.script(first)):
        assert torch.equal(network(images()), other(images())[name])
    assert torch.equal(whole(images())[name], other(images())[name])
