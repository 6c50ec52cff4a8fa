"""Reverse cross-entropy: the cross-entropy with prediction and label exchanged."""

import math
from typing import Unpack

import torch
from torch import Tensor

from monai_ssl.losses.robust.likelihood import Likelihood, likelihood
from monai_ssl.losses.robust.settings import LabelLoss, ModuleSettings, Settings, check_number
from monai_ssl.tasks import Task

__all__ = ["ReverseCrossEntropyLoss", "check_log_zero", "reverse_cross_entropy", "reverse_terms"]


def reverse_cross_entropy(
    logits: Tensor, target: Tensor, log_zero: float = -4.0, **settings: Unpack[Settings]
) -> Tensor:
    """Reverse cross-entropy ``-sum_k p_k log y_k``, with ``log y_k`` not below ``log_zero``.

    Of a hard label it is ``-log_zero (1 - p_y)``; for ``log_zero = -2`` that is the absolute difference of p and the
    one-hot label, summed over the classes.

    Source: Semi-supervised Learning using Robust Loss, equation 4, after Wang et al., ICCV 2019. That text states a
    ``log_zero`` of -4; the clip at 1e-4 in its code amounts to -9.21.

    Args:
        logits: ``(B, C, *spatial)``.
        target: hard, soft or multi-label, as for :func:`~monai_ssl.losses.cross_entropy`.
        log_zero: what stands for the logarithm of 0 (and of anything below its exponential), below 0.
        settings: see :class:`~monai_ssl.losses.robust.settings.Settings`.

    Raises:
        ValueError: when the shapes do not fit.
        InputError: for a value of ``log_zero`` or a setting that cannot be used.
    """
    check_log_zero(log_zero)
    judged = likelihood(logits, target, **settings)
    return judged.reduce(reverse_terms(judged, log_zero))


def reverse_terms(judged: Likelihood, log_zero: float) -> Tensor:
    """Return the loss of each question, ``(B, L, *spatial)``."""
    if judged.labels.soft:
        log_y = judged.labels.answers.log().clamp(min=log_zero)
        return -judged.label_weight() * (judged.log_p.exp() * log_y).sum(dim=2)
    return judged.expectation(lambda log_p: log_zero * torch.expm1(log_p))


def check_log_zero(log_zero: float) -> float:
    """Give ``log_zero`` back, if it is below 0.

    Raises:
        InputError: if not.
    """
    return check_number("log_zero", log_zero, lambda value: -math.inf < value < 0, "below 0")


class ReverseCrossEntropyLoss(LabelLoss):
    """:func:`reverse_cross_entropy` as a module.

    Args:
        log_zero: what stands for the logarithm of 0, below 0.
        task: ``"multiclass"`` or ``"multilabel"``.
        settings: see :class:`~monai_ssl.losses.robust.settings.LabelLoss`.

    Raises:
        InputError: for a value that cannot be used.
    """

    def __init__(self, log_zero: float = -4.0, task: Task = "multiclass", **settings: Unpack[ModuleSettings]) -> None:
        super().__init__(task, **settings)
        self.log_zero = check_log_zero(log_zero)

    def forward(self, logits: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the loss of ``logits`` against ``target``."""
        return reverse_cross_entropy(logits, target, self.log_zero, **self.settings(mask))
