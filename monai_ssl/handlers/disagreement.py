"""How far two networks disagree, and how much a validation metric wavers."""

import statistics
from collections.abc import Callable, Sequence
from typing import Any

import torch
from ignite.engine import Engine, Events
from ignite.metrics import Metric
from ignite.metrics.metric import reinit__is_reduced, sync_all_reduce
from monai.utils import convert_to_tensor

from monai_ssl.errors import InputError
from monai_ssl.tasks import check_task

__all__ = ["DisagreementCount", "MetricVariance"]


class DisagreementCount(Metric):
    """Number of images on which two networks' predictions differ, summed over an evaluation and over processes.

    Multi-label: the images with at least one class that one network calls positive (probability at or above 0.5) and
    the other does not. Multi-class: the images whose most probable classes differ.

    Source: NoTeacher, "Performance Analyses": "the disagreement count or the number of validation images with different
    predictions".

    Args:
        task: "multilabel" or "multiclass".
        output_transform: takes ``engine.state.output``, gives the two networks' probabilities, each (B, C) or a list of
            (C,): ``from_engine(["F1", "F2"])``.
        device: where the count is kept.

    Raises:
        InputError: for another task, or predictions that are not two of one shape (B, C).
    """

    def __init__(
        self,
        task: str = "multilabel",
        output_transform: Callable[[Any], Any] = lambda output: output,
        device: str | torch.device = "cpu",
    ) -> None:
        self.task = check_task(task)
        super().__init__(output_transform=output_transform, device=device)

    @reinit__is_reduced
    def reset(self) -> None:
        """Start from zero."""
        self._count = torch.zeros((), dtype=torch.int64, device=self._device)

    @reinit__is_reduced
    def update(self, output: Sequence[torch.Tensor]) -> None:
        """Count the images of a batch on which the two differ.

        Args:
            output: the two networks' probabilities, each (B, C).
        """
        first, second = (convert_to_tensor(part, track_meta=False).detach() for part in output)
        if first.ndim != 2 or first.shape != second.shape:
            raise InputError(
                f"predictions of shapes {tuple(first.shape)} and {tuple(second.shape)} cannot be compared. "
                "Give two of one shape, (images, classes): check output_transform."
            )
        if self.task == "multilabel":
            differs = ((first >= 0.5) != (second >= 0.5)).any(dim=1)
        else:
            differs = first.argmax(dim=1) != second.argmax(dim=1)
        self._count += differs.sum().to(self._device)

    @sync_all_reduce("_count")
    def compute(self) -> int:
        """Give the number of images, the same in every process."""
        return int(self._count.item())


class MetricVariance:
    r"""Variance of a validation metric over the validations that ran after a given training iteration.

    .. math:: \frac{1}{n} \sum_{i=1}^{n} (m_i - \bar m)^2

    over the n validations after ``start_iteration`` (divided by n, not n - 1). Attached to the trainer, it puts the
    variance into ``trainer.state.metrics[f"{metric_name}_variance"]`` after each validation, from the second on; it
    does not matter whether it is attached before or after the handler that runs the validation. A validation that is
    run again at the same iteration replaces the earlier one. With ``state_dict`` it can join a checkpoint.

    Source: NoTeacher, "Performance Analyses": "after the first 400 iterations, NoT maintains an AUROC variance of
    8.39e-5".

    Args:
        metric_name: key in ``evaluator.state.metrics``; its value must be a number.
        start_iteration: validations up to and including this training iteration are left out, at least 0.
        evaluator: the engine that validates.

    Raises:
        InputError: for a negative ``start_iteration``; after a validation that does not give the metric.
    """

    def __init__(self, metric_name: str, start_iteration: int, evaluator: Engine) -> None:
        if start_iteration < 0:
            raise InputError(f"start_iteration is {start_iteration}. Give a training iteration, 0 or later.")
        self.metric_name = metric_name
        self.evaluator = evaluator
        self.start_iteration = start_iteration
        self._values: dict[int, float] = {}

    def attach(self, trainer: Engine) -> None:
        """Watch the validations that run while ``trainer`` trains."""
        self.evaluator.add_event_handler(Events.COMPLETED, self._validated, trainer)

    def state_dict(self) -> dict[str, list[float]]:
        """Give the values so far and the training iterations they belong to."""
        return {"iterations": list(self._values), "values": list(self._values.values())}

    def load_state_dict(self, state_dict: dict[str, list[float]]) -> None:
        """Go on from the values of a checkpoint."""
        iterations = map(int, state_dict["iterations"])
        self._values = dict(zip(iterations, state_dict["values"], strict=True))

    def _validated(self, trainer: Engine) -> None:
        if self.metric_name not in self.evaluator.state.metrics:
            known = ", ".join(map(repr, self.evaluator.state.metrics)) or "none"
            raise InputError(f"the validation gives no metric {self.metric_name!r}. Name one that it gives: {known}.")
        if trainer.state.iteration <= self.start_iteration:
            return
        self._values[trainer.state.iteration] = float(self.evaluator.state.metrics[self.metric_name])
        if len(self._values) > 1:
            trainer.state.metrics[f"{self.metric_name}_variance"] = statistics.pvariance(self._values.values())
