"""What the random spatial transforms of a batch share: the interpolation of each key, and sampling at given places."""

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["grid_type", "modes_of_keys", "resample"]

MODES = ("bilinear", "nearest")


def modes_of_keys(mode: str | Sequence[str], keys: Sequence[Hashable]) -> list[str]:
    """Return one interpolation a key.

    Args:
        mode: ``"bilinear"``, or ``"nearest"`` for masks; one for all keys or one a key.
        keys: the keys.

    Raises:
        ValueError: for another number of modes than of keys, or an unknown mode.
    """
    modes = [mode] * len(keys) if isinstance(mode, str) else list(mode)
    if len(modes) != len(keys):
        raise ValueError(f"`mode` must be one or one a key, got {len(modes)} for {len(keys)} keys.")
    if not set(modes) <= set(MODES):
        raise ValueError(f"`mode` must be of {', '.join(MODES)}, got {mode!r}.")
    return modes


def grid_type(batch: Tensor) -> torch.dtype:
    """Return the type that the grid must have for ``resample``: float64 for images of it, float32 for all others.

    In half precision, neighboring columns of a wide image would have the same place.
    """
    return torch.promote_types(batch.dtype, torch.float32)


def resample(batch: Tensor, grid: Tensor, mode: str, key: Hashable) -> Tensor:
    """Sample each image at the places of ``grid``; what lies outside is 0, and images and masks keep their type.

    Args:
        batch: images ``(B, C, *spatial)``, 2D or 3D.
        grid: ``(B, *spatial, D)`` of ``grid_type(batch)``, in coordinates from -1 to 1 over the whole pixels
            (``align_corners=False``), x first.
        mode: ``"bilinear"`` or ``"nearest"``.
        key: the images' key, for the error message.

    Raises:
        ValueError: for whole numbers that are not to be sampled by ``"nearest"``.
    """
    if not batch.is_floating_point() and mode != "nearest":
        raise ValueError(f"{key!r} is of {batch.dtype}. Use mode='nearest' for masks, or floats.")
    return F.grid_sample(batch.to(grid), grid, mode=mode, align_corners=False).to(batch.dtype)
