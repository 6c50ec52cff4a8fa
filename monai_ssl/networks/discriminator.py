"""A discriminator of masks that diagnoses, too."""

import torch
from torch import Tensor, nn

from monai_ssl.errors import InputError

__all__ = ["ClassDiscriminator"]


class ClassDiscriminator(nn.Module):
    """Diagnose an image from its mask, see through predicted masks, and tell surrogate transforms apart.

    Any classifier serves: its first n + 1 logits are the classes and "the mask is predicted", the m others those of the
    surrogate transforms. With m = 0 both questions share one softmax, as the text writes it: the first classes stand
    for the transforms, too.

    Source: Partly Supervised Multitask Learning, section 3.2.

    Args:
        network: maps ``(B, C + K, *spatial)``, an image and its mask, to ``n + 1 + m`` logits.
        num_classes: n.
        num_surrogates: m.

    Raises:
        ValueError: for fewer than two classes or a negative number.
    """

    def __init__(self, network: nn.Module, num_classes: int, num_surrogates: int = 0) -> None:
        super().__init__()
        if num_classes < 2 or num_surrogates < 0:
            raise ValueError(f"At least 2 classes and 0 surrogates are needed, got {num_classes} and {num_surrogates}.")
        self.network, self.num_classes, self.num_surrogates = network, num_classes, num_surrogates

    @property
    def surrogate_capacity(self) -> int:
        """How many surrogate transforms it can tell apart."""
        return self.num_surrogates or self.num_classes

    def forward(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of the classes ``(B, n + 1)`` and of the surrogate transforms ``(B, m)``.

        The second are the first with m = 0.

        Args:
            image: ``(B, C, *spatial)``.
            mask: probabilities ``(B, K, *spatial)``.

        Raises:
            InputError: when the network gives another number of logits.
        """
        logits = self.network(torch.cat((image, mask.to(image.dtype)), dim=1))
        expected = self.num_classes + 1 + self.num_surrogates
        if logits.shape[1:] != (expected,):
            raise InputError(
                f"The discriminator needs {expected} logits an image: {self.num_classes} classes, one for predicted "
                f"masks, and {self.num_surrogates} surrogate transforms; {type(self.network).__name__} gives "
                f"{tuple(logits.shape[1:])}."
            )
        diagnosis, surrogate = logits.split([self.num_classes + 1, self.num_surrogates], dim=1)
        return diagnosis, surrogate if self.num_surrogates else diagnosis

    def extra_repr(self) -> str:
        """Return the numbers of logits, for the printed module."""
        return f"num_classes={self.num_classes}, num_surrogates={self.num_surrogates}"
