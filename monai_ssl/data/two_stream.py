"""Two-stream loading: each batch holds labeled and unlabeled images, each with several augmented views."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from typing import Any, NamedTuple

import numpy as np
import torch
from monai.transforms import Compose, Randomizable
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from monai_ssl.errors import InputError

__all__ = ["StreamOrder", "TwoStreamLoader"]

LABELED, UNLABELED = "labeled", "unlabeled"
Transform = Callable[[dict[str, Tensor]], dict[str, Tensor]]


class StreamOrder:
    """An endless, shuffled order of a pool: pass after pass, each a permutation of its own.

    It has no state. Position ``k`` is entry ``k mod size`` of permutation ``k // size``, which is drawn from
    ``(seed, stream, pass)``; so a stream can be entered anywhere, which is what resuming and sharding need, and every
    image comes equally often, whatever the batch size.

    Args:
        size: number of images in the pool, at least 1.
        seed: seed of the run.
        stream: number of the stream, so that two pools of one size are not shuffled alike.
    """

    def __init__(self, size: int, seed: int, stream: int) -> None:
        if size < 1:
            raise ValueError(f"`size` must be at least 1, got {size!r}.")
        self.size, self.seed, self.stream = size, seed, stream
        self._pass, self._permutation = -1, np.empty(0, dtype=np.int64)

    def __getitem__(self, position: int) -> int:
        number, offset = divmod(position, self.size)
        if number != self._pass:
            generator = np.random.default_rng([self.seed, self.stream, number])
            self._pass, self._permutation = number, generator.permutation(self.size)
        return int(self._permutation[offset])


class BatchPlan(NamedTuple):
    """What one batch consists of: the indices for each stream, and the seed of its views."""

    indices: dict[str, list[int]]
    seed: tuple[int, ...]


class _PlanSampler(Sampler[BatchPlan]):
    """The plans of one epoch's batches: a function of seed, epoch, rank and nothing else."""

    def __init__(self, sizes: dict[str, int], batch_sizes: dict[str, int], length: int, seed: int) -> None:
        self.orders = {name: StreamOrder(size, seed, number) for number, (name, size) in enumerate(sizes.items())}
        self.batch_sizes, self.length, self.seed = batch_sizes, length, seed
        self.epoch = 0
        self.rank = torch.distributed.get_rank() if _is_distributed() else 0
        self.world_size = torch.distributed.get_world_size() if _is_distributed() else 1

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[BatchPlan]:
        for step in range(self.epoch * self.length, (self.epoch + 1) * self.length):
            indices = {}
            for name, order in self.orders.items():
                size = self.batch_sizes[name]
                # Joint over the ranks, these are the positions that one process with the joint batch would take.
                first = (step * self.world_size + self.rank) * size
                indices[name] = [order[position] for position in range(first, first + size)]
            yield BatchPlan(indices, (self.seed, step, self.rank))


class _BatchDataset(Dataset[dict[str, list[dict[str, Tensor]]]]):
    """Turns a plan into a batch: gather, stack, and augment each view of the whole stack at once."""

    keys = ("image", "label")

    def __init__(self, pools: dict[str, Any], transforms: dict[str, list[Transform | None]]) -> None:
        self.pools, self.transforms = pools, transforms

    def __getitem__(self, plan: BatchPlan) -> dict[str, list[dict[str, Tensor]]]:
        seeds = iter(np.random.SeedSequence(plan.seed).generate_state(sum(map(len, self.transforms.values()))))
        batch = {}
        for name, indices in plan.indices.items():
            items = [self.pools[name][index] for index in indices]
            keys = [key for key in self.keys if key in items[0]]
            stack = {key: torch.stack([torch.as_tensor(item[key]) for item in items]) for key in keys}
            batch[name] = [_augment(stack, transform, next(seeds)) for transform in self.transforms[name]]
        return batch


def _augment(stack: dict[str, Tensor], transform: Transform | None, seed: int) -> dict[str, Tensor]:
    if transform is None:
        return dict(stack)
    if isinstance(transform, Randomizable):  # MONAI's Compose is one, and seeds its parts
        transform.set_random_state(seed=int(seed))
    return transform(dict(stack))


