"""The squared error of probabilities, as a supervised loss."""

import torch
from torch import Tensor, nn

from monai_ssl.losses.classification import class_indices, one_hot
from monai_ssl.losses.consistency import probabilities
from monai_ssl.losses.precision import at_least_float32
from monai_ssl.tasks import Task, check_task

__all__ = ["BrierLoss", "brier_loss"]


def brier_loss(logits: Tensor, labels: Tensor, task: Task) -> Tensor:
    """Squared difference of probabilities and labels, summed over classes, averaged over images and positions.

    ``L = mean_i sum_c (p_ic - y_ic)^2`` with ``p = softmax(logits)`` and y one-hot for ``"multiclass"``, and
    ``p = sigmoid(logits)`` for ``"multilabel"``. Missing labels add nothing, and images (or positions) without any
    label do not count in the mean, as in :func:`~monai_ssl.losses.multilabel_cross_entropy`; with all labels it is C
    times the mean over all numbers. It is worked out in float32 at least.

    Source: SRCL, equation 3, "the mean squared error loss used for standard supervision".

    Args:
        logits: ``(B, C, *spatial)``.
        labels: for ``"multilabel"`` ``(B, C, *spatial)`` in {0, 1}, for ``"multiclass"`` class indices
            ``(B, *spatial)`` or ``(B, 1, *spatial)``; NaN or negative where missing.
        task: which form the labels have.

    Raises:
        ValueError: when the shapes do not fit.
    """
    predicted = probabilities(at_least_float32(logits), task)
    if task == "multiclass":
        labels = one_hot(class_indices(logits, labels), logits.shape[1])
    if predicted.shape != labels.shape:
        raise ValueError(f"logits {tuple(logits.shape)} and labels {tuple(labels.shape)} must have the same shape.")
    known = labels >= 0  # False for NaN too
    terms = torch.where(known, predicted - torch.where(known, labels, 0).to(predicted.dtype), 0.0).square()
    return terms.sum() / known.any(dim=1).sum().clamp(min=1)


class BrierLoss(nn.Module):
    """:func:`brier_loss` as a method's ``supervised_loss``.

    Args:
        task: ``"multilabel"`` or ``"multiclass"``.

    Raises:
        ValueError: for an unknown task.
    """

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.task = check_task(task)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the scalar loss of ``logits`` against ``labels``."""
        return brier_loss(logits, labels, self.task)
