"""The supervised loss of every method, with missing labels masked out."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from monai_ssl.tasks import Task, check_task

__all__ = ["SupervisedLoss", "class_indices", "multiclass_cross_entropy", "multilabel_cross_entropy", "one_hot"]


def multilabel_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy summed over the labels, averaged over images and positions.

    ``L = mean_i sum_c -[y_ic log p_ic + (1 - y_ic) log(1 - p_ic)]`` with ``p = sigmoid(logits)``. Labels that are NaN
    or negative are missing: they add nothing. Images (or positions) without any label do not count in the mean; a
    batch without any label gives 0, still joined to the graph.

    Source: NoTeacher, section 2, "sum of binary cross-entropy losses, one per label".

    Args:
        logits: ``(B, C, *spatial)``.
        labels: ``(B, C, *spatial)`` in {0, 1}, or NaN or negative where missing.

    Raises:
        ValueError: when the shapes differ.
    """
    if logits.shape != labels.shape:
        raise ValueError(f"logits {tuple(logits.shape)} and labels {tuple(labels.shape)} must have the same shape.")
    known = labels >= 0  # False for NaN too
    targets = torch.where(known, labels, 0).to(logits.dtype)
    terms = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    summed = torch.where(known, terms, 0.0).sum(dim=1)
    return summed.sum() / known.any(dim=1).sum().clamp(min=1)


def multiclass_cross_entropy(logits: Tensor, labels: Tensor, class_weights: Tensor | None = None) -> Tensor:
    """Cross-entropy of the softmax, averaged over the images and positions that have a label.

    Args:
        logits: ``(B, C, *spatial)``.
        labels: class index ``(B, *spatial)`` or ``(B, 1, *spatial)``; NaN or negative where missing.
        class_weights: ``(C,)``; the mean is then the weighted one, as in :func:`torch.nn.functional.cross_entropy`.

    Raises:
        ValueError: when the shapes do not fit.
    """
    labels = class_indices(logits, labels)
    known = labels >= 0
    targets = torch.where(known, labels, -1).long()
    terms = F.cross_entropy(logits, targets, weight=class_weights, ignore_index=-1, reduction="none")
    if class_weights is None:
        return terms.sum() / known.sum().clamp(min=1)
    weights = torch.where(known, class_weights[targets.clamp(min=0)], 0.0)
    return terms.sum() / weights.sum().clamp(min=torch.finfo(weights.dtype).tiny)


def class_indices(logits: Tensor, labels: Tensor) -> Tensor:
    """Return class indices ``(B, *spatial)``, without the axis that they may have for the class.

    Args:
        logits: ``(B, C, *spatial)``.
        labels: ``(B, *spatial)`` or ``(B, 1, *spatial)``.

    Raises:
        ValueError: when the shapes do not fit.
    """
    if labels.ndim == logits.ndim and labels.shape[1] == 1:
        labels = labels.squeeze(1)
    if logits.shape[:1] + logits.shape[2:] != labels.shape:
        raise ValueError(f"logits {tuple(logits.shape)} and class indices {tuple(labels.shape)} do not fit.")
    return labels


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """Return class indices ``(B, *spatial)`` as ``(B, C, *spatial)`` of 0 and 1, all -1 where the index is missing."""
    known = labels >= 0
    indices = torch.where(known, labels, 0).long()
    one_hot = F.one_hot(indices, classes).movedim(-1, 1)
    return torch.where(known.unsqueeze(1), one_hot, -1)


class SupervisedLoss(nn.Module):
    """:func:`multilabel_cross_entropy` or :func:`multiclass_cross_entropy`, by task.

    Args:
        task: ``"multilabel"`` or ``"multiclass"``; dense labels (segmentation) are one of the two at each position.
        class_weights: one weight a class, for ``"multiclass"`` only.

    Raises:
        ValueError: for an unknown task, or class weights with ``"multilabel"``.
    """

    class_weights: Tensor | None

    def __init__(self, task: Task, class_weights: list[float] | None = None) -> None:
        super().__init__()
        self.task = check_task(task)
        if class_weights is not None and task != "multiclass":
            raise ValueError("`class_weights` are for the task 'multiclass' only.")
        # Not in the state: a weight of the loss is a setting, and checkpoints hold what was learnt.
        weights = None if class_weights is None else torch.as_tensor(class_weights, dtype=torch.float32)
        self.register_buffer("class_weights", weights, persistent=False)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the scalar loss of ``logits`` against ``labels``."""
        if self.task == "multilabel":
            return multilabel_cross_entropy(logits, labels)
        return multiclass_cross_entropy(logits, labels, self.class_weights)
