"""What the robust losses have in common: log-probabilities, the expectation under the label, the reduction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Unpack

import torch
from torch import Tensor
from torch.nn import functional as F

from monai_ssl.losses.precision import at_least_float32
from monai_ssl.losses.robust.labels import Labels, read_labels, read_mask
from monai_ssl.losses.robust.settings import Reduction, Settings, check_settings
from monai_ssl.tasks import Task

__all__ = ["Likelihood", "likelihood"]


@dataclass(frozen=True)
class Likelihood:
    """Log-probabilities of L questions with K answers each, and the labels that they are judged by.

    Attributes:
        log_p: ``(B, L, K, *spatial)``, in float32 at least.
        labels: answers and where they are known.
        weight: ``(K,)`` of the answers, or None.
        share: how much a position counts in the mean, ``(B, *spatial)``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    """

    log_p: Tensor
    labels: Labels
    weight: Tensor | None
    share: Tensor
    reduction: Reduction

    def expectation(self, loss: Callable[[Tensor], Tensor]) -> Tensor:
        """Return ``sum_k y_k w_k loss(log p_k)``, ``(B, L, *spatial)``: of a hard label k that one term.

        Args:
            loss: of log-probabilities of any shape, element by element.
        """
        if not self.labels.soft:
            terms = loss(self.log_p.gather(2, self.labels.answers.unsqueeze(2)).squeeze(2))
            return terms if self.weight is None else terms * self.weight[self.labels.answers]
        return (self._weighted_answers() * loss(self.log_p)).sum(dim=2)

    def label_weight(self) -> Tensor | float:
        """Return the weight of a term that is of all answers, ``sum_k y_k w_k``; 1 without weights."""
        if self.weight is None:
            return 1.0
        return self._weighted_answers().sum(dim=2) if self.labels.soft else self.weight[self.labels.answers]

    def _weighted_answers(self) -> Tensor:
        if self.weight is None:
            return self.labels.answers
        return self.labels.answers * self.weight.view(-1, *(1,) * (self.log_p.ndim - 3))

    def reduce(self, terms: Tensor) -> Tensor:
        """Sum terms ``(B, L, *spatial)`` over the questions whose label is known, and reduce over the positions."""
        summed = torch.where(self.labels.known, terms, 0.0).sum(dim=1)
        if self.reduction == "none":
            return summed
        if self.reduction == "sum":
            return summed.sum()
        return summed.sum() / self.share.sum().clamp(min=torch.finfo(summed.dtype).tiny)


def likelihood(logits: Tensor, target: Tensor, **settings: Unpack[Settings]) -> Likelihood:
    """Bring logits and labels of either task into one form.

    ``log_softmax(logits)`` for ``"multiclass"``; ``(log sigmoid(-logits), log sigmoid(logits))`` for ``"multilabel"``.

    Args:
        logits: ``(B, C, *spatial)``.
        target: see :func:`~monai_ssl.losses.robust.labels.read_labels`.
        settings: see :class:`~monai_ssl.losses.robust.settings.Settings`.

    Raises:
        ValueError: when the shapes do not fit.
        InputError: for a setting that cannot be used.
    """
    check_settings(settings)
    task, mask, weight = settings.get("task", "multiclass"), settings.get("mask"), settings.get("weight")
    log_p = _log_probabilities(at_least_float32(logits), task)
    labels = read_labels(logits, target, task, settings.get("ignore_index", -100))
    if mask is not None:
        labels = labels._replace(known=labels.known & read_mask(logits, mask)[:, None])
    if weight is not None:
        if weight.shape != (logits.shape[1],):
            raise ValueError(
                f"`weight` {tuple(weight.shape)} must have one number for each of {logits.shape[1]} classes."
            )
        weight = weight.to(log_p)
    # Of hard labels alone the mean is the weighted one; torch's is the same.
    share = labels.known.any(dim=1).to(log_p.dtype)
    if weight is not None and not labels.soft:
        share = share * weight[labels.answers.squeeze(1)]
    smoothing = settings.get("label_smoothing", 0.0)
    if smoothing:
        labels = _smooth(labels, log_p.shape[2], smoothing, log_p.dtype)
    return Likelihood(log_p, labels, weight, share, settings.get("reduction", "mean"))


def _log_probabilities(logits: Tensor, task: Task) -> Tensor:
    if task == "multilabel":
        return torch.stack([F.logsigmoid(-logits), F.logsigmoid(logits)], dim=2)
    return logits.log_softmax(dim=1).unsqueeze(1)


def _smooth(labels: Labels, answers: int, smoothing: float, dtype: torch.dtype) -> Labels:
    soft = labels.answers if labels.soft else F.one_hot(labels.answers, answers).movedim(-1, 2).to(dtype)
    return labels._replace(answers=(1 - smoothing) * soft + smoothing / answers, soft=True)
