"""Training signal annealing: what is known already does not count until late."""

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from monai_ssl.losses.classification import class_indices, multiclass_cross_entropy
from monai_ssl.losses.precision import at_least_float32
from monai_ssl.losses.ramps import Ramp, Unit

__all__ = ["SignalThreshold", "annealed_cross_entropy"]

Schedule = Literal["log", "linear", "exp"]

_SCHEDULES: dict[str, Callable[[float, float], float]] = {
    "log": lambda t, k: 1.0 - math.exp(-k * t),
    "linear": lambda t, _: t,
    "exp": lambda t, k: math.exp(k * (t - 1.0)),
}


class SignalThreshold(Ramp):
    """The probability of its class above which a labeled image does not count, as a function of progress.

    ``eta = a(t) (1 - 1/n) + 1/n`` with ``t`` rising from 0 to 1 within ``length`` and

    - ``"log"``: ``a(t) = 1 - exp(-k t)``, for many labels: the threshold rises fast;
    - ``"linear"``: ``a(t) = t``;
    - ``"exp"``: ``a(t) = exp(k (t - 1))``, for few: what is known is let in late.

    After ``length`` it is 1, and every image counts.

    Source: Partly Supervised Multitask Learning, section 4.2, after UDA (Xie et al., 2019). The text prints ``1 -
    exp(-(s e + 1)/(E N)) (1 - 1/n) + 1/n``, without the bracket, so that it begins above 1/n and may exceed 1, and
    without the k = 5 of UDA (``scale=1`` is the text's: it ends at .75 for three classes). Its ``s e``, the step within
    the epoch times the epoch, falls back to 0 with each epoch; ours counts the steps so far.

    Args:
        num_classes: n.
        length: how long it rises, in ``unit``: the whole training.
        schedule: one of these.
        scale: k, above 0; the linear schedule has none.
        unit: ``"epoch"`` or ``"iteration"``.

    Raises:
        ValueError: for fewer than two classes, an unknown schedule, a ``scale`` or a ``length`` that is not positive.
    """

    def __init__(
        self, num_classes: int, length: float, schedule: Schedule = "log", scale: float = 5.0, unit: Unit = "epoch"
    ) -> None:
        super().__init__(1.0, length, unit=unit)
        if num_classes < 2:
            raise ValueError(f"`num_classes` must be at least 2, got {num_classes!r}.")
        if schedule not in _SCHEDULES:
            raise ValueError(f"`schedule` must be one of {tuple(_SCHEDULES)}, got {schedule!r}.")
        if not 0 < scale < math.inf:
            raise ValueError(f"`scale` must be positive and finite, got {scale!r}.")
        if not length > 0:
            raise ValueError(f"`length` must be positive, got {length!r}.")
        self.num_classes, self.schedule, self.scale = num_classes, schedule, scale

    def shape(self, fraction: float) -> float:
        """Return eta at ``fraction`` of the training."""
        least = 1.0 / self.num_classes
        return _SCHEDULES[self.schedule](fraction, self.scale) * (1.0 - least) + least


def annealed_cross_entropy(logits: Tensor, labels: Tensor, threshold: float) -> Tensor:
    """Cross-entropy of the softmax, averaged over the images whose class has a probability below ``threshold``.

    Images without a label do not count either. Where no image counts it is 0, still joined to the graph.

    Source: Partly Supervised Multitask Learning, equation 9 and section 4.2, after UDA (Xie et al., 2019).

    Args:
        logits: ``(B, C)``; there may be more classes than labels name, such as "the mask is predicted".
        labels: class index ``(B,)`` or ``(B, 1)``; NaN or negative where missing.
        threshold: eta; above 1 all images with a label count.

    Raises:
        ValueError: when the shapes do not fit.
    """
    labels, logits = class_indices(logits, labels), at_least_float32(logits)
    indices = torch.where(labels >= 0, labels, 0).long()  # of NaN, too
    p = logits.detach().softmax(dim=1).gather(1, indices[:, None])[:, 0]
    return multiclass_cross_entropy(logits, torch.where(p < threshold, labels, -1))
