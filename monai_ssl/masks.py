"""What the values of a mask are to a network, and what a network's probabilities are as values of a mask."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import torch
from monai.utils import convert_to_tensor
from torch import Tensor

from monai_ssl.errors import InputError
from monai_ssl.tasks import Task

__all__ = ["MaskCoding", "MaskForm"]

MaskForm = Literal["classes", "regions"]
"""``"classes"``: each position has one of the values, by softmax. ``"regions"``: each region is a yes-or-no question at
each position, by sigmoid, so that regions may overlap."""

# float32 holds 1 - EPSILON; a probability nearer to 0 or 1 counts as this one.
_EPSILON = 1e-6
_SHOWN = 5


class MaskCoding:
    """Values of a mask to targets of a network, and probabilities to values.

    Args:
        regions: the values of a mask that make up each region, as in a data list's ``masks``; regions may overlap. 0 is
            background.
        form: ``"classes"`` or ``"regions"``.

    Attributes:
        values: V values: 0, then all values of the regions, sorted.
        names: R names of the regions.
        task: ``"multiclass"`` for classes, ``"multilabel"`` for regions.
        num_outputs: K channels of the network: V for classes, R for regions.

    Raises:
        InputError: for no regions, and regions that are not made of whole numbers above 0.
        ValueError: for another form.
    """

    def __init__(self, regions: Mapping[str, Sequence[int]], form: MaskForm = "classes") -> None:
        if form not in get_args(MaskForm):
            raise InputError(f"`form` must be one of {', '.join(get_args(MaskForm))}, got {form!r}.")
        if not regions:
            raise InputError("The data list names no regions of masks. Give one whose task is segmentation.")
        for name, values in regions.items():
            if not values or any(type(value) is not int or value < 1 for value in values):
                raise InputError(f"The region {name!r} has the values {values!r}. Give whole numbers above 0.")
        self.form = form
        self.names = tuple(regions)
        self.values = (0, *sorted({value for values in regions.values() for value in values}))
        self.task: Task = "multiclass" if form == "classes" else "multilabel"
        self.num_outputs = len(self.values if form == "classes" else self.names)
        # (R, V): whether a value is of a region.
        self._members = torch.tensor([[value in values for value in self.values] for values in regions.values()])

    def encode(self, mask: Any) -> Tensor:
        """Make a target of a mask.

        Args:
            mask: array or tensor (*spatial) of values.

        Returns:
            float32 tensor: (1, *spatial) of indices into :attr:`values` for classes, (R, *spatial) of 0 and 1 for
            regions.

        Raises:
            InputError: for a value that is of no region and not 0.
        """
        indices = self._indices(mask)
        return indices[None].float() if self.form == "classes" else self._members_of(indices)

    def decode(self, probabilities: Tensor) -> Tensor:
        """Make values of a mask of probabilities.

        For classes, the value of the most probable one. For regions, the value ``v`` whose membership ``m_rv`` (1 where
        ``v`` is of region ``r``) is the most probable one, if regions were independent::

            argmax_v sum_r m_rv log p_r + (1 - m_rv) log(1 - p_r) = argmax_v sum_r m_rv logit p_r

        So a position is never in the tumor core but outside the whole tumor, as it may be with a threshold for each
        region. Where several values are the best, or of the same regions, it is the first.

        Args:
            probabilities: (K, *spatial), in [0, 1].

        Returns:
            int32 tensor (1, *spatial).

        Raises:
            ValueError: for another number of channels.
        """
        self._check_channels(probabilities, self.num_outputs)
        scores = convert_to_tensor(probabilities, track_meta=False).float()
        if self.form == "regions":
            members = self._members.to(scores)
            scores = torch.tensordot(members.T, scores.logit(_EPSILON), dims=1)
        # The same as argmax, which takes several times as long.
        return self._values(scores)[scores.max(dim=0, keepdim=True).indices]

    def decode_label(self, label: Tensor) -> Tensor:
        """Make values of what :meth:`encode` made; of values of the same regions, the first.

        Args:
            label: (1, *spatial) for classes, (R, *spatial) for regions.

        Returns:
            int32 tensor (1, *spatial).

        Raises:
            ValueError: for another number of channels.
        """
        if self.form == "regions":
            return self.decode(label)
        self._check_channels(label, 1)
        indices = convert_to_tensor(label, track_meta=False).long()
        return self._values(indices)[indices]

    def regions_of(self, values: Any) -> Tensor:
        """Make one channel a region of values.

        Args:
            values: array or tensor (1, *spatial).

        Returns:
            float32 tensor (R, *spatial) of 0 and 1.

        Raises:
            InputError: for a value that is of no region and not 0.
            ValueError: for another number of channels.
        """
        self._check_channels(values, 1)
        return self._members_of(self._indices(values[0]))

    def _indices(self, mask: Any) -> Tensor:
        """The place of each value among the values."""
        mask = convert_to_tensor(mask, track_meta=False)
        known = self._values(mask)
        indices = torch.bucketize(mask.contiguous(), known, out_int32=True).clamp_(max=len(known) - 1)
        unknown = known[indices] != mask
        if unknown.any():
            found = mask[unknown].unique().tolist()
            listed = ", ".join(f"{value:g}" for value in found[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
            raise InputError(
                f"the mask has values of no region ({listed}), where {', '.join(map(str, self.values))} are known. "
                "Mend it, or name a region for them in the data list."
            )
        return indices

    def _values(self, like: Tensor) -> Tensor:
        return torch.tensor(self.values, dtype=torch.int32, device=like.device)

    def _members_of(self, indices: Tensor) -> Tensor:
        return self._members.to(indices.device, torch.float32)[:, indices]

    @staticmethod
    def _check_channels(tensor: Any, expected: int) -> None:
        if tensor.shape[0] != expected:
            raise ValueError(f"Expected {expected} channels, got a tensor of shape {tuple(tensor.shape)}.")
