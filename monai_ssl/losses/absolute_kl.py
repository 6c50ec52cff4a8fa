"""How unlike the masks of unlabeled images are to true masks of other images."""

import torch
from torch import Tensor, nn

from monai_ssl.losses.consistency import probabilities
from monai_ssl.losses.precision import at_least_float32
from monai_ssl.tasks import Task, check_task

__all__ = ["AbsoluteKLLoss", "absolute_kl"]


def absolute_kl(logits: Tensor, targets: Tensor, task: Task, epsilon: float = 1e-6) -> Tensor:
    """Absolute Kullback-Leibler divergence of two masks, summed over the outcomes, averaged over images and positions.

    ``L = mean_i sum_k |(y_ik - p_ik) log(y_ik / p_ik)|``, y and p clamped to ``[epsilon, 1 - epsilon]``. The outcomes k
    of ``"multiclass"`` are the classes; those of ``"multilabel"`` are yes and no for each channel: a mask with one has
    two outcomes at each position, and the loss is 0 only where they agree. No term is below 0 (both factors have the
    sign of ``y - p``). It is worked out in float32 at least.

    Source: Partly Supervised Multitask Learning, equation 6, which sums over the positions: the mean does not depend on
    the image's size.

    Args:
        logits: ``(B, K, *spatial)``.
        targets: probabilities or 0 and 1, the same shape.
        task: which probabilities the logits stand for.
        epsilon: in (0, 0.5), called e; a certain mistake gives ``2 (1 - 2e) log((1 - e) / e)``, 28 by default.

    Raises:
        ValueError: when the shapes differ, for an unknown task, an ``epsilon`` out of range, and for ``"multiclass"``
            with one channel, whose softmax is 1 everywhere.
    """
    if logits.shape != targets.shape:
        raise ValueError(f"logits {tuple(logits.shape)} and targets {tuple(targets.shape)} must have the same shape.")
    if not 0 < epsilon < 0.5:
        raise ValueError(f"`epsilon` must be between 0 and 0.5, got {epsilon!r}.")
    p = probabilities(at_least_float32(logits), task)
    y = targets.to(p)
    if task == "multilabel":
        p, y = torch.cat((p, 1 - p), dim=1), torch.cat((y, 1 - y), dim=1)
    elif logits.shape[1] == 1:
        raise ValueError("One channel has no softmax to compare. Use the task 'multilabel', or two channels.")
    p, y = p.clamp(epsilon, 1 - epsilon), y.clamp(epsilon, 1 - epsilon)
    return ((y - p) * (y / p).log()).abs().sum(dim=1).mean()


class AbsoluteKLLoss(nn.Module):
    """:func:`absolute_kl` as a module.

    Args:
        task: ``"multilabel"`` or ``"multiclass"``.
        epsilon: see :func:`absolute_kl`.

    Raises:
        ValueError: for an unknown task or an ``epsilon`` out of range.
    """

    def __init__(self, task: Task, epsilon: float = 1e-6) -> None:
        super().__init__()
        self.task = check_task(task)
        if not 0 < epsilon < 0.5:
            raise ValueError(f"`epsilon` must be between 0 and 0.5, got {epsilon!r}.")
        self.epsilon = epsilon

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the scalar loss of ``logits`` against ``targets``."""
        return absolute_kl(logits, targets, self.task, self.epsilon)
