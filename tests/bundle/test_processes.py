import time
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from torch import multiprocessing, nn
from torch.nn.parallel import DistributedDataParallel

from monai_ssl.bundle import distribute, leave_processes

pytestmark = pytest.mark.skipif(not dist.is_gloo_available(), reason="needs gloo")


@pytest.mark.parametrize("device", ["cpu", torch.device("cpu")])
def test_distribute(tmp_path, device):
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    wrapped = distribute(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), device)
    leave_processes()
    assert isinstance(wrapped, DistributedDataParallel)
    assert isinstance(wrapped.module[1], nn.BatchNorm1d)  # synchronising it is for GPUs


def leave_early_or_late(rank, folder):
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    late = Path(folder, "late")
    if rank == 0:
        time.sleep(0.5)
        late.touch()
    leave_processes()
    assert late.exists()
    assert not dist.is_initialized()


def test_no_process_leaves_before_the_last_has_come(tmp_path):
    # Forked processes need not import everything anew, which takes longer than the test.
    multiprocessing.start_processes(leave_early_or_late, (str(tmp_path),), nprocs=2, start_method="fork")
