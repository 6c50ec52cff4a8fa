import pytest
import torch
from monai.networks import nets
from torch import nn

from monai_ssl.errors import InputError
from monai_ssl.networks import LayerFeatures, ProjectionHead, count_features, form_features


def resnet(spatial_dims=2):
    return nets.ResNet(
        "basic", [1, 1, 1, 1], [4, 8, 8, 16], spatial_dims=spatial_dims, n_input_channels=1, num_classes=3
    )


def test_pooled_is_relu_and_the_mean_of_positions():
    x = torch.randn(2, 3, 4, 5)
    expected = torch.tensor([[x[b, c].clamp(min=0).sum() / 20 for c in range(3)] for b in range(2)])
    torch.testing.assert_close(form_features(x, "pooled"), expected)
    assert form_features(torch.randn(2, 3, 2, 2, 2), "pooled").shape == (2, 3)
    torch.testing.assert_close(form_features(torch.tensor([[-1.0, 2.0]]), "pooled"), torch.tensor([[0.0, 2.0]]))


def test_flat_is_everything_in_a_row():
    x = torch.randn(2, 3, 4, 5)
    assert torch.equal(form_features(x, "flat"), x.reshape(2, 60))
    with pytest.raises(ValueError, match="'tall'"):
        LayerFeatures("0", "tall")


@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_the_last_stage_of_a_resnet(spatial_dims):
    network, image = resnet(spatial_dims).eval(), torch.rand(2, 1, *[32] * spatial_dims)
    output, features = LayerFeatures("layer4")(network, image)
    assert torch.equal(output, network(image))
    torch.testing.assert_close(network.fc(features), output)  # its classifier takes just these
    assert count_features(network, "layer4", image.shape[1:]) == 16


def test_a_densenet_whose_next_layer_changes_the_activations_in_place():
    network = nets.DenseNet121(2, 1, 3).eval()
    image = torch.rand(2, 1, 32, 32)
    raw = network.features(image)
    assert raw.min() < 0
    for form in ("pooled", "flat"):
        torch.testing.assert_close(LayerFeatures("features", form)(network, image)[1], form_features(raw, form))
    assert count_features(network, "features", (1, 32, 32)) == 1024
    assert count_features(network, "features", (1, 64, 64), "flat") == 4 * 1024
    assert count_features(network, "features.denseblock1", (1, 32, 32)) == 256


def test_gradient_reaches_what_is_before_the_layer_only():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 3))
    nn.init.ones_(network[0].weight)  # no ReLU may be dead
    LayerFeatures("1")(network, torch.rand(2, 1, 8, 8))[1].sum().backward()
    assert network[0].weight.grad.abs().sum() > 0
    assert network[3].weight.grad is None


def test_counting_leaves_the_network_as_it_was():
    network = resnet().train()
    network.layer1.eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert count_features(network, "layer1", (1, 32, 32)) == 4
    assert network.training
    assert not network.layer1.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())


class Odd(nn.Module):
    """Layers that give no features."""

    def __init__(self):
        super().__init__()
        self.twice, self.unused, self.pair, self.total = nn.Identity(), nn.Identity(), Pair(), Total()
        self.tokens = nn.Flatten(0, 1)

    def forward(self, x):
        self.pair(x), self.total(x), self.tokens(x)
        return self.twice(self.twice(x))


class Pair(nn.Module):
    def forward(self, x):
        return x, x


class Total(nn.Module):
    def forward(self, x):
        return x.sum()


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("unused", "runs 0 times"),
        ("twice", "runs 2 times"),
        ("pair", "gives a tuple"),
        ("total", r"gives a shape \(\)"),
        ("tokens", r"gives a shape \(2, 4, 4\)"),
        ("layer4", "has no layer 'layer4'"),
        ("", "has no layer ''"),
    ],
)
def test_layers_without_features_are_named_with_those_there_are(layer, message):
    with pytest.raises(InputError, match=message) as caught:
        LayerFeatures(layer)(Odd(), torch.rand(2, 1, 4, 4))
    assert "Name one of its layers: twice, unused, pair, total, tokens;" in str(caught.value)


def test_the_head_has_relu_between_its_layers():
    head = ProjectionHead(64)
    layers = head.layers
    assert [type(layer).__name__ for layer in layers] == ["Linear", "ReLU", "Linear", "ReLU", "Linear"]
    assert [tuple(layer.weight.shape) for layer in layers[::2]] == [(100, 64), (50, 100), (25, 50)]
    x = torch.rand(3, 64)
    hidden = x
    for layer in (layers[0], layers[2]):
        hidden = (hidden @ layer.weight.T + layer.bias).clamp(min=0)
    torch.testing.assert_close(head(x), hidden @ layers[4].weight.T + layers[4].bias)
    assert (head(x) < 0).any()  # no ReLU at the end


@pytest.mark.parametrize(("in_features", "sizes"), [(0, (3,)), (4, ()), (4, (3, 0))])
def test_a_head_without_width_is_refused(in_features, sizes):
    with pytest.raises(ValueError, match="must be positive"):
        ProjectionHead(in_features, sizes)
