import json
import sys

import pytest
import torch
from monai.bundle import ConfigParser
from monai.networks import nets

from monai_ssl.errors import InputError
from monai_ssl.networks import TransBTS, required_multiple, segmentation_network

SMALL = {
    "basicunet": {"features": (4, 4, 8, 8, 16, 4)},
    "unet": {"channels": [4, 8, 16, 32]},
    "segresnet": {"init_filters": 8},
    "dynunet": {"filters": [4, 8, 16, 32]},
    "swinunetr": {"depths": [1, 1, 1, 1], "window_size": 4},
    "transbts": {"init_filters": 8, "hidden_size": 16, "mlp_dim": 24, "num_layers": 1, "num_heads": 2},
}
NAMES = list(SMALL)
SIDES = dict.fromkeys(NAMES, (16, 8, 24)) | {"basicunet": (16, 32, 16), "swinunetr": (64, 32, 32)}


def make(name, spatial_dims=3, in_channels=2, out_channels=3, patch_size=None, **arguments):
    if name == "swinunetr":
        pytest.importorskip("einops")
    torch.manual_seed(0)
    sides = SIDES[name][:spatial_dims] if patch_size is None else patch_size
    return segmentation_network(name, spatial_dims, in_channels, out_channels, sides, **SMALL[name] | arguments)


def image_for(name, spatial_dims, batch=2):
    return torch.randn(batch, 2, *SIDES[name][:spatial_dims])


@pytest.mark.parametrize("spatial_dims", [2, 3])
@pytest.mark.parametrize("name", NAMES)
def test_one_tensor_of_logits_and_a_gradient_for_each_parameter(name, spatial_dims):
    network, image = make(name, spatial_dims).train(), image_for(name, spatial_dims)
    logits = network(image)
    assert logits.shape == (2, 3, *image.shape[2:])
    assert logits.min() < 0  # no probabilities
    logits.square().mean().backward()
    without = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    assert not without  # DistributedDataParallel would stop
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())
    assert network.eval()(image).shape == logits.shape


@pytest.mark.parametrize("spatial_dims", [2, 3])
@pytest.mark.parametrize("name", NAMES)
def test_torchscript(name, spatial_dims):
    network, image = make(name, spatial_dims).eval(), image_for(name, spatial_dims)
    with torch.no_grad():
        if name == "swinunetr":
            exported = torch.jit.trace(network, image[:1], check_trace=False)  # checked below, with another batch size
        else:
            exported = torch.jit.script(network)
        torch.testing.assert_close(exported(image), network(image))


@pytest.mark.parametrize("name", ["unet", "segresnet", "dynunet"])
def test_the_multiple_is_what_the_network_needs(name):
    assert required_multiple(name, 2) == (8, 8)
    network = make(name, 2).eval()
    assert network(torch.randn(1, 2, 24, 16)).shape == (1, 3, 24, 16)
    with pytest.raises(RuntimeError, match="must match"):
        network(torch.randn(1, 2, 20, 16))  # halved three times, what was lost does not come back


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("swinunetr", {}, (32, 32, 32)),
        ("transbts", {}, (8, 8, 8)),
        ("unet", {"channels": [8, 16, 32], "strides": [2, 2]}, (4, 4, 4)),
        ("unet", {"channels": [8, 16, 32], "strides": [[2, 2, 1], 2]}, (4, 4, 2)),
        ("segresnet", {"blocks_down": [1, 1, 1]}, (4, 4, 4)),
        ("dynunet", {"strides": [1, [2, 2, 1], [2, 2, 1], 2]}, (8, 8, 2)),
        ("dynunet", {"strides": [[1, 1, 1], 2, 2, 2, 2]}, (16, 16, 16)),
    ],
)
def test_the_multiple_follows_the_strides(name, arguments, expected):
    assert required_multiple(name, 3, **arguments) == expected


@pytest.mark.parametrize(
    ("name", "arguments", "sides"),
    [
        ("unet", {"channels": [4, 4, 4], "strides": [[2, 2, 1], 2]}, (4, 8, 2)),
        ("segresnet", {"init_filters": 8, "blocks_down": [1, 1, 1]}, (4, 8, 4)),
        ("dynunet", {"filters": [4] * 4, "strides": [1, [2, 2, 1], [2, 2, 1], 2]}, (8, 16, 2)),
        ("dynunet", {"filters": [4] * 5, "strides": [[1, 1, 1], 2, 2, 2, 2]}, (16, 32, 16)),
    ],
)
def test_the_smallest_patch_for_other_strides(name, arguments, sides):
    network = segmentation_network(name, 3, 1, 2, sides, **arguments)
    assert network(torch.randn(1, 1, *sides)).shape == (1, 2, *sides)


