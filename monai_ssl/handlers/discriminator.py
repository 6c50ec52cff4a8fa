"""Whether a discriminator still tells predicted masks from real ones."""

import logging
import math
from collections.abc import Mapping

import torch
from ignite import distributed as idist
from ignite.engine import Events
from monai.engines import Workflow

from monai_ssl.errors import InputError
from monai_ssl.transforms.missing_mask import has_mask

__all__ = ["DiscriminatorWatch"]

logger = logging.getLogger(__name__)

_REAL, _PREDICTED = "real", ("predicted_labeled", "predicted_unlabeled")


class DiscriminatorWatch:
    r"""Keep an eye on the class "this mask is predicted" of a discriminator, and say when it has collapsed.

    After each epoch ``state.metrics`` of the trainer has how probable that class was, from the loss terms themselves:

    - ``fake_real``: on true masks, :math:`1 - e^{-L}` with L the term ``real``, :math:`-\log(1 - p_{n+1})`;
    - ``fake_predicted_labeled`` and ``fake_predicted_unlabeled``: on predicted ones, :math:`e^{-L}`, where the terms
      are :math:`-\log p_{n+1}`.

    They are geometric means, of ``1 - p`` and of ``p``, over the epoch's images; without any true mask ``fake_real`` is
    NaN, and nothing is said. A discriminator in balance has the first low and the others high. If both come together,
    it says the same of all masks, and teaches the generator nothing: after ``patience`` such epochs in a row a warning
    says so, and another when it recovers. (That masks have become as good as true ones looks the same from here: see
    the Dice of the validation.)

    Args:
        margin: the smallest difference between predicted (labeled images) and true masks that counts as telling them
            apart.
        patience: so many epochs in a row below the margin are a collapse; the first epochs of a run are below it.

    Raises:
        InputError: for a margin that is not between 0 and 1, or a patience below 1; when training starts, for a method
            without these loss terms.
    """

    def __init__(self, margin: float = 0.05, patience: int = 5) -> None:
        if not 0 < margin < 1 or patience < 1:
            raise InputError(f"margin is {margin!r} and patience {patience!r}. Give a margin in (0, 1), patience >= 1.")
        self.margin, self.patience = margin, patience
        self.epochs = 0
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    @property
    def collapsed(self) -> bool:
        """Whether the last ``patience`` epochs were below the margin."""
        return self.epochs >= self.patience

    def attach(self, engine: Workflow) -> None:
        """Watch a trainer. Attach it before what records metrics."""
        engine.add_event_handler(Events.EPOCH_STARTED, self._start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._add)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._finish)
        engine.add_event_handler(Events.COMPLETED, self._conclude)

    def state_dict(self) -> dict[str, int]:
        """Return for how many epochs it has been below the margin."""
        return {"epochs": self.epochs}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Go on from a checkpoint."""
        self.epochs = int(state["epochs"])

    def _start(self) -> None:
        self._sums, self._counts = dict.fromkeys((_REAL, *_PREDICTED), 0.0), dict.fromkeys((_REAL, *_PREDICTED), 0)

    def _add(self, engine: Workflow) -> None:
        losses = engine.state.losses
        if missing := [name for name in self._sums if name not in losses]:
            raise InputError(
                f"The method has no loss terms {', '.join(missing)}, so it has no discriminator to watch. Leave "
                "DiscriminatorWatch out."
            )
        for name in self._sums:
            # The term of true masks is over the images that have one, which are another number in each batch.
            count = int(has_mask(engine.state.batch["labeled"][0]["mask"]).sum()) if name == _REAL else 1
            self._sums[name] += count * losses[name]
            self._counts[name] += count

    def _finish(self, engine: Workflow) -> None:
        totals = torch.tensor([[*self._sums.values()], [*self._counts.values()]], dtype=torch.float64)
        sums, counts = idist.all_reduce(totals).tolist()  # type: ignore[union-attr]
        rows = zip(self._sums, sums, counts, strict=True)
        means = {name: value / count if count else math.nan for name, value, count in rows}
        fakes = {_REAL: -math.expm1(-means[_REAL])} | {name: math.exp(-means[name]) for name in _PREDICTED}
        engine.state.metrics.update({f"fake_{name}": value for name, value in fakes.items()})
        before = self.collapsed
        apart = fakes[_PREDICTED[0]] - fakes[_REAL]
        if math.isnan(apart):
            return
        self.epochs = 0 if apart >= self.margin else self.epochs + 1
        if self.collapsed != before and engine.state.rank == 0:
            logger.warning(self._text(fakes) if self.collapsed else "The discriminator tells masks apart again.")

    def _conclude(self, engine: Workflow) -> None:
        if self.collapsed and engine.state.rank == 0:
            logger.warning("The discriminator was collapsed at the end, for %d epochs.", self.epochs)

    def _text(self, fakes: Mapping[str, float]) -> str:
        return (
            f"The discriminator has collapsed: for {self.epochs} epochs it has taken true and predicted masks for "
            f"predicted alike (with a probability of {fakes[_REAL]:.2f} and {fakes[_PREDICTED[0]]:.2f}). The generator "
            "learns nothing from it. Raise its learning rate, or lower the generator's or the adversarial weight; if "
            "Dice is high, the masks may have become as good as true ones."
        )
