"""How uncertain a model is of an image, by what its method trains anyway."""

import math

import torch
from torch import Tensor

from monai_ssl.tasks import Task

__all__ = ["disagreement", "entropy"]


def entropy(probabilities: Tensor, task: Task) -> float:
    """The entropy of a prediction, as a fraction of the largest there can be; the mean over positions.

    ``H = -sum_c p_c log p_c / log C`` for multi-class predictions, and the mean over classes of
    ``-(p log p + (1 - p) log(1 - p)) / log 2`` for multi-label ones.

    Args:
        probabilities: ``(C, *spatial)``.
        task: ``"multiclass"`` or ``"multilabel"``.
    """
    p = probabilities.double()
    if task == "multilabel":
        return float(-(torch.xlogy(p, p) + torch.xlogy(1 - p, 1 - p)).mean() / math.log(2))
    return float(-torch.xlogy(p, p).sum(dim=0).mean() / math.log(max(len(p), 2)))


def disagreement(first: Tensor, second: Tensor) -> float:
    """How much two networks disagree: half the squared difference of their probabilities, summed over classes.

    It is the consistency that the methods train with (:func:`~monai_ssl.losses.consistency_mse`); the half makes 1 of
    two certain multi-class predictions that differ. For several classes at once the sum may be larger.

    Args:
        first: probabilities ``(C, *spatial)``.
        second: the same shape.
    """
    return float((first.double() - second.double()).square().sum(dim=0).mean() / 2)
