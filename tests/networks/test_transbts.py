import io

import pytest
import torch
from torch import nn

from monai_ssl.errors import InputError
from monai_ssl.networks import TransBTS

SMALL = {"init_filters": 8, "hidden_size": 16, "mlp_dim": 24, "num_layers": 2, "num_heads": 2}


def small(spatial_dims=3, in_channels=2, out_channels=3, img_size=16, **arguments):
    torch.manual_seed(0)
    return TransBTS(spatial_dims, in_channels, out_channels, img_size, **SMALL | arguments)


@pytest.mark.parametrize(
    ("spatial_dims", "in_channels", "out_channels", "img_size"),
    [(3, 4, 4, (16, 16, 16)), (3, 1, 1, (24, 16, 8)), (3, 2, 3, (8, 8, 32)), (2, 3, 2, (32, 16)), (2, 1, 5, (8, 40))],
)
def test_logits_for_each_pixel(spatial_dims, in_channels, out_channels, img_size):
    network = small(spatial_dims, in_channels, out_channels, img_size)
    logits = network(torch.randn(2, in_channels, *img_size))
    assert logits.shape == (2, out_channels, *img_size)
    assert logits.min() < 0  # no probabilities


def test_one_number_is_for_all_sides():
    assert small(3, img_size=16).img_size == (16, 16, 16)


def test_as_many_parameters_as_published():
    with torch.device("meta"):
        network = TransBTS(3, 4, 4, 128)
    count = sum(parameter.numel() for parameter in network.parameters())
    unread = (512 * 512 + 512) + 2 * 512  # a linear layer and a normalization whose output nothing reads
    blocks = 2 * (1 * 16 + 2 * 32 + 2 * 64 + 4 * 128)  # the biases of two convolutions a block
    after = 2 * (128 + 128 + 64 + 32 + 16)
    assert network.position.shape == (1, 16**3, 512)
    assert count == pytest.approx(32.99e6, rel=0.01)
    assert round((count + unread + blocks + after) / 1e6, 2) == 32.99


@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_each_parameter_learns(spatial_dims):
    network = small(spatial_dims)
    network(torch.randn(2, 2, *[16] * spatial_dims)).square().mean().backward()
    largest = {name: parameter.grad.abs().max() for name, parameter in network.named_parameters()}
    assert all(value.isfinite() and value > 1e-7 for value in largest.values()), largest


