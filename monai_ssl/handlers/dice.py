"""Dice by region, fit to be MONAI's key metric."""

from collections.abc import Callable, Sequence
from typing import Any

from ignite.engine import Engine
from monai.handlers import MeanDice

from monai_ssl.errors import InputError

__all__ = ["RegionDice"]


class RegionDice(MeanDice):
    """Mean over the regions of the mean Dice coefficient over the images that have the region.

    Attached as ``name``, it puts the mean into ``state.metrics[name]`` and that of each region into
    ``state.metrics[f"{name}_{region}"]``. An image without a region does not count for it, and a region that no image
    has is left out.

    It takes MONAI's decollated lists (or batches) of binary predictions and masks, (R, *spatial) each, as
    ``from_engine(["pred", "label"])`` gives them; the images of all processes are gathered.

    Args:
        class_names: names of the R regions, in the order of the channels.
        output_transform: takes ``engine.state.output``, gives (predictions, masks).

    Raises:
        InputError: on completion when no image has any region.
    """

    def __init__(
        self, class_names: Sequence[str], output_transform: Callable[[Any], Any] = lambda output: output
    ) -> None:
        super().__init__(include_background=True, output_transform=output_transform, save_details=False)
        self.class_names = tuple(class_names)
        self.by_class: dict[str, float] = {}

    def compute(self) -> float:
        """Average over the images, then over the regions; every process gets the same mean."""
        super().compute()  # gathers the images of all processes
        means = self.metric_fn.get_buffer().nanmean(dim=0).tolist()
        self.by_class = {name: value for name, value in zip(self.class_names, means, strict=True) if value == value}
        if not self.by_class:
            raise InputError("no mask of this evaluation shows a region, so there is no Dice. Evaluate on more images.")
        return sum(self.by_class.values()) / len(self.by_class)

    def completed(self, engine: Engine, name: str) -> None:
        """Put the mean and the regions' means into ``engine.state.metrics``."""
        super().completed(engine, name)
        for region in self.class_names:
            # Nothing of an earlier evaluation, on other images, may remain for a region that is undefined now.
            engine.state.metrics.pop(f"{name}_{region}", None)
        engine.state.metrics.update({f"{name}_{region}": value for region, value in self.by_class.items()})
