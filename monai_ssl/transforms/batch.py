"""Random transforms of a whole batch at once: each image gets parameters of its own, in one tensor operation.

MONAI's random transforms work on one image; at 64 x 64 their overhead is larger than a training step. These have the
same form (``Randomizable`` dictionary transforms, sampling apart from applying), but take ``(B, C, *spatial)``.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform, Randomizable
from monai.utils import MAX_SEED, convert_to_tensor
from torch import Tensor

__all__ = ["BatchTransform", "EachImage"]


class BatchTransform(Randomizable, MapTransform):
    """Sample once a call, for the batch size of the first key, then apply to every key.

    Args:
        keys: keys of tensors ``(B, C, *spatial)``.
        prob: probability for each image, in [0, 1].
        allow_missing_keys: whether a key may be missing, as the masks of unlabeled images are.
    """

    def __init__(self, keys: KeysCollection, prob: float, allow_missing_keys: bool = False) -> None:
        MapTransform.__init__(self, keys, allow_missing_keys)
        if not 0 <= prob <= 1:
            raise ValueError(f"`prob` must be in [0, 1], got {prob!r}.")
        self.prob = prob
        self.R = self._own = np.random.RandomState()

    def set_random_state(
        self,
        seed: int | None = None,
        state: np.random.RandomState | None = None,
    ) -> "BatchTransform":
        """Seed the transform as MONAI does, but without the tenth of a millisecond that a new ``RandomState`` takes."""
        if seed is None:
            super().set_random_state(state=state)
        else:
            self.R = self._own
            self.R.seed(int(seed) % MAX_SEED)
        return self

    def randomize(self, data: Tensor) -> None:
        """Draw the parameters for one batch."""
        raise NotImplementedError

    def apply(self, batch: Tensor, key_index: int) -> Tensor:
        """Apply the drawn parameters; never in place.

        Args:
            batch: the tensor of one key.
            key_index: the place of the key among ``keys``.
        """
        raise NotImplementedError

    def __call__(self, data: Mapping[Hashable, Tensor]) -> dict[Hashable, Tensor]:
        """Return a copy of ``data`` with its keys transformed."""
        result = dict(data)
        present = list(self.key_iterator(result, range(len(self.keys))))
        if present:
            self.randomize(result[present[0][0]])
        for key, index in present:
            result[key] = self.apply(result[key], index)
        return result

    def chosen(self, size: int) -> np.ndarray:
        """Draw which images are transformed, with probability ``prob`` each."""
        return self.R.random_sample(size) < self.prob

    def uniform(self, bound: float, shape: tuple[int, ...]) -> np.ndarray:
        """Draw from ``[-bound, bound]``."""
        return self.R.uniform(-bound, bound, shape)


class EachImage(Randomizable):
    """Use MONAI's per-image transforms on a batch: take it apart, transform each image, stack the results.

    The results are plain tensors: what a ``MetaTensor`` records belongs to one image.

    Args:
        transform: a dictionary transform or ``Compose`` for one image, ``(C, *spatial)``, that changes nothing in
            place, and gives images of one shape.
    """

    def __init__(self, transform: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        self.transform = transform

    def set_random_state(
        self,
        seed: int | None = None,
        state: np.random.RandomState | None = None,
    ) -> "EachImage":
        """Seed the transform."""
        super().set_random_state(seed, state)
        if isinstance(self.transform, Randomizable):
            self.transform.set_random_state(seed, state)
        return self

    def __call__(self, data: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the batch of the transformed images."""
        size = len(next(iter(data.values())))
        images = [self.transform({key: value[index] for key, value in data.items()}) for index in range(size)]
        return {
            key: torch.stack([convert_to_tensor(image[key], track_meta=False) for image in images]) for key in images[0]
        }
