"""Events that MONAI's engines lack."""

from ignite.engine import EventEnum

__all__ = ["StepEvents"]


class StepEvents(EventEnum):
    """Fired by :class:`monai_ssl.engines.SemiSupervisedTrainer` after the last optimiser of an iteration has stepped.

    With gradient accumulation this is not every iteration.
    """

    OPTIMIZER_STEPPED = "optimizer_stepped"
