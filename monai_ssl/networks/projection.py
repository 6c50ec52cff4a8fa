"""The projection head of contrastive learning."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

__all__ = ["ProjectionHead"]


class ProjectionHead(nn.Module):
    """Fully connected layers with ReLU between them, from features to the space in which they are contrasted.

    Source: SRCL, section 4.1: "a series of three fully-connected layers of sizes 100, 50, and finally 25". It is used
    while training and no part of the deployed network.

    Args:
        in_features: number of features, see :func:`monai_ssl.networks.count_features`.
        sizes: outputs of each layer.

    Raises:
        ValueError: when a size is below 1, or there is no layer.
    """

    def __init__(self, in_features: int, sizes: Sequence[int] = (100, 50, 25)) -> None:
        super().__init__()
        widths = [in_features, *sizes]
        if len(widths) < 2 or min(widths) < 1:
            raise ValueError(f"`in_features` and `sizes` must be positive, got {in_features!r} and {tuple(sizes)!r}.")
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, features: Tensor) -> Tensor:
        """Map features ``(B, in_features)`` to projections ``(B, sizes[-1])``, not normalised."""
        return self.layers(features)
