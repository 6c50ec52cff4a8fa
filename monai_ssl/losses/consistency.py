"""Agreement of two networks' probabilities."""

from torch import Tensor

from monai_ssl.losses.precision import at_least_float32
from monai_ssl.tasks import Task, check_task

__all__ = ["consistency_mse", "probabilities"]


def probabilities(logits: Tensor, task: Task) -> Tensor:
    """Return ``sigmoid(logits)`` for ``"multilabel"``, ``softmax(logits)`` over axis 1 for ``"multiclass"``."""
    check_task(task)
    return logits.sigmoid() if task == "multilabel" else logits.softmax(dim=1)


def consistency_mse(logits_1: Tensor, logits_2: Tensor, task: Task) -> Tensor:
    """Squared difference of the probabilities, summed over classes, averaged over images and positions.

    ``MSE(p1, p2) = mean_i sum_c (p1_ic - p2_ic)^2``. It is reduced like the supervised loss, so that the ratio of their
    weights does not depend on the number of classes. Gradient flows to both arguments: detach the one that is a target.
    It is worked out in float32 whatever the logits' type, because small differences vanish in half precision.

    Source: NoTeacher, equations 1 and 4.

    Args:
        logits_1: ``(B, C, *spatial)``.
        logits_2: the same shape.
        task: which probabilities the logits stand for.

    Raises:
        ValueError: when the shapes differ or the task is unknown.
    """
    if logits_1.shape != logits_2.shape:
        raise ValueError(f"logits {tuple(logits_1.shape)} and {tuple(logits_2.shape)} must have the same shape.")
    difference = probabilities(at_least_float32(logits_1), task) - probabilities(at_least_float32(logits_2), task)
    return difference.square().sum(dim=1).mean()
