"""Images whose background is another value than 0."""

from collections.abc import Hashable, Mapping
from itertools import product
from typing import Any

from monai.transforms import MapTransform
from torch import Tensor

__all__ = ["ZeroBackgroundd"]


class ZeroBackgroundd(MapTransform):
    """Shift each channel so that its background is 0, where the image says what its background is.

    It does if all corners of the channel have one value: the air around a brain that was normalized before (BraTS
    2015), or what is outside of the field of view of a CT scanner. Other channels, as those of MR with noise in the
    air, stay as they are. What follows may then take 0 for what is no part of the patient.

    Args:
        keys: keys of images (C, *spatial), 2D or 3D.
        allow_missing_keys: whether a key may be missing.
    """

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of ``data`` with shifted images."""
        output = dict(data)
        for key in self.key_iterator(output):
            image: Tensor = output[key]
            corners = list(product((0, -1), repeat=image.ndim - 1))
            shifts = [_shift({float(channel[corner]) for corner in corners}) for channel in image]
            if any(shifts):
                shift = image.new_tensor(shifts).view(-1, *[1] * (image.ndim - 1))
                output[key] = image - shift
        return output


def _shift(values: set[float]) -> float:
    """The value of all corners; 0 where they differ."""
    return values.pop() if len(values) == 1 else 0.0
