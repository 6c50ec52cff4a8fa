"""The networks for segmentation that a config picks by name."""

import contextlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any

from monai.networks import nets
from monai.utils import ensure_tuple, ensure_tuple_rep, optional_import
from torch import nn

from monai_ssl.errors import InputError
from monai_ssl.networks.sides import check_sides
from monai_ssl.networks.transbts import TransBTS

__all__ = ["required_multiple", "segmentation_network"]

_NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "basicunet": nets.BasicUNet,
    "unet": nets.UNet,
    "segresnet": nets.SegResNet,
    "dynunet": nets.DynUNet,
    "swinunetr": nets.SwinUNETR,
    "transbts": TransBTS,
}

_GIVEN = {"spatial_dims", "in_channels", "out_channels", "img_size", "patch_size"}
"""Arguments of the networks that have their own place in the call."""

_FIXED = {"deep_supervision", "deep_supr_num", "upsample_kernel_size", "use_conv_final"}
"""Arguments that would change what comes out, or that follow from others."""


def segmentation_network(
    name: str, spatial_dims: int, in_channels: int, out_channels: int, patch_size: Sequence[int] | int, **arguments: Any
) -> nn.Module:
    """Make a network that maps patches ``(B, in_channels, *patch_size)`` to logits ``(B, out_channels, *patch_size)``.

    - ``"basicunet"``: MONAI's ``BasicUNet``, the plain form with two convolutions a level, 16 to 128 channels, instance
      normalization (Falk et al., Nature Methods 2019).
    - ``"unet"``: MONAI's ``UNet`` with residual units; 16 to 128 channels, instance normalization (Kerfoot et al.,
      STACOM 2018).
    - ``"segresnet"``: MONAI's ``SegResNet``, 16 channels at first, deconvolutions in place of its interpolation, which
      has no reproducible gradient on a GPU (Myronenko, BrainLes 2018, without the autoencoder).
    - ``"dynunet"``: MONAI's ``DynUNet``, the form of nnU-Net, with residual blocks, 16 to 128 channels, no deep
      supervision (Isensee et al., Nature Methods 2021). Its kernels, filters and deconvolutions follow ``strides``.
    - ``"swinunetr"``: MONAI's ``SwinUNETR``, 12 features at first (Hatamizadeh et al., BrainLes 2021). It needs einops,
      and becomes TorchScript by tracing only (MONAI's ``ckpt_export --use_trace true``).
    - ``"transbts"``: :class:`TransBTS` as published, for patches of just this size (Wang et al., MICCAI 2021).

    Args:
        name: one of these.
        spatial_dims: 2 or 3.
        in_channels: channels (modalities) of the image.
        out_channels: classes, or regions.
        patch_size: sides of the patches in pixels; one number stands for all sides.
        arguments: further arguments of the network, in place of the values above.

    Raises:
        InputError: for another name, an argument that the network does not take, or a patch size that does not suit
            it: each side must be a multiple of :func:`required_multiple`, and one side at least twice that, for a
            single position at the coarsest level leaves nothing to normalize over or to attend to.
    """
    multiple = required_multiple(name, spatial_dims, **arguments)
    sides = check_sides(f"The patch size of the network {name!r}", patch_size, multiple)
    if sides == multiple:
        raise InputError(
            f"The patch size {list(sides)} leaves the network {name!r} a single position at its coarsest level. Make "
            f"one side at least twice as large, such as {[2 * side for side in sides]}."
        )
    if min(in_channels, out_channels) < 1:
        raise InputError(f"The network needs channels in and out, got {in_channels!r} and {out_channels!r}.")
    if name == "swinunetr" and not optional_import("einops")[1]:
        raise InputError("The network 'swinunetr' needs einops: `pip install einops`, or pick another network.")
    complete = _complete(name, arguments) | ({"img_size": sides} if name == "transbts" else {})
    make = _NETWORKS[name]
    with _naming(name, arguments):
        return make(spatial_dims=spatial_dims, in_channels=in_channels, out_channels=out_channels, **complete)


def required_multiple(name: str, spatial_dims: int, **arguments: Any) -> tuple[int, ...]:
    """What each side of a patch must be a multiple of, in pixels, one number an axis.

    Args:
        name: see :func:`segmentation_network`.
        spatial_dims: 2 or 3.
        arguments: those of :func:`segmentation_network`.

    Raises:
        InputError: for another name, or an argument that the network does not take.
    """
    if name not in _NETWORKS:
        raise InputError(f"There is no network {name!r}. Use one of {', '.join(_NETWORKS)}.")
    if spatial_dims not in (2, 3):
        raise InputError(f"`spatial_dims` must be 2 or 3, got {spatial_dims!r}.")
    allowed = set(inspect.signature(_NETWORKS[name]).parameters) - _GIVEN - _FIXED
    if unknown := sorted(set(arguments) - allowed):
        raise InputError(f"The network {name!r} does not take {', '.join(unknown)}. Use {', '.join(sorted(allowed))}.")
    with _naming(name, arguments):
        strides = _strides(name, _complete(name, arguments))
        steps = [ensure_tuple_rep(stride, spatial_dims) for stride in strides]
        return tuple(prod(axis) for axis in zip(*steps, strict=True))


@contextlib.contextmanager
def _naming(name: str, arguments: dict[str, Any]) -> Iterator[None]:
    """Say which network and arguments an error of MONAI's is about."""
    try:
        yield
    except InputError:
        raise
    except (AssertionError, TypeError, ValueError) as error:
        raise InputError(f"The network {name!r} cannot be made with the arguments {arguments}: {error}") from error


def _complete(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Give the arguments of a network, with our values where there are none."""
    ours: dict[str, Any] = {}
    if name == "basicunet":
        ours = {"features": (16, 16, 32, 64, 128, 16)}
    elif name == "unet":
        ours = {"channels": (16, 32, 64, 128), "strides": (2, 2, 2), "num_res_units": 2, "norm": "instance"}
    elif name == "segresnet":
        blocks_down = arguments.get("blocks_down", (1, 2, 2, 4))
        ours = {"blocks_down": blocks_down, "blocks_up": (1,) * (len(blocks_down) - 1)}
        ours |= {"init_filters": 16, "upsample_mode": "deconv"}
    elif name == "dynunet":
        strides = arguments.get("strides", (1, 2, 2, 2))
        ours = {"strides": strides, "kernel_size": (3,) * len(strides), "upsample_kernel_size": strides[1:]}
        ours |= {"filters": [min(16 * 2**level, 320) for level in range(len(strides))], "res_block": True}
    elif name == "swinunetr":
        ours = {"feature_size": 12}
    return ours | arguments


def _strides(name: str, arguments: dict[str, Any]) -> list[Any]:
    """Give the strides from the image to the coarsest grid, where these can be undone."""
    if name == "unet":
        return list(arguments["strides"][: len(arguments["channels"]) - 1])
    if name == "dynunet":
        first, *others = arguments["strides"]
        if any(step != 1 for step in ensure_tuple(first)):
            raise InputError(f"The first stride of 'dynunet' must be 1, for logits at each pixel, got {first!r}.")
        return others
    if name == "segresnet":
        down, up = len(arguments["blocks_down"]), len(arguments["blocks_up"])
        if up != down - 1:
            raise InputError(f"'segresnet' needs one `blocks_up` less than `blocks_down`, got {up} and {down}.")
        return [2] * up
    return [2] * {"basicunet": 4, "swinunetr": 5, "transbts": 3}[name]
