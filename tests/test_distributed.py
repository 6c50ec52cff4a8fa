"""Losses over the images of all processes are those of the joint batch, and so are their gradients."""

import torch
import torch.distributed as dist
from torch import multiprocessing

from monai_ssl.distributed import count_processes, gather_images
from monai_ssl.losses import RelationLoss, SupervisedContrastiveLoss

IMAGES, PROCESSES = 6, 2
LABELS = torch.tensor([0.0, 1.0, -1.0, 1.0, 0.0, -1.0])


def losses(inputs, labels):
    """Both losses of two linear maps of the inputs ``(2, B, 5)``."""
    torch.manual_seed(1)
    layers = [torch.nn.Linear(5, 4), torch.nn.Linear(5, 4)]
    contrastive = SupervisedContrastiveLoss(0.5)(torch.stack([layers[0](inputs[0]), layers[0](inputs[1])]), labels)
    relation = RelationLoss()(layers[0](inputs[0]), layers[1](inputs[1]))
    (contrastive + relation).backward()
    return torch.stack([contrastive, relation]).detach(), [layers[0].weight.grad, layers[1].weight.grad]


def worker(rank, folder):
    dist.init_process_group("gloo", init_method=f"file://{folder}/group", rank=rank, world_size=PROCESSES)
    part = slice(rank * IMAGES // PROCESSES, (rank + 1) * IMAGES // PROCESSES)
    values, gradients = losses(torch.load(f"{folder}/inputs.pt")[:, part], LABELS[part])
    for gradient in gradients:
        dist.all_reduce(gradient)
        gradient /= PROCESSES  # as DistributedDataParallel does
    torch.save((values, gradients, count_processes()), f"{folder}/{rank}.pt")
    dist.barrier()  # as `leave_processes` does, whose package takes long to import
    dist.destroy_process_group()


def test_two_processes_give_the_loss_and_the_gradient_of_one(tmp_path):
    inputs = torch.rand((2, IMAGES, 5), generator=torch.Generator().manual_seed(0))
    torch.save(inputs, tmp_path / "inputs.pt")
    values, gradients = losses(inputs, LABELS)
    multiprocessing.spawn(worker, (str(tmp_path),), nprocs=PROCESSES)
    for rank in range(PROCESSES):
        theirs, their_gradients, processes = torch.load(tmp_path / f"{rank}.pt")
        assert processes == PROCESSES
        torch.testing.assert_close(theirs, values)
        for gradient, other in zip(gradients, their_gradients, strict=True):
            assert gradient.abs().sum() > 0
            torch.testing.assert_close(other, gradient)


def test_one_process_has_its_own_images_only():
    values = torch.rand(3, 2, requires_grad=True)
    assert count_processes() == 1
    assert gather_images(values) is values
