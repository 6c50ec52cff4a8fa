"""What every semi-supervised method is: networks, and named losses on a two-stream batch."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from monai_ssl.losses.classification import SupervisedLoss
from monai_ssl.tasks import Task, check_task

__all__ = ["Batch", "Method", "joint_images"]

Batch = Mapping[str, Sequence[Mapping[str, Tensor]]]
"""``{"labeled": views, "unlabeled": views}``: each a list of augmented views of the same images, each view a dictionary
with ``"image"`` ``(B, C, *spatial)``, for labeled images ``"label"``, and for unlabeled ones that have it
``"pseudo_label"``, which is a teacher's."""


class Method(nn.Module, ABC):
    """Networks and their unweighted, named losses; optimisers, devices, weights and logging are the engine's.

    A subclass says how many views of each stream it wants, names its loss terms for each phase, and computes them. A
    phase is a method of the same form as :meth:`losses` with an optimiser of its own; most methods have the one.

    Args:
        task: ``"multilabel"`` or ``"multiclass"``.
        class_weights: weights of the classes in the supervised loss, for ``"multiclass"`` only.
        supervised_loss: a loss of (logits, labels) in place of :class:`monai_ssl.losses.SupervisedLoss`.

    Raises:
        ValueError: for an unknown task, or class weights beside a loss that would not know of them.
    """

    views: ClassVar[dict[str, int]]
    """Views that a batch must have, by stream: ``{"labeled": 1, "unlabeled": 0}`` uses no unlabeled image."""

    loss_names: ClassVar[dict[str, tuple[str, ...]]]
    """Names of the loss terms, by phase."""

    def __init__(
        self, task: Task, class_weights: list[float] | None = None, supervised_loss: nn.Module | None = None
    ) -> None:
        super().__init__()
        if class_weights is not None and supervised_loss is not None:
            raise ValueError("`class_weights` are of the cross-entropy: give them to your `supervised_loss` itself.")
        self.task = check_task(task)
        self.supervised_loss = supervised_loss or SupervisedLoss(task, class_weights)

    @property
    @abstractmethod
    def candidates(self) -> dict[str, nn.Module]:
        """The networks to validate, by name; each maps an image to logits."""

    @property
    def network(self) -> nn.Module:
        """The network that is deployed: the first of :attr:`candidates`, unless the method has an option for it."""
        return next(iter(self.candidates.values()))

    @abstractmethod
    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the unweighted scalar losses of a batch, by name."""

    def forward(self, batch: Batch, phase: str = "losses") -> dict[str, Tensor]:
        """Return the losses of a phase. It is what ``DistributedDataParallel`` calls, which knows only ``forward``."""
        return getattr(self, phase)(batch)

    def trainable_parameters(self) -> Iterator[nn.Parameter]:
        """Yield what an optimiser should be given: the parameters that are not a teacher's."""
        return (parameter for parameter in self.parameters() if parameter.requires_grad)

    def extra_repr(self) -> str:
        """Return the task and the loss names, for the printed module."""
        return f"task={self.task!r}, loss_names={self.loss_names}"


def joint_images(batch: Batch, view: int) -> Tensor:
    """Concatenate a view's labeled and unlabeled images, so that BatchNorm sees both streams at once."""
    streams = [batch[name][view]["image"] for name in ("labeled", "unlabeled") if batch.get(name)]
    return torch.cat(streams) if len(streams) > 1 else streams[0]
