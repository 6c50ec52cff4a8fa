"""What a named layer of a network gives, beside the network's own output."""

from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from monai_ssl.errors import InputError
from monai_ssl.networks.modes import evaluating

__all__ = ["FeatureForm", "LayerFeatures", "count_features", "form_features"]

FeatureForm = Literal["pooled", "flat"]


def form_features(activations: Tensor, form: FeatureForm) -> Tensor:
    """Turn activations into one vector an image.

    Args:
        activations: ``(B, C)`` or ``(B, C, *spatial)``, 2D or 3D.
        form: ``"pooled"``: ReLU and the mean over the positions, ``(B, C)``, which does not grow with the image;
            ``"flat"``: everything in a row, ``(B, C * positions)``.

    Raises:
        ValueError: for an unknown form.
    """
    if form not in get_args(FeatureForm):
        raise ValueError(f"`form` must be one of {get_args(FeatureForm)}, got {form!r}.")
    if form == "flat":
        return activations.flatten(1).clone()  # what follows a layer may change its output in place
    return activations.relu().flatten(2).mean(dim=2) if activations.ndim > 2 else activations.relu()


class LayerFeatures(nn.Module):
    """Run any network once and give its output together with the features of one of its layers.

    Without parameters of its own: the network is an argument of the call, so that one of these serves a student and
    its teacher, and the network's state dictionary stays as it is.

    Args:
        layer: the layer's name, as ``network.named_modules()`` gives it: ``"layer4"`` of MONAI's ``ResNet``,
            ``"features"`` of its ``DenseNet121``.
        form: see :func:`form_features`.

    Raises:
        ValueError: for an unknown form.
    """

    def __init__(self, layer: str, form: FeatureForm = "pooled") -> None:
        super().__init__()
        form_features(torch.zeros(1, 1), form)  # raises where the form is unknown
        self.layer, self.form = layer, form

    def forward(self, network: nn.Module, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return the network's output and the features ``(B, F)``.

        Raises:
            InputError: when the network has no such layer, or it does not give a tensor ``(B, C, ...)``.
        """
        features: list[Tensor] = []

        def keep(_: nn.Module, __: Any, output: Any) -> None:
            # With three axes it is a transformer's tokens, where the channels come last.
            if not isinstance(output, Tensor) or output.ndim not in (2, 4, 5) or output.shape[0] != image.shape[0]:
                what = f"shape {tuple(output.shape)}" if isinstance(output, Tensor) else type(output).__name__
                raise self._error(network, f"gives a {what}, not a tensor (images, channels, *2D or 3D)")
            features.append(form_features(output, self.form))

        hook = _find_layer(network, self.layer).register_forward_hook(keep)
        try:
            output = network(image)
        finally:
            hook.remove()
        if len(features) != 1:
            raise self._error(network, f"runs {len(features)} times when an image passes through, not once")
        return output, features[0]

    def _error(self, network: nn.Module, what: str) -> InputError:
        return InputError(f"The layer {self.layer!r} of {type(network).__name__} {what}. {_names(network)}")

    def extra_repr(self) -> str:
        """Return the settings, for the printed module."""
        return f"layer={self.layer!r}, form={self.form!r}"


def count_features(network: nn.Module, layer: str, image_shape: tuple[int, ...], form: FeatureForm = "pooled") -> int:
    """Count the features of a layer, by passing two black images through the network.

    Args:
        network: left as it is, its statistics and mode too.
        layer: the layer's name.
        image_shape: ``(C, *spatial)``.
        form: see :func:`form_features`.

    Raises:
        InputError: see :class:`LayerFeatures`.
    """
    parameter = next(network.parameters(), torch.zeros(()))
    image = torch.zeros((2, *image_shape), dtype=parameter.dtype, device=parameter.device)
    with evaluating(network), torch.no_grad():
        return LayerFeatures(layer, form)(network, image)[1].shape[1]


def _find_layer(network: nn.Module, layer: str) -> nn.Module:
    layers = dict(network.named_modules())
    if not layer or layer not in layers:
        raise InputError(f"{type(network).__name__} has no layer {layer!r}. {_names(network)}")
    return layers[layer]


def _names(network: nn.Module) -> str:
    """The layers to name, but not what is inside the parts of these."""
    names = [name for name, _ in network.named_modules() if name and name.count(".") < 2]
    return f"Name one of its layers: {', '.join(names)}; or a part of one, as `named_modules` gives it."
