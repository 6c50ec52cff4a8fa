"""TransBTS: an encoder and decoder of convolutions with a transformer between them."""

from collections.abc import Sequence
from math import prod

import torch
from monai.networks.blocks import Convolution
from monai.networks.layers import get_norm_layer
from torch import Tensor, nn

from monai_ssl.errors import InputError
from monai_ssl.networks.sides import check_sides
from monai_ssl.networks.transbts_parts import Doubling, Norm, make_encoder, make_residual_unit
from monai_ssl.networks.transformer import TransformerLayer

__all__ = ["TransBTS"]

_BLOCKS = (1, 2, 2, 4)
"""Residual blocks of each stage of the encoder."""

_REDUCTION = 2 ** (len(_BLOCKS) - 1)
"""Pixels a token stands for, along each axis."""


class TransBTS(nn.Module):
    """Segment pictures or volumes with local detail from convolutions and global context from a transformer.

    With f = ``init_filters``: an encoder of residual blocks (norm, ReLU, convolution, twice) with f, 2f, 4f and 8f
    channels, halving the grid between them; a 3x3x3 convolution to ``hidden_size``; each position of the grid (size /
    8) a token, to which a learned position is added; ``num_layers`` layers of a transformer; convolutions back to 8f
    channels; a decoder that doubles the grid three times by deconvolution, joins the encoder's features of that size,
    and ends in a 1x1x1 convolution to the classes. With the default arguments, 4 channels, 4 classes and 128^3 it has
    32.7 million parameters.

    Source: Wang et al., "TransBTS: Multimodal Brain Tumor Segmentation Using Transformer", MICCAI 2021, section 2,
    with its details (blocks a stage, order of normalization, dropout) from the authors' program. Where this departs:

    - It gives logits; the text's softmax is left to the loss and to what follows the network, as in MONAI.
    - The authors' program normalizes by groups in the encoder and by batches after it. Here ``norm`` is for both:
      the few volumes of a batch, labeled and unlabeled, make poor batch statistics.
    - The authors' program drops channels after the first convolution when evaluating too; here only in training.
    - The positions start from small random numbers, as in MONAI's ViT, not from zero.
    - Convolutions of residual blocks and before a normalization have no bias, and two layers of the authors' program
      that nothing reads (0.26 million of the published 32.99 million parameters) are left out.
    - 2D too, any number of channels and classes, sides that differ.

    Args:
        spatial_dims: 2 or 3.
        in_channels: channels (modalities) of the image.
        out_channels: classes, or regions.
        img_size: sides of each image in pixels, multiples of 8; one number stands for all sides. The learned positions
            fix it: larger images go through in sliding windows of this size.
        init_filters: channels after the first convolution; with the default ``norm`` a multiple of 8.
        hidden_size: size of a token.
        mlp_dim: width of the transformer's perceptrons.
        num_layers: layers of the transformer.
        num_heads: heads of its attention.
        dropout_rate: of the transformer and of the tokens that enter it.
        conv_dropout_rate: of whole channels after the first convolution.
        norm: normalization of the convolutions' features, as MONAI names them.

    Raises:
        InputError: when ``img_size`` is not made of multiples of 8.
        ValueError: when another argument is out of range.
    """

    def __init__(
        self,
        spatial_dims: int,
        in_channels: int,
        out_channels: int,
        img_size: Sequence[int] | int,
        init_filters: int = 16,
        hidden_size: int = 512,
        mlp_dim: int = 4096,
        num_layers: int = 4,
        num_heads: int = 8,
        dropout_rate: float = 0.1,
        conv_dropout_rate: float = 0.2,
        norm: Norm = ("group", {"num_groups": 8}),
    ) -> None:
        super().__init__()
        if spatial_dims not in (2, 3):
            raise ValueError(f"`spatial_dims` must be 2 or 3, got {spatial_dims!r}.")
        counts = (in_channels, out_channels, init_filters, num_layers)
        for name, count in zip(("in_channels", "out_channels", "init_filters", "num_layers"), counts, strict=True):
            if count < 1:
                raise ValueError(f"`{name}` must be positive, got {count!r}.")
        if not 0 <= conv_dropout_rate < 1:
            raise ValueError(f"`conv_dropout_rate` must be in [0, 1), got {conv_dropout_rate!r}.")
        self.img_size = check_sides("The image size of TransBTS", img_size, (_REDUCTION,) * spatial_dims)
        widths = [init_filters * 2**level for level in range(len(_BLOCKS))]
        self.encoder = make_encoder(spatial_dims, in_channels, widths, _BLOCKS, conv_dropout_rate, norm)
        self.to_tokens = nn.Sequential(
            get_norm_layer(norm, spatial_dims, widths[-1]),
            nn.ReLU(),
            Convolution(spatial_dims, widths[-1], hidden_size, conv_only=True),
        )
        num_tokens = prod(self.img_size) // _REDUCTION**spatial_dims
        self.position = nn.Parameter(nn.init.trunc_normal_(torch.empty(1, num_tokens, hidden_size), std=0.02))
        self.dropout = nn.Dropout(dropout_rate)
        self.transformer = nn.Sequential(
            *[TransformerLayer(hidden_size, mlp_dim, num_heads, dropout_rate) for _ in range(num_layers)]
        )
        self.from_tokens = nn.Sequential(
            Convolution(spatial_dims, hidden_size, widths[-1], adn_ordering="NA", act="relu", norm=norm, bias=False),
            Convolution(spatial_dims, widths[-1], widths[-1], adn_ordering="NA", act="relu", norm=norm, bias=False),
            make_residual_unit(spatial_dims, widths[-1], norm),
        )
        self.decoder = nn.ModuleList(Doubling(spatial_dims, width, norm) for width in reversed(widths[:-1]))
        self.head = Convolution(spatial_dims, init_filters, out_channels, kernel_size=1, conv_only=True)

    def forward(self, image: Tensor) -> Tensor:
        """Map images ``(B, in_channels, *img_size)`` to logits ``(B, out_channels, *img_size)``.

        Raises:
            InputError: for images of another size.
        """
        if list(image.shape[2:]) != list(self.img_size):
            raise InputError(
                f"TransBTS takes images of {list(self.img_size)} pixels, got {list(image.shape[2:])}. Crop, pad or "
                "slide windows to that size, or make the network with another `img_size`."
            )
        features = image
        skips: list[Tensor] = []
        for stage in self.encoder:
            features = stage(features)
            skips.append(features)
        grid = self.to_tokens(features)
        tokens = self.transformer(self.dropout(grid.flatten(2).transpose(1, 2) + self.position))
        features = self.from_tokens(tokens.transpose(1, 2).reshape_as(grid))
        for level, doubling in enumerate(self.decoder):
            features = doubling(features, skips[-2 - level])
        return self.head(features)
