"""A robust loss by its name, so that a configuration chooses it by one value."""

from inspect import Parameter, signature
from typing import Any

from torch import Tensor, nn

from monai_ssl.errors import InputError
from monai_ssl.losses.robust.beta import BetaCrossEntropyLoss
from monai_ssl.losses.robust.cross_entropy import CrossEntropyLoss
from monai_ssl.losses.robust.generalized import GeneralizedCrossEntropyLoss
from monai_ssl.losses.robust.settings import LabelLoss, ModuleSettings
from monai_ssl.losses.robust.symmetric import SymmetricCrossEntropyLoss
from monai_ssl.tasks import Task

__all__ = ["RobustLoss"]

_LOSSES: dict[str, type[LabelLoss]] = {
    "ce": CrossEntropyLoss,
    "gce": GeneralizedCrossEntropyLoss,
    "bce": BetaCrossEntropyLoss,
    "sce": SymmetricCrossEntropyLoss,
}


class RobustLoss(nn.Module):
    """One of the losses that the source compares.

    - ``"ce"``: :class:`~monai_ssl.losses.CrossEntropyLoss`, without parameters;
    - ``"gce"``: :class:`~monai_ssl.losses.GeneralizedCrossEntropyLoss` with ``q`` (0.7);
    - ``"bce"``: :class:`~monai_ssl.losses.BetaCrossEntropyLoss` with ``beta`` (beta, not binary, cross-entropy);
    - ``"sce"``: :class:`~monai_ssl.losses.SymmetricCrossEntropyLoss` with ``alpha``, ``gamma`` and ``log_zero`` (-4).

    Source: Semi-supervised Learning using Robust Loss, section 2.1.

    Args:
        name: of the loss.
        task: ``"multiclass"`` or ``"multilabel"``.
        parameters: of the loss, and ``weight``, ``ignore_index``, ``reduction`` and ``label_smoothing`` of each.

    Raises:
        InputError: for an unknown name, parameter or task, a parameter that is missing, or a value that cannot be used.
    """

    def __init__(self, name: str = "gce", task: Task = "multiclass", **parameters: Any) -> None:
        super().__init__()
        if name not in _LOSSES:
            raise InputError(f"There is no loss {name!r}. Name one of {', '.join(_LOSSES)}.")
        shared = tuple(ModuleSettings.__annotations__)
        of_all = (*shared, "task", "settings")
        own = {key: value for key, value in signature(_LOSSES[name]).parameters.items() if key not in of_all}
        known = [*own, *shared]
        unknown = [key for key in parameters if key not in known]
        if unknown:
            raise InputError(f"The loss {name!r} has no {_listed(unknown)}. It has {_listed(known)}.")
        missing = [key for key, value in own.items() if value.default is Parameter.empty and key not in parameters]
        if missing:
            raise InputError(f"The loss {name!r} needs a value for {_listed(missing)}. Give it beside the name.")
        self.name, self.task = name, task
        self.loss = _LOSSES[name](task=task, **parameters)

    def forward(self, logits: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the loss of ``logits`` against ``target``; see :func:`~monai_ssl.losses.cross_entropy` for shapes."""
        return self.loss(logits, target, mask)


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
