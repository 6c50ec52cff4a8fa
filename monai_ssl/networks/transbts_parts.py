"""What the convolutions of TransBTS are built of."""

from collections.abc import Sequence
from typing import Any

import torch
from monai.networks.blocks import Convolution, ResidualUnit, UpSample
from monai.networks.blocks.segresnet_block import ResBlock
from torch import Tensor, nn

__all__ = ["Doubling", "Norm", "make_encoder", "make_residual_unit"]

Norm = str | tuple[str, dict[str, Any]]
"""A normalization as MONAI names it: ``"batch"``, ``("group", {"num_groups": 8})``."""


def make_encoder(
    spatial_dims: int, in_channels: int, widths: Sequence[int], blocks: Sequence[int], dropout_rate: float, norm: Norm
) -> nn.ModuleList:
    """Make the stages of an encoder, each of which but the first halves the grid.

    Args:
        spatial_dims: 2 or 3.
        in_channels: channels of the image.
        widths: channels of each stage.
        blocks: residual blocks (norm, ReLU, convolution, twice) of each stage.
        dropout_rate: of whole channels after the first convolution.
        norm: normalization.
    """
    first = Convolution(
        spatial_dims, in_channels, widths[0], adn_ordering="D", dropout=dropout_rate, dropout_dim=spatial_dims
    )
    halving = [Convolution(spatial_dims, width // 2, width, strides=2, conv_only=True) for width in widths[1:]]
    return nn.ModuleList(
        nn.Sequential(entry, *[ResBlock(spatial_dims, width, norm) for _ in range(count)])
        for entry, width, count in zip([first, *halving], widths, blocks, strict=True)
    )


def make_residual_unit(spatial_dims: int, width: int, norm: Norm) -> ResidualUnit:
    """Make a shortcut around convolution, norm, ReLU, twice."""
    return ResidualUnit(spatial_dims, width, width, adn_ordering="NA", act="relu", norm=norm, bias=False)


class Doubling(nn.Module):
    """A stage of the decoder: double the grid, halve the channels and join the encoder's features of that size.

    Args:
        spatial_dims: 2 or 3.
        width: channels of the encoder's features and of the result.
        norm: normalization.
    """

    def __init__(self, spatial_dims: int, width: int, norm: Norm) -> None:
        super().__init__()
        self.up = nn.Sequential(
            Convolution(spatial_dims, 2 * width, width, kernel_size=1, conv_only=True),
            UpSample(spatial_dims, width, width, scale_factor=2, mode="deconv"),
        )
        self.join = Convolution(spatial_dims, 2 * width, width, kernel_size=1, conv_only=True)
        self.block = make_residual_unit(spatial_dims, width, norm)

    def forward(self, features: Tensor, skip: Tensor) -> Tensor:
        """Map features ``(B, 2 width, *grid)`` and the encoder's ``(B, width, *2 grid)`` to ``(B, width, *2 grid)``."""
        return self.block(self.join(torch.cat([skip, self.up(features)], dim=1)))