class TwoStreamLoader(DataLoader):
    """A ``DataLoader`` whose batches are ``{"labeled": views, "unlabeled": views}``.

    Each stream is a list of ``views`` dictionaries of batched tensors: view ``v`` has the same images as view 0 with
    another augmentation. An epoch ends when the longer stream has been seen once; the shorter one goes on where it was,
    and a pool smaller than a batch repeats itself. Order and augmentation are a function of seed, epoch and rank: call
    :meth:`set_epoch` (the trainer does) and a resumed run continues the same order. Under distributed training each
    process takes its share of both streams, and ``len`` counts the joint batches.

    Random transforms belong into ``views``, not into the datasets', where they would not follow the seed.

    Args:
        labeled: a dataset of dictionaries with ``"image"`` and ``"label"``.
        unlabeled: a dataset of dictionaries with ``"image"``. Other keys are dropped.
        batch_size: labeled images a batch.
        unlabeled_batch_size: unlabeled images a batch, for methods that use any.
        num_views: views by stream, a method's ``views``; a stream with 0 is not loaded, though it still counts for the
            length of an epoch, so that methods are compared at equal numbers of steps.
        transforms: what makes a view of a *batch*: a dictionary transform for all views, or a list with one a view
            (weak and strong, say), used for both streams. Per-image transforms come in with ``EachImage``.
        seed: seed of the order and the augmentation.
        num_workers: processes that prepare batches; they live on from epoch to epoch.
        pin_memory: as for any ``DataLoader``.

    Raises:
        InputError: for an empty pool that is needed, or random transforms in a dataset.
        ValueError: for a batch size below 1, or as many transforms as there are not views.
    """

    def __init__(
        self,
        labeled: Any,
        unlabeled: Any,
        batch_size: int,
        unlabeled_batch_size: int,
        num_views: Mapping[str, int],
        transforms: Transform | Sequence[Transform] | None = None,
        seed: int = 0,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        pools: dict[str, Sized] = {LABELED: labeled, UNLABELED: unlabeled}
        batch_sizes = {LABELED: batch_size, UNLABELED: unlabeled_batch_size}
        for name, size in batch_sizes.items():
            if size < 1:
                raise ValueError(f"The {name} batch size must be at least 1, got {size!r}.")
        used = {name: pool for name, pool in pools.items() if num_views[name]}
        for name, pool in used.items():
            _check_pool(name, pool)
        per_view = {name: _one_a_view(transforms, num_views[name]) for name in used}
        world_size = torch.distributed.get_world_size() if _is_distributed() else 1
        length = max(-(-len(pool) // (batch_sizes[name] * world_size)) for name, pool in pools.items())
        self.plans = _PlanSampler({name: len(pool) for name, pool in used.items()}, batch_sizes, length, seed)
        super().__init__(
            _BatchDataset(used, per_view),
            batch_size=None,
            sampler=self.plans,
            num_workers=num_workers,
            pin_memory=pin_memory,
            persistent_workers=num_workers > 0,
            # Its own, so that making an iterator does not draw from the global random state, which a resume restores.
            generator=torch.Generator().manual_seed(seed),
        )

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch, counted from 0, the next iteration over the loader is."""
        self.plans.epoch = epoch


def _is_distributed() -> bool:
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def _check_pool(name: str, pool: Any) -> None:
    if not len(pool):
        raise InputError(
            f"The list of {name} images is empty, and this method needs one. Add {name} images to the data list, or "
            "use a method that does without (the bundle `supervised` needs no unlabeled images)."
        )
    transform = getattr(pool, "transform", None)
    parts = transform.flatten().transforms if isinstance(transform, Compose) else [transform]
    for part in parts:
        if isinstance(part, Randomizable):
            raise InputError(
                f"The {name} data set's preprocessing has the random transform {type(part).__name__}, which would not "
                "follow the run's seed. Move it to the views' transforms."
            )


def _one_a_view(transforms: Transform | Sequence[Transform] | None, count: int) -> list[Transform | None]:
    if transforms is None or callable(transforms):
        return [transforms] * count
    if len(transforms) < count:
        raise ValueError(f"The method asks for {count} views, but `transforms` is a list of {len(transforms)}.")
    return list(transforms[:count])
