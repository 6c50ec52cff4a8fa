"""Batches of the streams: load the images, cut patches out of them, stack those, and make views of the stack."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from monai.transforms import Compose, Randomizable
from monai.utils import convert_to_tensor
from torch import Tensor
from torch.utils.data import Dataset

from monai_ssl.data.stream_order import BatchPlan
from monai_ssl.errors import InputError, find_input_error

__all__ = ["Batches", "Crop", "Stream", "Transform"]

Transform = Callable[[dict[str, Tensor]], dict[str, Tensor]]
Crop = Callable[[dict[str, Tensor]], Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]]]


@dataclass(frozen=True)
class Stream:
    """One stream of images.

    Args:
        number: of the stream, so that two streams are not cropped alike.
        pool: a dataset of dictionaries.
        keys: all that is ever read of an item.
        transforms: one for each view of the batch; ``None`` leaves it as it is.
        crop: what makes one patch or several of an image; ``None`` takes the whole image.
    """

    number: int
    pool: Any
    keys: tuple[str, ...]
    transforms: list[Transform | None]
    crop: Crop | None


class Batches(Dataset[dict[str, list[dict[str, Tensor]]]]):
    """Turns a plan into a batch: a function of the plan alone, whichever process makes it.

    Args:
        streams: the streams, by name.
        shared: a transform of the stack of each stream, before its views are made.
        device: where to move the stack before it is transformed; by default it stays on the CPU.
    """

    def __init__(self, streams: dict[str, Stream], shared: Transform | None, device: str | torch.device | None) -> None:
        self.streams, self.shared, self.device = streams, shared, device
        # Made once: seeding it anew takes a fiftieth of the time of making another, as `set_random_state(seed)` does.
        self.random = np.random.RandomState()

    def __getitem__(self, plan: BatchPlan) -> dict[str, list[dict[str, Tensor]]]:
        view_seeds = iter(
            np.random.SeedSequence(plan.seed).generate_state(sum(len(s.transforms) for s in self.streams.values()))
        )
        batch = {}
        for name, indices in plan.indices.items():
            stream = self.streams[name]
            # A sequence of its own, so that neither crops nor the other stream change how a stream's views are drawn.
            seeds = np.random.SeedSequence(plan.seed, spawn_key=(stream.number,)).generate_state(1 + len(indices))
            stacks = self._apply(self.shared, self._gather(name, indices, seeds[1:]), seeds[0])
            batch[name] = [self._apply(transform, stacks, next(view_seeds)) for transform in stream.transforms]
        return batch

    def _gather(self, name: str, indices: list[int], seeds: np.ndarray) -> dict[str, Tensor]:
        """Stack the images, or their patches."""
        keys = self.streams[name].keys
        groups = [list(self._patches(name, index, seed)) for index, seed in zip(indices, seeds, strict=True)]
        counts = {len(group) for group in groups}
        if len(counts) > 1 or 0 in counts:
            raise ValueError(f"A crop must make equally many patches of all {name} images, got {sorted(counts)}.")
        images = [patch for group in groups for patch in group]
        sources = [index for index, group in zip(indices, groups, strict=True) for _ in group]
        return {
            key: _stack([image[key] for image in images], f"{key}s of the {name} images", sources).to(self.device)
            for key in keys
        }

    def _patches(self, name: str, index: int, seed: int) -> Iterator[Mapping[str, Tensor]]:
        """Load an image and cut it, without MONAI's metadata."""
        stream = self.streams[name]
        item = stream.pool[index]
        image = {key: _read(item, key, name, index, stream.keys) for key in stream.keys}
        if stream.crop is None:
            yield image
            return
        self._seed(stream.crop, seed)
        for patch in _cut(stream.crop, image, name, index):
            # A copy, since a view would keep the whole image in memory until the batch is complete.
            yield {key: convert_to_tensor(patch[key], track_meta=False).clone() for key in stream.keys}

    def _apply(self, transform: Transform | None, stacks: dict[str, Tensor], seed: int) -> dict[str, Tensor]:
        if transform is None:
            return dict(stacks)
        self._seed(transform, seed)
        return transform(dict(stacks))

    def _seed(self, transform: Transform | Crop, seed: int) -> None:
        if isinstance(transform, Randomizable):  # MONAI's Compose is one, and seeds its parts
            self.random.seed(seed)
            transform.set_random_state(state=self.random)


def _read(item: Mapping[str, Any], key: str, name: str, index: int, keys: Sequence[str]) -> Tensor:
    if key not in item:
        raise InputError(f"Item {index} of the {name} images has no {key!r}. Give images with {' and '.join(keys)}.")
    if isinstance(item[key], str):
        raise InputError(
            f"The {key}s of the {name} images are files, as those of masks are, and nothing loads them. Add the "
            "configuration for masks, such as the overlay `segmentation.json`, or give images with labels."
        )
    return convert_to_tensor(item[key], track_meta=False, wrap_sequence=True)


def _cut(crop: Crop, image: dict[str, Tensor], name: str, index: int) -> Sequence[Mapping[str, Tensor]]:
    """The patches of an image, with errors that say what a crop may ask for."""
    try:
        patches = crop(dict(image))
    except Exception as error:
        found = find_input_error(error)
        if found is not None:
            raise InputError(f"Item {index} of the {name} images: {found}") from None
        cause = _root(error)
        if not isinstance(cause, KeyError) and not _names_other_label(crop, image):
            raise
        reason = str(cause.args[0] if cause.args else cause).rstrip(".")
        raise InputError(
            f"The crop of the {name} images cannot be made ({reason}). Of an image it is given {' and '.join(image)}"
            f"{'' if 'label' in image else ' alone: unlabeled images have no label'}. "
            "Choose a crop that needs nothing else, such as `RandSpatialCropd`."
        ) from error
    return [patches] if isinstance(patches, Mapping) else patches


def _names_other_label(crop: Crop, image: Mapping[str, Tensor]) -> bool:
    """Whether a crop goes by a label that the image has not: MONAI's do not always say so by a ``KeyError``."""
    parts = crop.flatten().transforms if isinstance(crop, Compose) else [crop]
    return any(getattr(part, "label_key", None) not in (None, *image) for part in parts)


def _root(error: BaseException) -> BaseException:
    """What an error began with; MONAI wraps it."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _stack(values: list[Tensor], what: str, sources: list[int]) -> Tensor:
    for value, source in zip(values, sources, strict=True):
        if value.shape != values[0].shape:
            raise InputError(
                f"The {what} {sources[0]} and {source} (counted from 0) have different shapes, "
                f"{tuple(values[0].shape)} and {tuple(value.shape)}, so that they cannot be in one batch. "
                "Bring them to one shape in the preprocessing, with `Resized` for instance, or cut patches of one size "
                "out of them with `crops`, after `SpatialPadd` in the preprocessing where images are smaller."
            )
    return torch.stack(values)
