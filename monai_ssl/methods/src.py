"""Sample relation consistency: a Mean Teacher that agrees on how images relate to each other, too."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from monai_ssl.losses.relation import RelationLoss
from monai_ssl.methods.base import Batch, joint_images
from monai_ssl.methods.contrastive import check_comparable
from monai_ssl.methods.mean_teacher import MeanTeacher, TeacherMode
from monai_ssl.networks.features import LayerFeatures
from monai_ssl.tasks import Task

__all__ = ["SRC"]


class SRC(MeanTeacher):
    """``L = L_sup(y_l, f_S(x_l)) + w(t) (MSE(p_S, p_T) + L_SRC)``, the second part over labeled and unlabeled images.

    Student, teacher and views are those of :class:`MeanTeacher`; ``L_SRC`` compares the relations of the images of the
    batch, see :func:`monai_ssl.losses.relation_loss`.

    Source: SRCL, algorithm 2 and equation 1, after Liu et al., IEEE TMI 39(11), 2020. The text updates the teacher once
    an epoch; here, as in the code of Liu et al., it is updated after each step.

    Args:
        network: the student; the teacher begins as its copy.
        features: takes the features of a layer of both.
        task: ``"multilabel"`` or ``"multiclass"``.
        class_weights: weights of the classes in the supervised term, for ``"multiclass"`` only.
        supervised_loss: a loss of (logits, labels) in place of cross-entropy; the source's is
            :class:`monai_ssl.losses.BrierLoss`.
        relation_loss: the loss of the features of student and teacher.
        teacher_mode: as for :class:`MeanTeacher`.

    Raises:
        ValueError: for an unknown task or teacher mode.
    """

    loss_names: ClassVar[dict[str, tuple[str, ...]]] = {"losses": ("supervised", "consistency", "relation")}

    def __init__(
        self,
        network: nn.Module,
        features: LayerFeatures,
        task: Task,
        class_weights: list[float] | None = None,
        supervised_loss: nn.Module | None = None,
        relation_loss: RelationLoss | None = None,
        teacher_mode: TeacherMode = "train",
    ) -> None:
        super().__init__(network, task, class_weights, supervised_loss, teacher_mode)
        self.features, self.relation_loss = features, relation_loss or RelationLoss()

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return ``{"supervised": ..., "consistency": ..., "relation": ...}``.

        Raises:
            InputError: for a batch of one image.
        """
        return self.relational(batch)[0]

    def relational(self, batch: Batch) -> tuple[dict[str, Tensor], Tensor]:
        """Return the three terms, and the student's features ``(B, F)`` of view 0."""
        check_comparable(batch)
        student, features = self.features(self.student, joint_images(batch, 0))
        with torch.no_grad():
            teacher, target = self.features(self.teacher, joint_images(batch, 1))
        terms = self.agreement(student, teacher, batch["labeled"][0]["label"])
        return terms | {"relation": self.relation_loss(features, target)}, features
