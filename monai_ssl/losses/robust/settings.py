"""What all robust losses can be told, with the meaning that it has for :class:`torch.nn.CrossEntropyLoss`."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Literal, TypedDict, get_args

import torch
from torch import Tensor, nn

from monai_ssl.errors import InputError
from monai_ssl.tasks import Task, check_task

__all__ = ["LabelLoss", "ModuleSettings", "Reduction", "Settings", "check_number", "check_settings"]

Reduction = Literal["mean", "sum", "none"]


class Settings(TypedDict, total=False):
    """The keyword arguments of the functions.

    Attributes:
        task: ``"multiclass"`` (softmax, the default) or ``"multilabel"`` (a Bernoulli pair ``(1 - p, p)`` for each
            label, summed over the labels).
        mask: true or above 0 where a position counts: ``(B, *spatial)`` or ``(B, 1, *spatial)``, or what broadcasts to
            it axis by axis; ``(B,)`` takes out whole images.
        weight: ``(C,)``, of the label's class, for ``"multiclass"``. The mean over hard labels is then a weighted one.
        ignore_index: hard labels (and those of ``"multilabel"``) with this value are missing, as all negative ones are.
        reduction: ``"mean"`` over the positions that have a label, ``"sum"``, or ``"none"``: ``(B, *spatial)``, 0 where
            a label is missing.
        label_smoothing: in [0, 1], how much of a label is spread evenly over all classes.
    """

    task: Task
    mask: Tensor | None
    weight: Tensor | None
    ignore_index: int
    reduction: Reduction
    label_smoothing: float


class ModuleSettings(TypedDict, total=False):
    """The keyword arguments that all modules have: those of :class:`Settings` but for task and mask."""

    weight: Sequence[float] | Tensor | None
    ignore_index: int
    reduction: Reduction
    label_smoothing: float


def check_number(name: str, value: float, valid: Callable[[float], bool], where: str) -> float:
    """Give a number back, if it is one and valid.

    Raises:
        InputError: if not.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not valid(value):
        raise InputError(f"`{name}` is {value!r}. Give a number {where}.")
    return value


def check_settings(settings: Settings) -> None:
    """Check all but the tensors.

    Raises:
        InputError: for a value that cannot be used.
    """
    task = check_task(settings.get("task", "multiclass"))
    reduction = settings.get("reduction", "mean")
    if reduction not in get_args(Reduction):
        raise InputError(f"`reduction` is {reduction!r}. Give one of {', '.join(get_args(Reduction))}.")
    check_number("label_smoothing", settings.get("label_smoothing", 0.0), lambda value: 0 <= value <= 1, "from 0 to 1")
    check_number("ignore_index", settings.get("ignore_index", -100), lambda value: value == int(value), "without parts")
    if settings.get("weight") is not None and task != "multiclass":
        raise InputError("`weight` is of the classes of the task 'multiclass'. Leave it out for 'multilabel'.")


class LabelLoss(nn.Module, ABC):
    """A loss of (logits, target) with the settings of :class:`torch.nn.CrossEntropyLoss`, task and mask.

    Args:
        task: ``"multiclass"`` or ``"multilabel"``.
        weight: see :class:`Settings`; so are the others.
        ignore_index: a value of missing labels.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        label_smoothing: in [0, 1].

    Raises:
        InputError: for a value that cannot be used.
    """

    weight: Tensor | None

    def __init__(
        self,
        task: Task = "multiclass",
        weight: Sequence[float] | Tensor | None = None,
        ignore_index: int = -100,
        reduction: Reduction = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        # Not in the state: a weight of the loss is a setting, and checkpoints hold what was learnt.
        made = None if weight is None else torch.as_tensor(weight, dtype=torch.float32)
        self.register_buffer("weight", made, persistent=False)
        self._settings = Settings(
            task=task, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing
        )
        check_settings(self.settings(None))

    @property
    def task(self) -> Task:
        """The task."""
        return self._settings["task"]

    def settings(self, mask: Tensor | None) -> Settings:
        """The keyword arguments of the function."""
        return Settings(**self._settings, mask=mask, weight=self.weight)

    @abstractmethod
    def forward(self, logits: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return the loss of ``logits`` against ``target``; the function says which shapes they may have."""

    def extra_repr(self) -> str:
        """Return the numbers and the settings, for the printed module."""
        numbers = {name: value for name, value in vars(self).items() if isinstance(value, int | float)}
        del numbers["training"]
        return ", ".join(f"{name}={value!r}" for name, value in {**numbers, **self._settings}.items())
