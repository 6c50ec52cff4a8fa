"""Random patches that often show what is labeled."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from monai.config import KeysCollection
from monai.transforms import MapTransform, Randomizable
from monai.transforms.traits import MultiSampleTrait
from monai.utils import convert_to_tensor
from torch import Tensor

from monai_ssl.errors import InputError

__all__ = ["RandForegroundCropd", "draw_foreground"]

_HALF = 0.5


class RandForegroundCropd(Randomizable, MapTransform, MultiSampleTrait):
    """Cut random patches of one size out of an image and what lies on its grid.

    With probability ``pos`` a patch is centred on a voxel that is drawn uniformly from the foreground, and moved into
    the image where it would stand out; otherwise, and where there is no label or no foreground, all places in the image
    are equally likely. Foreground is where the label is above one half (so that it may be a probability) in any channel
    from ``first_channel`` on. Centre is element ``n // 2`` of an axis of ``n``.

    MONAI's ``RandCropByPosNegLabeld`` draws the other patches around background voxels, and lists the voxels of both
    kinds for every patch, which takes several times as long. F. Isensee et al., "nnU-Net: a self-configuring method for
    deep learning-based biomedical image segmentation", 2021, oversample the foreground in the same way.

    Args:
        keys: keys of tensors ``(C, *spatial)`` on the CPU, all of one spatial shape.
        label_key: the key of the label, ``(C, *spatial)``; it may be missing.
        size: the patch's size in pixels, one for all axes or one an axis, at least 1.
        pos: probability of a patch around foreground, in [0, 1].
        num_samples: patches an image, at least 1.
        first_channel: 1 for a label whose channel 0 is the probability of background.
        allow_missing_keys: whether a key may be missing, as the masks of unlabeled images are.

    Returns:
        a list of ``num_samples`` dictionaries. The patches are plain tensors that share the memory of the image.

    Raises:
        InputError: for an image smaller than the patch, a patch of another number of axes, and keys or a label of
            different spatial shapes.
    """

    def __init__(
        self,
        keys: KeysCollection,
        label_key: str,
        size: Sequence[int] | int,
        pos: float = 0.5,
        num_samples: int = 1,
        first_channel: int = 0,
        allow_missing_keys: bool = False,
    ) -> None:
        MapTransform.__init__(self, keys, allow_missing_keys)
        sizes = [size] if isinstance(size, int) else list(size)
        if not sizes or min(sizes) < 1:
            raise ValueError(f"`size` must be at least 1 along each axis, got {size!r}.")
        if not 0 <= pos <= 1:
            raise ValueError(f"`pos` must be in [0, 1], got {pos!r}.")
        if num_samples < 1:
            raise ValueError(f"`num_samples` must be at least 1, got {num_samples!r}.")
        self.label_key, self.size, self.pos, self.num_samples = label_key, size, pos, num_samples
        self.first_channel = first_channel

    def randomize(self, spatial: Sequence[int], label: Tensor | None = None) -> None:
        """Draw where the patches of an image of shape ``spatial`` begin, ``(num_samples, D)``."""
        lengths = self._lengths(len(spatial))
        room = np.subtract(spatial, lengths)
        if (room < 0).any():
            raise InputError(
                f"An image of {' x '.join(map(str, spatial))} is smaller than the patch of "
                f"{' x '.join(map(str, lengths))}. Pad the images in the preprocessing, with `SpatialPadd` for "
                "instance, or ask for smaller patches."
            )
        self.starts = self.R.randint(0, room + 1, (self.num_samples, len(lengths)))
        positive = self.R.random_sample(self.num_samples) < self.pos
        if label is not None and positive.any():
            centres = draw_foreground(label[self.first_channel :], int(positive.sum()), self.R)
            if centres is not None:
                self.starts[positive] = np.clip(centres - np.floor_divide(lengths, 2), 0, room)

    def __call__(self, data: Mapping[Hashable, Any]) -> list[dict[Hashable, Any]]:
        """Return the patches."""
        images = {key: convert_to_tensor(data[key], track_meta=False) for key in self.key_iterator(data)}
        if not images:
            return [dict(data) for _ in range(self.num_samples)]
        label = data.get(self.label_key)
        label = None if label is None else convert_to_tensor(label, track_meta=False)
        shapes = {key: tuple(image.shape[1:]) for key, image in images.items()}
        if label is not None:
            shapes[self.label_key] = tuple(label.shape[1:])
        if len(set(shapes.values())) > 1:
            raise InputError(
                f"What is cropped together has different spatial shapes: {shapes}. Bring it to one grid in the "
                "preprocessing."
            )
        spatial = next(iter(shapes.values()))
        self.randomize(spatial, label)
        lengths = self._lengths(len(spatial))
        patches = []
        for start in self.starts.tolist():
            box = (slice(None), *(slice(first, first + length) for first, length in zip(start, lengths, strict=True)))
            patches.append({**data, **{key: image[box] for key, image in images.items()}})
        return patches

    def _lengths(self, dims: int) -> tuple[int, ...]:
        lengths = (self.size,) * dims if isinstance(self.size, int) else tuple(self.size)
        if len(lengths) != dims:
            raise InputError(f"`size` is {self.size!r}, but the images have {dims} spatial axes.")
        return lengths


def draw_foreground(label: Tensor, count: int, random: np.random.RandomState) -> np.ndarray | None:
    """Draw voxels uniformly, with replacement, from those where any channel is above one half.

    Args:
        label: ``(C, *spatial)``, on the CPU.
        count: how many.
        random: what draws.

    Returns:
        ``(count, D)``, or ``None`` where there is no such voxel.
    """
    first, *others = label.numpy()
    mask = first > _HALF
    for channel in others:
        mask |= channel > _HALF
    # Only the rows that are drawn are searched, which takes far less time and memory than a list of all voxels.
    ends = np.cumsum([np.count_nonzero(row) for row in mask])
    if not ends[-1]:
        return None
    voxels = []
    for number in random.randint(ends[-1], size=count):
        row = int(np.searchsorted(ends, number, side="right"))
        place = np.flatnonzero(mask[row])[number - ends[row]]  # counted from the row's end
        voxels.append((row, *np.unravel_index(place, mask.shape[1:])))
    return np.array(voxels)
