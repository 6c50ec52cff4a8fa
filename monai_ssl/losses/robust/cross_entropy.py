"""Cross-entropy, the loss that is not robust, with hard, soft and missing labels."""

from typing import Unpack

import torch
from torch import Tensor

from monai_ssl.losses.robust.likelihood import likelihood
from monai_ssl.losses.robust.settings import LabelLoss, Settings

__all__ = ["CrossEntropyLoss", "cross_entropy"]


def cross_entropy(logits: Tensor, target: Tensor, **settings: Unpack[Settings]) -> Tensor:
    """Cross-entropy ``-sum_k y_k log p_k``.

    It equals :func:`torch.nn.functional.cross_entropy` where that takes the same labels (but is 0, not NaN, where none
    is known), and the supervised loss :class:`~monai_ssl.losses.SupervisedLoss` of hard labels.

    Source: Semi-supervised Learning using Robust Loss, equation 1.

    Args:
        logits: ``(B, C, *spatial)``.
        target: the shape alone tells what it is. For ``"multiclass"``: ``(B, *spatial)`` or ``(B, 1, *spatial)`` are
            class indices, ``(B, C, *spatial)`` probabilities of the classes. For ``"multilabel"``:
            ``(B, C, *spatial)``, each in [0, 1]. NaN or negative where missing.
        settings: see :class:`~monai_ssl.losses.robust.settings.Settings`.

    Returns:
        A scalar, or ``(B, *spatial)`` for the reduction ``"none"``; 0 joined to the graph where no label is known.

    Raises:
        ValueError: when the shapes do not fit.
        InputError: for a setting that cannot be used.
    """
    judged = likelihood(logits, target, **settings)
    return judged.reduce(judged.expectation(torch.neg))


class CrossEntropyLoss(LabelLoss):
    """:func:`cross_entropy` as a module; see :class:`~monai_ssl.losses.robust.settings.LabelLoss` for its arguments."""

    def forward(self, logits: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the loss of ``logits`` against ``target``."""
        return cross_entropy(logits, target, **self.settings(mask))