def test_the_position_tells_tokens_apart():
    network, image = small().eval(), torch.randn(1, 2, 16, 16, 16)
    before, order = network(image), torch.randperm(8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        network.position.copy_(network.position[:, order])
        assert (network(image) - before).abs().max() > 1e-4
        network.position.copy_(network.position[:, :1].expand_as(network.position))
        tokens = torch.randn(1, 8, 16)
        shuffled = network.transformer((tokens + network.position)[:, order])
        torch.testing.assert_close(shuffled, network.transformer(tokens + network.position)[:, order])


def test_a_token_stays_in_its_place():
    """With a transformer and convolutions that pass on their input, what leaves the tokens is what entered them."""
    network, image = small(img_size=(16, 24, 32)).eval(), torch.randn(2, 2, 16, 24, 32)
    network.transformer = nn.Identity()
    nn.init.zeros_(network.position)
    seen = []
    network.to_tokens.register_forward_hook(lambda *call: seen.append(call[-1]))
    network.from_tokens.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network(image)
    assert torch.equal(*seen)
    assert seen[0].shape == (2, 16, 2, 3, 4)


def test_the_decoder_joins_the_encoder_s_features():
    network, stages, joined = small(img_size=(16, 24, 32)).eval(), [], []
    for stage in network.encoder:
        stage.register_forward_hook(lambda *call: stages.append(call[-1]))
    for doubling in network.decoder:
        doubling.join.register_forward_hook(lambda _, inputs, output: joined.append((inputs[0], output)))
    network(torch.randn(1, 2, 16, 24, 32))
    for doubling, skip, (both, output) in zip(network.decoder, stages[-2::-1], joined, strict=True):
        of_skip, of_below = doubling.join.conv.weight.flatten(1).chunk(2, dim=1)
        below = both[:, skip.shape[1] :]
        expected = torch.einsum("oc,bcxyz->boxyz", of_skip, skip) + torch.einsum("oc,bcxyz->boxyz", of_below, below)
        torch.testing.assert_close(output, expected + doubling.join.conv.bias.view(1, -1, 1, 1, 1))


def test_evaluation_is_deterministic_and_training_is_not():
    network, image = small(), torch.randn(1, 2, 16, 16, 16)
    assert not torch.equal(network(image), network(image))
    network.eval()
    assert torch.equal(network(image), network(image))
    still = small(dropout_rate=0.0, conv_dropout_rate=0.0)
    assert torch.equal(still(image), still(image))


def test_whole_channels_are_dropped_after_the_first_convolution():
    first = small(conv_dropout_rate=0.5).encoder[0][0]
    zero = (first(torch.randn(8, 2, 16, 16, 16)) == 0).flatten(2).double().mean(dim=2)
    assert set(zero.flatten().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("norm", ["batch", "instance", ["group", {"num_groups": 4}]])
def test_norm_is_for_all_convolutions(norm):
    network = small(norm=norm)
    assert network(torch.randn(2, 2, 16, 16, 16)).isfinite().all()
    kinds = {type(module) for module in network.modules() if "Norm" in type(module).__name__}
    kind = {"batch": nn.BatchNorm3d, "instance": nn.InstanceNorm3d}.get(norm if isinstance(norm, str) else "")
    assert kinds == {nn.LayerNorm, kind or nn.GroupNorm}


def test_bfloat16():
    # A coarsest grid of 3: where its first side is 2, torch 2.13 on a CPU gives 3x3x3 convolutions of bfloat16 wrong
    # gradients, in any network.
    network = small(img_size=24, dropout_rate=0.0, conv_dropout_rate=0.0)
    image = torch.randn(1, 2, 24, 24, 24)
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(image)
    assert logits.dtype == torch.bfloat16
    torch.testing.assert_close(logits.float(), network(image), atol=0.1, rtol=0.1)
    logits.float().square().mean().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


def test_weights_survive_a_file():
    network, image, file = small().eval(), torch.randn(1, 2, 16, 16, 16), io.BytesIO()
    torch.save(network.state_dict(), file)
    file.seek(0)
    other = small(out_channels=3).eval()
    nn.init.normal_(other.position)
    assert not torch.equal(other(image), network(image))
    other.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(other(image), network(image))


@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_torchscript(spatial_dims):
    network, image = small(spatial_dims).eval(), torch.randn(2, 2, *[16] * spatial_dims)
    file = io.BytesIO()
    torch.jit.save(torch.jit.script(network), file)
    file.seek(0)
    scripted = torch.jit.load(file)
    torch.testing.assert_close(scripted(image), network(image))
    with pytest.raises(torch.jit.Error, match="takes images of"):
        scripted(image[..., :8])
    traced = torch.jit.trace(network, image[:1])
    torch.testing.assert_close(traced(image), network(image))  # of another batch size


@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_onnx(spatial_dims):
    onnx, runtime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    network, image, file = small(spatial_dims).eval(), torch.randn(2, 2, *[16] * spatial_dims), io.BytesIO()
    axes = {"image": {0: "batch"}, "logits": {0: "batch"}}
    torch.onnx.export(
        network, (image[:1],), file, input_names=["image"], output_names=["logits"], dynamic_axes=axes, dynamo=False
    )
    onnx.checker.check_model(file.getvalue())
    session = runtime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {"image": image.numpy()})
    torch.testing.assert_close(torch.from_numpy(logits), network(image).detach(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("img_size", "message"),
    [
        ((16, 60, 32), r"multiples of \[8, 8, 8\].*such as \[16, 64, 32\]"),
        (4, r"such as \[8, 8, 8\]"),
        ((16, 16), "give 3 whole numbers"),
        ((16, 0, 16), "give 3 whole numbers"),
        ((16, 16, 16.0), "give 3 whole numbers"),
    ],
)
def test_sizes_that_do_not_suit(img_size, message):
    with pytest.raises(InputError, match=message):
        small(img_size=img_size)


@pytest.mark.parametrize("shape", [(1, 2, 16, 16, 8), (1, 2, 16, 32, 16), (1, 2, 16, 16)])
def test_images_of_another_size(shape):
    with pytest.raises(InputError, match=r"takes images of \[32, 16, 16\] pixels, got .*Crop, pad or slide windows"):
        small(img_size=(32, 16, 16))(torch.randn(shape))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"spatial_dims": 1}, "`spatial_dims`.*1"),
        ({"in_channels": 0}, "`in_channels`.*0"),
        ({"out_channels": -1}, "`out_channels`.*-1"),
        ({"init_filters": 0}, "`init_filters`.*0"),
        ({"num_layers": 0}, "`num_layers`.*0"),
        ({"conv_dropout_rate": 1.5}, "`conv_dropout_rate`.*1.5"),
        ({"dropout_rate": -0.1}, "-0.1"),
        ({"num_heads": 3}, "3 and 16"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        small(**arguments)
