"""NoTeacher: two independent networks that must agree with the labels and with each other."""

from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from monai_ssl.losses.consistency import consistency_mse
from monai_ssl.methods.base import Batch, Method, joint_images
from monai_ssl.networks.mean import MeanProbability
from monai_ssl.tasks import Task

__all__ = ["NoTeacher"]

Output = Literal["average", "F1", "F2"]


class NoTeacher(Method):
    """Four terms, weighted by :func:`monai_ssl.losses.consensus_weights`.

    ``L = l_y1 CE(y, f1_l) + l_y2 CE(y, f2_l) + l_12 MSE(p1_l, p2_l) + (n_u / n_l) lu_12 MSE(p1_u, p2_u)``

    Each network sees an augmentation of its own (views 0 and 1), gradient flows through both, and neither is an
    average of the other. Labeled and unlabeled images go through a network together, so that BatchNorm's statistics are
    those of both.

    Source: NoTeacher, equations 2 to 4. The paper deploys one output without saying which; the default here is the
    average of both networks' probabilities.

    Args:
        network_1: F1.
        network_2: F2, of the same architecture with other initial weights.
        task: ``"multilabel"`` or ``"multiclass"``.
        class_weights: weights of the classes in the supervised terms, for ``"multiclass"`` only.
        supervised_loss: a loss of (logits, labels) in place of cross-entropy in both supervised terms, such as MONAI's
            ``DiceCELoss`` for masks.
        output: what is deployed: ``"average"``, ``"F1"`` or ``"F2"``. All three are validated.

    Raises:
        ValueError: for an unknown task or output, class weights beside a loss that would not know of them, or where the
            networks share parameters, differ in architecture, or start from the same weights (they would have nothing
            to teach each other).
    """

    views: ClassVar[dict[str, int]] = {"labeled": 2, "unlabeled": 2}
    loss_names: ClassVar[dict[str, tuple[str, ...]]] = {
        "losses": ("supervised_1", "supervised_2", "consistency_labeled", "consistency_unlabeled")
    }

    def __init__(
        self,
        network_1: nn.Module,
        network_2: nn.Module,
        task: Task,
        class_weights: list[float] | None = None,
        supervised_loss: nn.Module | None = None,
        output: Output = "average",
    ) -> None:
        super().__init__(task, class_weights, supervised_loss)
        _check_independent(network_1, network_2)
        self.average = MeanProbability({"F1": network_1, "F2": network_2}, task)
        if output not in self.candidates:
            raise ValueError(f"`output` must be one of {tuple(self.candidates)}, got {output!r}.")
        self.output = output

    @property
    def candidates(self) -> dict[str, nn.Module]:
        """The average and the two networks."""
        networks = self.average.networks
        return {"average": self.average, "F1": networks["F1"], "F2": networks["F2"]}

    @property
    def network(self) -> nn.Module:
        """The network that is deployed, by ``output``."""
        return self.candidates[self.output]

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return the four terms."""
        labels = batch["labeled"][0]["label"]
        labeled = len(labels)
        networks = self.average.networks
        logits_1 = networks["F1"](joint_images(batch, 0))
        logits_2 = networks["F2"](joint_images(batch, 1))
        return {
            "supervised_1": self.supervised_loss(logits_1[:labeled], labels),
            "supervised_2": self.supervised_loss(logits_2[:labeled], labels),
            "consistency_labeled": consistency_mse(logits_1[:labeled], logits_2[:labeled], self.task),
            "consistency_unlabeled": consistency_mse(logits_1[labeled:], logits_2[labeled:], self.task),
        }


def _check_independent(network_1: nn.Module, network_2: nn.Module) -> None:
    states = network_1.state_dict(), network_2.state_dict()
    if {k: v.shape for k, v in states[0].items()} != {k: v.shape for k, v in states[1].items()}:
        raise ValueError("`network_1` and `network_2` must have the same architecture: their states differ.")
    parameters = list(zip(network_1.parameters(), network_2.parameters(), strict=True))
    if any(first is second for first, second in parameters):
        raise ValueError("`network_1` and `network_2` must not share parameters.")
    if all(torch.equal(first, second) for first, second in parameters):
        raise ValueError("`network_1` and `network_2` must start from different weights, not from copies.")
