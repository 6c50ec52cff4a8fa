"""DenseNets that begin from ImageNet's weights, where these can be had."""

from typing import Any
from urllib.error import URLError

from monai.networks import nets
from torch import nn

from monai_ssl.errors import InputError

__all__ = ["densenet"]

_NAMES = ("DenseNet121", "DenseNet169", "DenseNet201")


def densenet(name: str, in_channels: int, num_classes: int, pretrained: bool = True, **kwargs: Any) -> nn.Module:
    """Make one of MONAI's 2D DenseNets, with ImageNet's weights for all but the last layer.

    Args:
        name: ``"DenseNet121"``, ``"DenseNet169"`` or ``"DenseNet201"``.
        in_channels: the weights are for 3.
        num_classes: outputs; the last layer is always new.
        pretrained: whether to load the weights, from torch hub's cache or else from the network.
        kwargs: further arguments of the network, such as ``dropout_prob``.

    Raises:
        ValueError: for another name, or weights with ``in_channels`` other than 3.
        InputError: when the weights cannot be had.
    """
    if name not in _NAMES:
        raise ValueError(f"`name` must be one of {_NAMES}, got {name!r}.")
    if pretrained and in_channels != 3:
        raise ValueError(f"ImageNet's weights are for 3 input channels, got in_channels={in_channels}.")
    arguments = {"spatial_dims": 2, "in_channels": in_channels, "out_channels": num_classes, **kwargs}
    try:
        return getattr(nets, name)(**arguments, pretrained=pretrained)
    except (URLError, OSError) as error:
        raise InputError(
            f"The ImageNet weights of {name} cannot be downloaded ({error}). Run once where there is a network and "
            "copy torch hub's `checkpoints` folder here, or begin from random weights with `--pretrained false`."
        ) from error
