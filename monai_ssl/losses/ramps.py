"""Weights that change while training: ramps by iteration or by epoch."""

import math
from abc import ABC, abstractmethod
from typing import Literal, get_args

__all__ = ["Constant", "CosineRamp", "LinearRamp", "Ramp", "SigmoidRamp", "sigmoid_rampup"]

Unit = Literal["iteration", "epoch"]


def sigmoid_rampup(t: float, length: float) -> float:
    """Return ``exp(-5 (1 - t / length)^2)`` for ``t < length``, 1 after; ``length = 0`` gives 1.

    Source: Mean Teacher (Tarvainen and Valpola, 2017), after Laine and Aila, 2017.
    """
    if t >= length:
        return 1.0
    return math.exp(-5.0 * (1.0 - max(t, 0.0) / length) ** 2)


class Ramp(ABC):
    """A weight as a function of training progress: 0 before ``start``, then rising to ``value`` within ``length``.

    A ramp has no state: it is called with the progress and gives the weight, so a resumed run continues where it was.
    It can also serve as ``lambda_obj`` of Ignite's ``LambdaStateScheduler``, to drive any attribute of the state.

    Args:
        value: the weight at the end of the ramp.
        length: how long it rises, in ``unit``; 0 for no ramp.
        start: the weight is 0 while the progress is below it, in ``unit``.
        unit: ``"iteration"`` (training steps already taken) or ``"epoch"`` (with its fraction).

    Raises:
        ValueError: for a negative or infinite number or an unknown unit.
    """

    def __init__(self, value: float = 1.0, length: float = 0.0, start: float = 0.0, unit: Unit = "epoch") -> None:
        for name, number in {"value": value, "length": length, "start": start}.items():
            if not 0 <= number < float("inf"):
                raise ValueError(f"`{name}` must be finite and not negative, got {number!r}.")
        if unit not in get_args(Unit):
            raise ValueError(f"`unit` must be one of {get_args(Unit)}, got {unit!r}.")
        self.value, self.length, self.start, self.unit = value, length, start, unit

    @abstractmethod
    def shape(self, fraction: float) -> float:
        """Return the height in [0, 1] at ``fraction`` of the rise, which is in [0, 1)."""

    def __call__(self, progress: float) -> float:
        """Return the weight at ``progress``, in ``unit``."""
        elapsed = progress - self.start
        if elapsed < 0:
            return 0.0
        if elapsed >= self.length:
            return self.value
        return self.value * self.shape(elapsed / self.length)

    def at(self, iteration: int, epoch_length: int) -> float:
        """Return the weight for the step after ``iteration`` steps, with ``epoch_length`` steps an epoch."""
        return self(iteration if self.unit == "iteration" else iteration / epoch_length)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(value={self.value}, length={self.length}, start={self.start}, unit={self.unit!r})"
        )


class Constant(Ramp):
    """The same weight all the time, after an optional ``start``."""

    def __init__(self, value: float = 1.0, start: float = 0.0, unit: Unit = "epoch") -> None:
        super().__init__(value, 0.0, start, unit)

    def shape(self, fraction: float) -> float:  # noqa: ARG002
        """Return 1: there is no rise."""
        return 1.0


class LinearRamp(Ramp):
    """``value * t / length``."""

    def shape(self, fraction: float) -> float:
        """Return ``fraction``."""
        return fraction


class CosineRamp(Ramp):
    """``value * (1 - cos(pi t / length)) / 2``."""

    def shape(self, fraction: float) -> float:
        """Return half a cosine wave, rising."""
        return 0.5 * (1.0 - math.cos(math.pi * fraction))


class SigmoidRamp(Ramp):
    """``value * exp(-5 (1 - t / length)^2)``, see :func:`sigmoid_rampup`."""

    def shape(self, fraction: float) -> float:
        """Return the sigmoid-shaped rise."""
        return sigmoid_rampup(fraction, 1.0)
