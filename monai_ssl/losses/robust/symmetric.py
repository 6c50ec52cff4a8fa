"""Symmetric cross-entropy."""

import math
from typing import Unpack

import torch
from torch import Tensor

from monai_ssl.losses.robust.likelihood import likelihood
from monai_ssl.losses.robust.reverse import check_log_zero, reverse_terms
from monai_ssl.losses.robust.settings import LabelLoss, ModuleSettings, Settings, check_number
from monai_ssl.tasks import Task

__all__ = ["SymmetricCrossEntropyLoss", "symmetric_cross_entropy"]


def symmetric_cross_entropy(
    logits: Tensor, target: Tensor, alpha: float, gamma: float, log_zero: float = -4.0, **settings: Unpack[Settings]
) -> Tensor:
    """Symmetric cross-entropy ``alpha CE + gamma RCE``.

    See :func:`~monai_ssl.losses.cross_entropy` and :func:`~monai_ssl.losses.reverse_cross_entropy`. Unlike the other
    robust losses it has no bound, but for ``alpha = 0``: the less of cross-entropy, the more robust.

    Source: Semi-supervised Learning using Robust Loss, section 2.1, after Wang et al., ICCV 2019.

    Args:
        logits: ``(B, C, *spatial)``.
        target: hard, soft or multi-label, as for :func:`~monai_ssl.losses.cross_entropy`.
        alpha: at least 0; the text has 0.1 for pictures and 0.01 for brain tumors.
        gamma: at least 0, and above 0 if ``alpha`` is 0; the text has 0.01 for pictures and 1 for brain tumors.
        log_zero: what stands for the logarithm of 0, below 0.
        settings: see :class:`~monai_ssl.losses.robust.settings.Settings`.

    Raises:
        ValueError: when the shapes do not fit.
        InputError: for a parameter or a setting that cannot be used.
    """
    _check(alpha, gamma, log_zero)
    judged = likelihood(logits, target, **settings)
    terms = alpha * judged.expectation(torch.neg) + gamma * reverse_terms(judged, log_zero)
    return judged.reduce(terms)


def _check(alpha: float, gamma: float, log_zero: float) -> None:
    check_number("alpha", alpha, lambda value: 0 <= value < math.inf, "of at least 0")
    least = "of at least 0" if alpha else "above 0, since `alpha` is 0"
    check_number("gamma", gamma, lambda value: 0 <= value < math.inf and alpha + value > 0, least)
    check_log_zero(log_zero)


class SymmetricCrossEntropyLoss(LabelLoss):
    """:func:`symmetric_cross_entropy` as a module.

    Args:
        alpha: weight of cross-entropy, at least 0.
        gamma: weight of reverse cross-entropy, at least 0; not both are 0.
        log_zero: what stands for the logarithm of 0, below 0.
        task: ``"multiclass"`` or ``"multilabel"``.
        settings: see :class:`~monai_ssl.losses.robust.settings.LabelLoss`.

    Raises:
        InputError: for a value that cannot be used.
    """

    def __init__(
        self,
        alpha: float,
        gamma: float,
        log_zero: float = -4.0,
        task: Task = "multiclass",
        **settings: Unpack[ModuleSettings],
    ) -> None:
        super().__init__(task, **settings)
        _check(alpha, gamma, log_zero)
        self.alpha, self.gamma, self.log_zero = alpha, gamma, log_zero

    def forward(self, logits: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the loss of ``logits`` against ``target``."""
        return symmetric_cross_entropy(logits, target, self.alpha, self.gamma, self.log_zero, **self.settings(mask))
