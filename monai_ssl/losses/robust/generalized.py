"""Generalized cross-entropy."""

from typing import Unpack

import torch
from torch import Tensor

from monai_ssl.losses.robust.likelihood import likelihood
from monai_ssl.losses.robust.settings import LabelLoss, ModuleSettings, Settings, check_number
from monai_ssl.tasks import Task

__all__ = ["GeneralizedCrossEntropyLoss", "generalized_cross_entropy"]


def generalized_cross_entropy(logits: Tensor, target: Tensor, q: float = 0.7, **settings: Unpack[Settings]) -> Tensor:
    """Generalized cross-entropy ``(1 - p_y^q) / q``, between cross-entropy (q -> 0) and ``1 - p_y`` (q = 1).

    Of a soft label it is the expectation under the label. It lies in [0, 1 / q]: a label that the network is sure to be
    wrong has next to no gradient. It is worked out from the log-probability, so that it is exact for small q, too.

    Source: Semi-supervised Learning using Robust Loss, equation 2, after Zhang and Sabuncu, NeurIPS 2018. The text
    prints ``(1 - p_y)^q / q``, which has not the limits that it states: the power is of the probability.

    Args:
        logits: ``(B, C, *spatial)``.
        target: hard, soft or multi-label, as for :func:`~monai_ssl.losses.cross_entropy`.
        q: above 0 and at most 1; the text has 0.9 for pictures and 0.7 for brain tumors.
        settings: see :class:`~monai_ssl.losses.robust.settings.Settings`.

    Raises:
        ValueError: when the shapes do not fit.
        InputError: for a value of ``q`` or a setting that cannot be used.
    """
    _check(q)
    judged = likelihood(logits, target, **settings)
    return judged.reduce(judged.expectation(lambda log_p: -torch.expm1(q * log_p) / q))


def _check(q: float) -> float:
    return check_number("q", q, lambda value: 0 < value <= 1, "above 0 and at most 1")


class GeneralizedCrossEntropyLoss(LabelLoss):
    """:func:`generalized_cross_entropy` as a module.

    Args:
        q: above 0 and at most 1.
        task: ``"multiclass"`` or ``"multilabel"``.
        settings: see :class:`~monai_ssl.losses.robust.settings.LabelLoss`.

    Raises:
        InputError: for a value that cannot be used.
    """

    def __init__(self, q: float = 0.7, task: Task = "multiclass", **settings: Unpack[ModuleSettings]) -> None:
        super().__init__(task, **settings)
        self.q = _check(q)

    def forward(self, logits: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the loss of ``logits`` against ``target``."""
        return generalized_cross_entropy(logits, target, self.q, **self.settings(mask))