def test_values_of_our_own():
    with torch.device("meta"):
        references = {
            "unet": nets.UNet(3, 2, 3, (16, 32, 64, 128), (2, 2, 2), num_res_units=2, norm="instance"),
            "segresnet": nets.SegResNet(3, 16, 2, 3, upsample_mode="deconv"),
            "dynunet": nets.DynUNet(3, 2, 3, [3] * 4, [1, 2, 2, 2], [2] * 3, filters=[16, 32, 64, 128], res_block=True),
            "transbts": TransBTS(3, 2, 3, 16),
        }
        made = {name: segmentation_network(name, 3, 2, 3, 16) for name in references}
    for name, reference in references.items():
        assert str(made[name]) == str(reference)
        shapes = {key: value.shape for key, value in reference.state_dict().items()}
        assert {key: value.shape for key, value in made[name].state_dict().items()} == shapes


def test_a_config_names_it():
    config = {
        "_target_": "monai_ssl.networks.segmentation_network",
        "name": "transbts",
        "spatial_dims": 2,
        "in_channels": 1,
        "out_channels": 2,
        "patch_size": [16, 24],
        "norm": ["group", {"num_groups": 4}],
        **SMALL["transbts"],
    }
    parser = ConfigParser({"network": json.loads(json.dumps(config))})
    network = parser.get_parsed_content("network")
    assert isinstance(network, TransBTS)
    assert network.img_size == (16, 24)
    assert network.encoder[0][1].norm1.num_groups == 4


@pytest.mark.parametrize("name", NAMES)
def test_patch_sizes_that_do_not_suit(name):
    multiple = {"swinunetr": 32, "basicunet": 16}.get(name, 8)
    with pytest.raises(InputError, match=rf"'{name}' cannot be \[64, 68, 64\].*{multiple}.*such as \[64, \d+, 64\]"):
        make(name, patch_size=(64, 68, 64))
    with pytest.raises(InputError, match=f"single position.*such as .{2 * multiple}, {2 * multiple}"):
        make(name, 2, patch_size=multiple)
    with pytest.raises(InputError, match="give 2 whole numbers"):
        make(name, 2, patch_size=(64, 64, 64))


def test_a_single_position_cannot_be_normalized():
    """Why the patch must be larger than one multiple."""
    with pytest.raises(ValueError, match="more than 1 spatial element"):
        make("unet", 2)(torch.randn(1, 2, 8, 8))


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("vnet", {}, "no network 'vnet'. Use one of basicunet, unet, segresnet, dynunet, swinunetr, transbts"),
        ("unet", {"filters": [4, 8]}, "'unet' does not take filters. Use .*channels"),
        ("dynunet", {"deep_supervision": True}, "does not take deep_supervision"),
        ("segresnet", {"use_conv_final": False}, "does not take use_conv_final"),
        ("transbts", {"img_size": 32}, "does not take img_size"),
        ("transbts", {"num_heads": 7}, "'transbts' cannot be made with the arguments {'num_heads': 7}: .*512"),
        ("unet", {"channels": [4, 8, 16, 32], "strides": [2, 2]}, "'unet' cannot be made.*strides"),
        ("unet", {"strides": [2, [2, 2], 2]}, r"'unet' cannot be made.*\[2, 2\]"),
        ("segresnet", {"blocks_up": [1, 1]}, "got 2 and 4"),
        ("dynunet", {"strides": [2, 2, 2, 2]}, "first stride of 'dynunet' must be 1.*got 2"),
        ("dynunet", {"strides": [[1, 2, 1], 2, 2, 2]}, r"first stride of 'dynunet' must be 1.*got \[1, 2, 1\]"),
        ("dynunet", {"strides": []}, "'dynunet' cannot be made"),
        ("dynunet", {"strides": 2}, "'dynunet' cannot be made"),
        ("unet", {"spatial_dims": 1}, "`spatial_dims`.*1"),
        ("unet", {"in_channels": 0}, "channels.*0"),
        ("unet", {"out_channels": 0}, "channels.*0"),
    ],
)
def test_errors_name_the_remedy(name, arguments, message):
    given = {"spatial_dims": 3, "in_channels": 1, "out_channels": 2, "patch_size": 32} | arguments
    with pytest.raises(InputError, match=message):
        segmentation_network(name, **given)


def test_without_einops(monkeypatch):
    monkeypatch.setitem(sys.modules, "einops", None)
    with pytest.raises(InputError, match="pip install einops"):
        segmentation_network("swinunetr", 2, 1, 2, 64)
