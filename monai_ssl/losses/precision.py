"""The precision that losses are worked out in."""

import torch
from torch import Tensor

__all__ = ["at_least_float32"]


def at_least_float32(values: Tensor) -> Tensor:
    """Values in float32 where they are in half precision, in which small differences vanish; others as they are."""
    return values.to(torch.promote_types(values.dtype, torch.float32))
