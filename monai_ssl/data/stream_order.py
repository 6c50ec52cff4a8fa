"""Which images make up each batch of two-stream loading, and with which seed they are augmented."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch.utils.data import Sampler

from monai_ssl.distributed import count_processes

__all__ = ["BatchPlan", "PlanSampler", "StreamOrder"]


class StreamOrder:
    """An endless, shuffled order of a pool: pass after pass, each a permutation of its own.

    Position ``k`` is entry ``k mod size`` of permutation ``k // size``, which is drawn from ``(seed, stream, pass)``;
    so a stream can be entered anywhere, which is what resuming and sharding need, and every image comes equally
    often, whatever the batch size.

    Args:
        size: number of images in the pool, at least 1.
        seed: seed of the run, at least 0.
        stream: number of the stream, so that two pools of one size are not shuffled alike.
    """

    def __init__(self, size: int, seed: int, stream: int) -> None:
        if size < 1:
            raise ValueError(f"`size` must be at least 1, got {size!r}.")
        if seed < 0:
            raise ValueError(f"`seed` must be at least 0, got {seed!r}.")
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


class PlanSampler(Sampler[BatchPlan]):
    """The plans of one epoch's batches: a function of seed, epoch, rank and nothing else.

    Args:
        sizes: number of images in each pool, by stream.
        batch_sizes: number of images a batch, by stream.
        length: batches an epoch.
        seed: seed of the run, at least 0.
    """

    def __init__(self, sizes: dict[str, int], batch_sizes: dict[str, int], length: int, seed: int) -> None:
        self.orders = {name: StreamOrder(size, seed, number) for number, (name, size) in enumerate(sizes.items())}
        self.batch_sizes, self.length, self.seed = batch_sizes, length, seed
        self.epoch = 0
        self.world_size = count_processes()
        self.rank = torch.distributed.get_rank() if self.world_size > 1 else 0

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
