"""The three methods as one would write them without an engine: a loop over batches that lie ready in memory."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from monai_ssl.losses import consistency_mse, multilabel_cross_entropy
from monai_ssl.methods import Batch, MeanTeacher, NoTeacher, Supervised
from monai_ssl.methods.base import joint_images

__all__ = ["BARE_LOOPS", "BareBatch", "mean_teacher", "noteacher", "prepare", "supervised"]

Weights = Mapping[str, float]


class BareBatch(NamedTuple):
    """Joint images ``(B, C, *spatial)`` of each view, the labeled ones first, and the labels of these."""

    views: list[Tensor]
    labels: Tensor


def prepare(batches: Iterable[Batch], device: torch.device) -> list[BareBatch]:
    """Put augmented batches of the loader together as the networks take them."""
    return [
        BareBatch(
            [joint_images(batch, view).to(device) for view in range(len(batch["labeled"]))],
            batch["labeled"][0]["label"].to(device),
        )
        for batch in batches
    ]


def supervised(
    method: Supervised, optimizer: Optimizer, weights: Weights, decay: float, batches: Sequence[BareBatch]
) -> None:
    for (images,), labels in batches:
        optimizer.zero_grad()
        loss = weights["supervised"] * multilabel_cross_entropy(method.student(images), labels)
        loss.backward()
        optimizer.step()
        average(method.ema, method.student, decay)


def mean_teacher(
    method: MeanTeacher, optimizer: Optimizer, weights: Weights, decay: float, batches: Sequence[BareBatch]
) -> None:
    for (first, second), labels in batches:
        optimizer.zero_grad()
        logits = method.student(first)
        with torch.no_grad():
            targets = method.teacher(second)
        loss = weights["supervised"] * multilabel_cross_entropy(logits[: len(labels)], labels)
        loss = loss + weights["consistency"] * consistency_mse(logits, targets, "multilabel")
        loss.backward()
        optimizer.step()
        average(method.teacher, method.student, decay)


def noteacher(
    method: NoTeacher, optimizer: Optimizer, weights: Weights, _: float, batches: Sequence[BareBatch]
) -> None:
    network_1, network_2 = method.candidates["F1"], method.candidates["F2"]
    for (first, second), labels in batches:
        count = len(labels)
        optimizer.zero_grad()
        logits_1, logits_2 = network_1(first), network_2(second)
        loss = weights["supervised_1"] * multilabel_cross_entropy(logits_1[:count], labels)
        loss = loss + weights["supervised_2"] * multilabel_cross_entropy(logits_2[:count], labels)
        consistency = consistency_mse(logits_1[:count], logits_2[:count], "multilabel")
        loss = loss + weights["consistency_labeled"] * consistency
        consistency = consistency_mse(logits_1[count:], logits_2[count:], "multilabel")
        loss = loss + weights["consistency_unlabeled"] * consistency
        loss.backward()
        optimizer.step()


@torch.no_grad()
def average(target: nn.Module, source: nn.Module, decay: float) -> None:
    for mean, value in zip(target.parameters(), source.parameters(), strict=True):
        mean.mul_(decay).add_(value.detach(), alpha=1 - decay)


BARE_LOOPS: dict[str, Callable[..., None]] = {
    "supervised": supervised,
    "mean_teacher": mean_teacher,
    "noteacher": noteacher,
}
