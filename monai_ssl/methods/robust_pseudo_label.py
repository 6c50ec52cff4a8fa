"""Training on labels and on a teacher's guesses, with a loss that wrong guesses cannot pull at without bound."""

from typing import ClassVar

from torch import Tensor, nn

from monai_ssl.errors import InputError
from monai_ssl.methods.base import Batch, Method, joint_images
from monai_ssl.tasks import Task

__all__ = ["RobustPseudoLabel"]


class RobustPseudoLabel(Method):
    """``L = CE(y_l, f(x_l)) + w R(yhat_u, f(x_u))``, with the pseudo-labels ``yhat`` of a teacher and R a robust loss.

    It is the student's training. The teacher was trained before on the labeled images alone, and what it said of the
    unlabeled ones comes with them, as ``"pseudo_label"``, missing where it was not sure enough. Labeled and unlabeled
    images go through the network together, so that BatchNorm's statistics are those of both.

    Source: Semi-supervised Learning using Robust Loss, section 2.2. The text joins the two sets; here they are two
    streams, each with a mean and a weight of its own, so that their sizes do not decide how much each counts.

    Args:
        network: the student; maps an image ``(B, C, *spatial)`` to logits.
        task: ``"multilabel"`` or ``"multiclass"``.
        pseudo_loss: R, a loss of (logits, pseudo-labels), such as :class:`monai_ssl.losses.RobustLoss`.
        class_weights: weights of the classes in the supervised term, for ``"multiclass"`` only.
        supervised_loss: a loss of (logits, labels) in place of cross-entropy, such as MONAI's ``DiceCELoss`` for masks.

    Raises:
        ValueError: for an unknown task, or class weights beside a loss that would not know of them.
        InputError: for a loss of another task.
    """

    views: ClassVar[dict[str, int]] = {"labeled": 1, "unlabeled": 1}
    loss_names: ClassVar[dict[str, tuple[str, ...]]] = {"losses": ("supervised", "pseudo")}

    def __init__(
        self,
        network: nn.Module,
        task: Task,
        pseudo_loss: nn.Module,
        class_weights: list[float] | None = None,
        supervised_loss: nn.Module | None = None,
    ) -> None:
        super().__init__(task, class_weights, supervised_loss)
        for name, loss in {"pseudo_loss": pseudo_loss, "supervised_loss": self.supervised_loss}.items():
            of = getattr(loss, "task", task)
            if of != task:
                raise InputError(f"`{name}` is of the task {of!r}, the labels are {task!r}. Give the loss this task.")
        self.student, self.pseudo_loss = network, pseudo_loss

    @property
    def candidates(self) -> dict[str, nn.Module]:
        """The student."""
        return {"student": self.student}

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return ``{"supervised": ..., "pseudo": ...}``.

        Raises:
            InputError: when the unlabeled images have no pseudo-labels.
        """
        labels, unlabeled = batch["labeled"][0]["label"], batch["unlabeled"][0]
        if "pseudo_label" not in unlabeled:
            raise InputError(
                "The unlabeled images come without 'pseudo_label'. First run the stage that writes the teacher's "
                "pseudo-labels, and load them with `pseudo_labels=True`."
            )
        logits = self.student(joint_images(batch, 0))
        return {
            "supervised": self.supervised_loss(logits[: len(labels)], labels),
            "pseudo": self.pseudo_loss(logits[len(labels) :], unlabeled["pseudo_label"]),
        }
