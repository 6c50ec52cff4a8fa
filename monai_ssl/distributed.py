"""The processes that work together: how many there are, what one does for all, and values of all in one tensor."""

from collections.abc import Callable
from typing import Any, cast

import torch
import torch.distributed as dist
from ignite import distributed as idist
from torch import Tensor

from monai_ssl.errors import InputError

__all__ = ["count_processes", "gather_images", "in_first_process"]


def count_processes() -> int:
    """The number of processes that train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def in_first_process(work: Callable[[], None]) -> None:
    """Do something in the first process when all have come so far; its ``InputError`` is raised in all."""
    idist.barrier()
    problem = ""
    if idist.get_rank() == 0:
        try:
            work()
        except InputError as error:
            problem = str(error)
    if idist.get_world_size() > 1:
        # ignite sends no empty text.
        problem = cast(str, idist.broadcast(f"-{problem}"))[1:]
    if problem:
        raise InputError(problem)


def gather_images(values: Tensor) -> Tensor:
    """Concatenate the values of all processes along the first axis; one process alone gets its own.

    A loss over the gathered values is the same on every process, and its gradient, averaged over the processes as
    ``DistributedDataParallel`` does, is that of the loss over the joint batch.

    Args:
        values: ``(B, ...)``, of the same shape on every process.

    Returns:
        ``(processes * B, ...)``, those of the first process first.
    """
    return values if count_processes() == 1 else _Gather.apply(values)


class _Gather(torch.autograd.Function):
    """``torch.distributed.nn.functional.all_gather`` is deprecated in torch 2.13, and older ones lack its heir."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        ctx.size = len(values)
        parts = [torch.empty_like(values) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, values.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        # The loss of each process depends on these values: the gradients add up.
        total = gradient.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total[dist.get_rank() * ctx.size :][: ctx.size]
