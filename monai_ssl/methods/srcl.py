"""Semi-supervised relational contrastive learning in one stage."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from monai_ssl.losses.contrastive import SupervisedContrastiveLoss
from monai_ssl.losses.relation import RelationLoss
from monai_ssl.methods.base import Batch, joint_images
from monai_ssl.methods.contrastive import check_positives, joint_labels
from monai_ssl.methods.mean_teacher import TeacherMode
from monai_ssl.methods.src import SRC
from monai_ssl.networks.features import LayerFeatures
from monai_ssl.tasks import Task

__all__ = ["SRCL"]


class SRCL(SRC):
    """:class:`SRC` and the supervised contrastive loss together: the text's SRCL-Joint.

    The student sees both views; the contrastive loss is of its projections of them. (SRCL in two stages is
    :class:`ContrastivePretraining`, and then :class:`SRC` on what that has learnt.)

    Source: SRCL, section 3, "combine supervised contrastive loss and SRC to form a multi-task learning objective".

    Args:
        network: the student; the teacher begins as its copy.
        head: maps the layer's features ``(B, F)`` to projections ``(B, D)``.
        features: takes the features of a layer of both.
        task: ``"multilabel"`` or ``"multiclass"``.
        class_weights: weights of the classes in the supervised term, for ``"multiclass"`` only.
        supervised_loss: as for :class:`SRC`.
        relation_loss: as for :class:`SRC`.
        contrastive_loss: the loss of projections ``(2, B, D)`` and labels.
        teacher_mode: as for :class:`MeanTeacher`.

    Raises:
        ValueError: for an unknown task or teacher mode.
        InputError: for a loss that compares label vectors, with ``"multiclass"``.
    """

    loss_names: ClassVar[dict[str, tuple[str, ...]]] = {
        "losses": ("supervised", "consistency", "relation", "contrastive")
    }

    def __init__(
        self,
        network: nn.Module,
        head: nn.Module,
        features: LayerFeatures,
        task: Task,
        class_weights: list[float] | None = None,
        supervised_loss: nn.Module | None = None,
        relation_loss: RelationLoss | None = None,
        contrastive_loss: SupervisedContrastiveLoss | None = None,
        teacher_mode: TeacherMode = "train",
    ) -> None:
        super().__init__(network, features, task, class_weights, supervised_loss, relation_loss, teacher_mode)
        self.head = head
        self.contrastive_loss = check_positives(contrastive_loss or SupervisedContrastiveLoss(), task)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the terms of :class:`SRC`, and ``"contrastive"``.

        Raises:
            InputError: for a batch of one image.
        """
        terms, first = self.relational(batch)
        _, second = self.features(self.student, joint_images(batch, 1))
        projections = torch.stack([self.head(features) for features in (first, second)])
        return terms | {"contrastive": self.contrastive_loss(projections, joint_labels(batch, self.task))}
