"""Mean Teacher: agree with a teacher that is the running average of oneself."""

from copy import deepcopy
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor, nn

from monai_ssl.losses.consistency import consistency_mse
from monai_ssl.methods.base import Batch, Method, joint_images
from monai_ssl.tasks import Task

__all__ = ["MeanTeacher"]

TeacherMode = Literal["train", "eval"]


class MeanTeacher(Method):
    """``L = CE(y_l, f_S(x_l)) + w(t) MSE(p_S, p_T)``, the second term over labeled and unlabeled images.

    Student and teacher each see an augmentation of their own of the same image (views 0 and 1). No gradient passes
    through the teacher; :class:`monai_ssl.handlers.EMAHandler` updates it. Labeled and unlabeled images go through a
    network together, so that BatchNorm's statistics are those of both.

    Source: NoTeacher, equation 1, after Tarvainen and Valpola, 2017. The ramp ``w(t)`` is the engine's.

    Args:
        network: the student; the teacher begins as its copy.
        task: ``"multilabel"`` or ``"multiclass"``.
        class_weights: weights of the classes in the supervised term, for ``"multiclass"`` only.
        supervised_loss: a loss of (logits, labels) in place of cross-entropy, such as
            :class:`monai_ssl.losses.BrierLoss`.
        teacher_mode: ``"train"``: the teacher normalises with its batch's statistics and drops out, as the student does
            and as in the original code (the EMA handler should then leave its buffers its ``"own"``); ``"eval"``: it
            normalises with its running statistics.

    Raises:
        ValueError: for an unknown task or teacher mode.
    """

    views: ClassVar[dict[str, int]] = {"labeled": 2, "unlabeled": 2}
    loss_names: ClassVar[dict[str, tuple[str, ...]]] = {"losses": ("supervised", "consistency")}

    def __init__(
        self,
        network: nn.Module,
        task: Task,
        class_weights: list[float] | None = None,
        supervised_loss: nn.Module | None = None,
        teacher_mode: TeacherMode = "train",
    ) -> None:
        super().__init__(task, class_weights, supervised_loss)
        if teacher_mode not in get_args(TeacherMode):
            raise ValueError(f"`teacher_mode` must be one of {get_args(TeacherMode)}, got {teacher_mode!r}.")
        self.student = network
        self.teacher = deepcopy(network).requires_grad_(False)
        self.teacher_mode = teacher_mode

    @property
    def candidates(self) -> dict[str, nn.Module]:
        """The teacher, which is used at test time, and the student."""
        return {"teacher": self.teacher, "student": self.student}

    def train(self, mode: bool = True) -> "MeanTeacher":
        """Set the mode of the student, and of the teacher as ``teacher_mode`` says."""
        super().train(mode)
        self.teacher.train(mode and self.teacher_mode == "train")
        return self

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return ``{"supervised": ..., "consistency": ...}``."""
        student = self.student(joint_images(batch, 0))
        with torch.no_grad():
            teacher = self.teacher(joint_images(batch, 1))
        return self.agreement(student, teacher, batch["labeled"][0]["label"])

    def agreement(self, student: Tensor, teacher: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return the terms of the logits of both networks, the labeled images first."""
        return {
            "supervised": self.supervised_loss(student[: len(labels)], labels),
            "consistency": consistency_mse(student, teacher, self.task),
        }
