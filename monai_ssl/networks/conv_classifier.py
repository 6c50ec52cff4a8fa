"""The plain convolutional classifier: a Conv-Net, and what a discriminator judges with."""

from collections.abc import Sequence

from monai.networks.nets import Classifier
from torch import nn

from monai_ssl.errors import InputError

__all__ = ["conv_classifier"]


def conv_classifier(
    image_shape: Sequence[int], num_outputs: int, channels: Sequence[int] = (16, 32, 64, 128), dropout: float = 0.0
) -> nn.Module:
    """Make MONAI's ``Classifier`` of plain convolutions: a stride of 2 each, and a linear layer of all that is left.

    Instance normalization, which looks at each image by itself: real and predicted masks come in batches of their own,
    so that the statistics of a batch would tell them apart.

    Source: Partly Supervised Multitask Learning, section 4.2, "another convolutional network"; it gives no layers.

    Args:
        image_shape: ``(C, *spatial)``, 2D or 3D.
        num_outputs: logits an image.
        channels: of the convolutions.
        dropout: after each convolution.

    Raises:
        InputError: for an image of which the convolutions leave a single position, or a dropout that is no probability.
    """
    sides = list(image_shape[1:])
    reduction = 2 ** len(channels)
    if max(sides, default=0) <= reduction:
        raise InputError(
            f"Images of {sides} pixels are too small for {len(channels)} convolutions, which reduce each side by "
            f"{reduction}. Make one side larger than {reduction} pixels (`--image_size`), or give fewer `channels`."
        )
    if not 0 <= dropout < 1:
        raise InputError(f"The dropout is {dropout!r}. Give a probability from 0 to below 1.")
    return Classifier(
        tuple(image_shape),
        num_outputs,
        tuple(channels),
        (2,) * len(channels),
        num_res_units=0,
        act="leakyrelu",
        norm=("instance", {"affine": True}),
        dropout=dropout or None,
    )
