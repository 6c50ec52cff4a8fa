"""Whether a file gives what the network gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from monai_ssl.export.source import as_outputs
from monai_ssl.losses.consistency import probabilities
from monai_ssl.tasks import Task

__all__ = ["BATCH_SIZES", "TOLERANCE", "Difference", "Reference", "Run"]

TOLERANCE = 1e-5
BATCH_SIZES = (1, 3)

Run = Callable[[Tensor], Mapping[str, Tensor]]
"""Maps images to outputs by name."""


@dataclass(frozen=True)
class Difference:
    """The largest differences between two sets of outputs, over all positions, classes and outputs.

    Args:
        logits: absolute, of each output divided by its largest absolute logit or, if that is below 1, by 1: logits that
            differ by less stand for the same probability.
        probabilities: absolute, of what sigmoid or softmax make of the logits.
    """

    logits: float
    probabilities: float

    @property
    def accepted(self) -> bool:
        """Whether both are at most :data:`TOLERANCE`; NaN is not."""
        return self.logits <= TOLERANCE and self.probabilities <= TOLERANCE

    @property
    def largest(self) -> float:
        """The larger of the two."""
        return max(self.logits, self.probabilities)


class Reference:
    """The network's own outputs for random images, to compare others with.

    The images are drawn from a standard normal distribution: batches of :data:`BATCH_SIZES` images of the network's own
    size, and one image for each axis that is twice as long along this axis.

    Args:
        network: in evaluation mode, on the CPU.
        input_shape: ``(C, *spatial)``.
        tasks: what the logits of each output stand for.
        seed: of the images.
    """

    def __init__(
        self, network: nn.Module, input_shape: tuple[int, ...], tasks: Mapping[str, Task], seed: int = 0
    ) -> None:
        self.tasks = dict(tasks)
        generator = torch.Generator().manual_seed(seed)
        self._pairs = [self._pair(network, (size, *input_shape), generator) for size in BATCH_SIZES]
        self._longer: list[tuple[Tensor, dict[str, Tensor]]] = []
        self.free_size = True
        for axis in range(1, len(input_shape)):
            sides = [side * (2 if place == axis else 1) for place, side in enumerate(input_shape)]
            try:
                self._longer.append(self._pair(network, (1, *sides), generator))
            except Exception:  # each network has its own way to refuse a size
                self.free_size = False
                break

    @staticmethod
    def _pair(
        network: nn.Module, shape: tuple[int, ...], generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        image = torch.randn(shape, generator=generator)
        with torch.no_grad():
            return image, as_outputs(network(image))

    def compare(self, run: Run, longer: bool = False) -> Difference:
        """Give the largest differences on the images of the network's own size, and on the longer ones if asked.

        A missing output, or one of another name or shape, differs infinitely.
        """
        found = [Difference(0.0, 0.0)]
        for image, expected in [*self._pairs, *(self._longer if longer else ())]:
            with torch.no_grad():
                given = run(image)
            found.append(self._difference(expected, given))
        # torch's maximum, unlike Python's, is NaN where any value is.
        logits, likely = torch.tensor([[each.logits, each.probabilities] for each in found]).amax(dim=0).tolist()
        return Difference(logits, likely)

    def _difference(self, expected: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> Difference:
        if list(expected) != list(given) or any(given[name].shape != expected[name].shape for name in expected):
            return Difference(torch.inf, torch.inf)
        logits, likely = [], []
        for name, value in expected.items():
            scale = value.abs().max().clamp(min=1)
            logits.append((given[name] - value).abs().max() / scale)
            task = self.tasks[name]
            likely.append((probabilities(given[name], task) - probabilities(value, task)).abs().max())
        return Difference(float(torch.stack(logits).max()), float(torch.stack(likely).max()))
