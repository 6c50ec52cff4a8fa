"""What a teacher gives must be probabilities, one channel for each of its outputs."""

import torch
from monai.utils import convert_to_tensor
from torch import Tensor

from monai_ssl.errors import InputError
from monai_ssl.tasks import Task

__all__ = ["check_probabilities", "decided_probabilities"]

# Interpolation and half precision leave sums that are not quite 1.
_ROUNDING = 0.02


def check_probabilities(probabilities: Tensor, outputs: int, task: Task, name: str) -> Tensor:
    """Check the probabilities of an image.

    Args:
        probabilities: (K, *spatial).
        outputs: K.
        task: ``"multiclass"``: they add up to 1 over K, or to less in parts of the image.
        name: of the image, for the message.

    Returns:
        a plain float32 tensor.

    Raises:
        InputError: for another shape, values outside [0, 1] or not finite, and other sums.
    """
    p = convert_to_tensor(probabilities, dtype=torch.float32, track_meta=False).detach()
    remedy = "Give what comes out of softmax (multiclass) or sigmoid (multilabel) with the same data list."
    if p.ndim < 1 or len(p) != outputs:
        raise InputError(f"{name}: the teacher gives shape {tuple(p.shape)}, not {outputs} channels. {remedy}")
    # Interpolation may leave the range by a rounding error.
    low, high = p.min().item(), p.max().item()
    if not (low >= -_ROUNDING and high <= 1 + _ROUNDING):
        raise InputError(f"{name}: the teacher gives values from {low:g} to {high:g}, no probabilities. {remedy}")
    if task == "multiclass":
        # Outside of a crop that was undone they are all 0.
        total = p.sum(dim=0).max().item()
        if abs(total - 1) > _ROUNDING:
            raise InputError(f"{name}: the teacher's probabilities add up to {total:g} over the classes. {remedy}")
    return p.clamp(0, 1)


def decided_probabilities(probabilities: Tensor, decided: Tensor) -> Tensor:
    """The probability of what was decided, of several yes-or-no questions that of the least certain one.

    Args:
        probabilities: (K, *spatial).
        decided: (K, *spatial) of 0 and 1.

    Returns:
        (*spatial).
    """
    return torch.where(decided > 0, probabilities, 1 - probabilities).amin(dim=0)
