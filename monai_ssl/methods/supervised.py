"""The baseline: supervised training on the labeled images, with an EMA copy kept beside it."""

from copy import deepcopy
from typing import ClassVar

from torch import Tensor, nn

from monai_ssl.methods.base import Batch, Method
from monai_ssl.tasks import Task

__all__ = ["Supervised"]


class Supervised(Method):
    """``L = CE(y_l, f(x_l))``; unlabeled images are not looked at.

    The EMA copy never learns by gradient; :class:`monai_ssl.handlers.EMAHandler` updates it. The source keeps one for
    its supervised baseline and reports the better of the two, "so that performance gains reported are not just because
    of averaging".

    Source: NoTeacher, section 3.

    Args:
        network: maps an image ``(B, C, *spatial)`` to logits.
        task: ``"multilabel"`` or ``"multiclass"``.
        class_weights: weights of the classes, for ``"multiclass"`` only.
        supervised_loss: a loss of (logits, labels) in place of cross-entropy, such as MONAI's ``DiceCELoss`` for masks.
        keep_ema: whether there is an EMA copy.
    """

    views: ClassVar[dict[str, int]] = {"labeled": 1, "unlabeled": 0}
    loss_names: ClassVar[dict[str, tuple[str, ...]]] = {"losses": ("supervised",)}

    def __init__(
        self,
        network: nn.Module,
        task: Task,
        class_weights: list[float] | None = None,
        supervised_loss: nn.Module | None = None,
        keep_ema: bool = True,
    ) -> None:
        super().__init__(task, class_weights, supervised_loss)
        self.student = network
        self.ema = deepcopy(network).requires_grad_(False) if keep_ema else None

    @property
    def candidates(self) -> dict[str, nn.Module]:
        """The trained network and its EMA copy."""
        copies = {} if self.ema is None else {"ema": self.ema}
        return {"network": self.student, **copies}

    def train(self, mode: bool = True) -> "Supervised":
        """Set the mode of the student; the EMA copy is only ever evaluated."""
        super().train(mode)
        if self.ema is not None:
            self.ema.eval()
        return self

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return ``{"supervised": ...}``."""
        view = batch["labeled"][0]
        return {"supervised": self.supervised_loss(self.student(view["image"]), view["label"])}
