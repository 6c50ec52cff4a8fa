"""Beta cross-entropy."""

import math
from typing import Unpack

import torch
from torch import Tensor

from monai_ssl.losses.robust.likelihood import likelihood
from monai_ssl.losses.robust.settings import LabelLoss, ModuleSettings, Settings, check_number
from monai_ssl.tasks import Task

__all__ = ["BetaCrossEntropyLoss", "beta_cross_entropy"]


def beta_cross_entropy(logits: Tensor, target: Tensor, beta: float, **settings: Unpack[Settings]) -> Tensor:
    """Beta cross-entropy ``(beta + 1) / beta (1 - p_y^beta) + sum_k p_k^(beta + 1)``.

    Of a soft label it is the expectation under the label. For beta -> 0 it is cross-entropy plus 1. For each
    question it lies in [1, 2 + 1 / beta]; it is least for ``p = y``, and up to a constant the beta-divergence of label
    and prediction. That it does not begin at 0 is left as the text has it: gradients do not see it.

    Source: Semi-supervised Learning using Robust Loss, equation 3, after Basu et al., Biometrika 85(3), 1998. The text
    prints ``(1 - p_y)^beta``, which has not the limit that it states: the power is of the probability.

    Args:
        logits: ``(B, C, *spatial)``.
        target: hard, soft or multi-label, as for :func:`~monai_ssl.losses.cross_entropy`.
        beta: above 0; the text has 5 for pictures and 0.001 for brain tumors.
        settings: see :class:`~monai_ssl.losses.robust.settings.Settings`. With ``weight`` the second term, too,
            has the weight of the label.

    Raises:
        ValueError: when the shapes do not fit.
        InputError: for a value of ``beta`` or a setting that cannot be used.
    """
    _check(beta)
    judged = likelihood(logits, target, **settings)
    of_label = judged.expectation(lambda log_p: -(beta + 1) / beta * torch.expm1(beta * log_p))
    of_all = ((beta + 1) * judged.log_p).exp().sum(dim=2)
    return judged.reduce(of_label + judged.label_weight() * of_all)


def _check(beta: float) -> float:
    return check_number("beta", beta, lambda value: 0 < value < math.inf, "above 0")


class BetaCrossEntropyLoss(LabelLoss):
    """:func:`beta_cross_entropy` as a module.

    Args:
        beta: above 0.
        task: ``"multiclass"`` or ``"multilabel"``.
        settings: see :class:`~monai_ssl.losses.robust.settings.LabelLoss`.

    Raises:
        InputError: for a value that cannot be used.
    """

    def __init__(self, beta: float, task: Task = "multiclass", **settings: Unpack[ModuleSettings]) -> None:
        super().__init__(task, **settings)
        self.beta = _check(beta)

    def forward(self, logits: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the loss of ``logits`` against ``target``."""
        return beta_cross_entropy(logits, target, self.beta, **self.settings(mask))
