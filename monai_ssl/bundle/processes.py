"""Training in several processes: joining them, wrapping the method, leaving them."""

import atexit
import os
import sys

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

__all__ = ["distribute", "join_processes", "leave_processes"]


def join_processes(device: str | torch.device) -> None:
    """Join the process group that a launcher such as ``torchrun`` prepares: nccl for GPUs, else gloo.

    Args:
        device: this process's. A GPU becomes the current one, which is where collectives of Python objects put them.
    """
    on_gpu = torch.device(device).type == "cuda"
    if on_gpu:
        torch.cuda.set_device(device)
    torch.distributed.init_process_group("nccl" if on_gpu else "gloo")
    atexit.register(_end_at_once)


def leave_processes() -> None:
    """Leave the process group when all processes have come so far.

    A process that ended while others still talk to it could fail, and let them fail.
    """
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def _end_at_once() -> None:
    """End a process that has left its group without taking the interpreter down.

    Threads of PyTorch's that outlive the group may hold tensors, and abort the process when they give them back to an
    interpreter that is ending.
    """
    if not torch.distributed.is_initialized() and not hasattr(sys, "last_type"):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def distribute(
    method: nn.Module, device: str | torch.device, find_unused_parameters: bool = False
) -> DistributedDataParallel:
    """Wrap a method for the process group; on GPUs its BatchNorm layers are synchronised over the processes.

    Args:
        method: on its device already.
        device: this process's.
        find_unused_parameters: for methods whose losses do not reach all that is trainable, as contrastive
            pre-training does not reach the classifier.
    """
    device_ids = [device] if torch.device(device).type == "cuda" else None
    if device_ids:
        nn.SyncBatchNorm.convert_sync_batchnorm(method)
    return DistributedDataParallel(method, device_ids=device_ids, find_unused_parameters=find_unused_parameters)
