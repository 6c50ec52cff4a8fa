"""Labels of any kind in one form: questions with several answers, of which some are known."""

from typing import NamedTuple

import torch
from torch import Tensor

from monai_ssl.errors import InputError
from monai_ssl.losses.classification import class_indices
from monai_ssl.tasks import Task

__all__ = ["Labels", "read_labels", "read_mask"]


class Labels(NamedTuple):
    """The labels of a batch.

    Attributes:
        answers: hard: the answer's number, int64 ``(B, L, *spatial)``; soft: the probability of each of K answers,
            ``(B, L, K, *spatial)``. For multi-class there is L = 1 question with K = C answers, for multi-label L = C
            questions with the two answers no and yes. 0 where missing.
        known: where there is a label, ``(B, L, *spatial)``.
        soft: which of the two.
    """

    answers: Tensor
    known: Tensor
    soft: bool


def read_labels(logits: Tensor, target: Tensor, task: Task, ignore_index: int) -> Labels:
    """Bring labels into one form.

    The shape alone tells hard from soft labels, never type or values: for ``"multiclass"`` ``(B, *spatial)`` and
    ``(B, 1, *spatial)`` are class indices, ``(B, C, *spatial)`` are probabilities.

    Args:
        logits: ``(B, C, *spatial)``.
        target: as above; for ``"multilabel"`` ``(B, C, *spatial)`` in [0, 1]. NaN or negative where missing: of
            probabilities of classes one such value makes the position missing.
        task: ``"multilabel"`` or ``"multiclass"``.
        ignore_index: the value of hard or multi-label labels that are missing, too.

    Raises:
        ValueError: when the shapes do not fit, or there are soft labels of classes and an ``ignore_index`` of at least
            0, which they cannot have.
        InputError: for ``"multiclass"`` with one class, whose probability is always 1.
    """
    if task == "multilabel":
        if logits.shape != target.shape:
            raise ValueError(f"logits {tuple(logits.shape)} and labels {tuple(target.shape)} must have the same shape.")
        known = _is_known(target, ignore_index)
        yes = torch.where(known, target, 0).to(_float_type(logits))
        return Labels(torch.stack([1 - yes, yes], dim=2), known, soft=True)
    classes = logits.shape[1]
    if classes < 2:
        raise InputError(
            "The softmax of one class is always 1. Use the task 'multilabel', or give every class a logit."
        )
    if target.shape == logits.shape:
        if ignore_index >= 0:
            raise ValueError(f"Labels {tuple(target.shape)} are probabilities, which have no `ignore_index`.")
        known = (target >= 0).all(dim=1)  # False for NaN too
        probabilities = torch.where(known[:, None], target, 0).to(_float_type(logits))
        return Labels(probabilities[:, None], known[:, None], soft=True)
    indices = class_indices(logits, target)
    known = _is_known(indices, ignore_index)
    return Labels(torch.where(known, indices, 0).long()[:, None], known[:, None], soft=False)


def _is_known(target: Tensor, ignore_index: int) -> Tensor:
    known = target >= 0  # False for NaN too
    # Negative ones are missing already, and compared with bytes -100 would be 156.
    return known & (target != ignore_index) if ignore_index >= 0 else known


def _float_type(logits: Tensor) -> torch.dtype:
    return torch.promote_types(logits.dtype, torch.float32)


def read_mask(logits: Tensor, mask: Tensor) -> Tensor:
    """Return a mask as booleans that broadcast to ``(B, *spatial)``.

    Args:
        logits: ``(B, C, *spatial)``.
        mask: true or above 0 where a position counts: ``(B,)``, or ``(B, *spatial)`` or ``(B, 1, *spatial)``, where any
            axis may be 1.

    Raises:
        ValueError: when the shapes do not fit.
    """
    positions = logits.shape[:1] + logits.shape[2:]
    shape = mask.shape
    if mask.ndim == 1:
        shape = shape + (1,) * (len(positions) - 1)
    elif mask.ndim == logits.ndim and shape[1] == 1:
        shape = shape[:1] + shape[2:]
    fits = len(shape) == len(positions) and all(size in (1, full) for size, full in zip(shape, positions, strict=True))
    if not fits:
        raise ValueError(f"logits {tuple(logits.shape)} and mask {tuple(mask.shape)} do not fit.")
    return mask.reshape(shape) > 0
