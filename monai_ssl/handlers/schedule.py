"""What a method needs to know of the progress of training."""

from ignite.engine import Engine, Events
from torch import nn

from monai_ssl.losses.ramps import Ramp

__all__ = ["MethodSchedule"]


class MethodSchedule:
    """Set an attribute of a method before each step to the value of a ramp, as the weights of losses are.

    Methods do not know how far training is; training signal annealing, for one, depends on it. A ramp has no state, so
    a resumed run goes on where it was.

    Args:
        method: the method, not wrapped in ``DistributedDataParallel`` (its ``module``).
        attribute: the name of a number that it has.
        ramp: its value.

    Raises:
        ValueError: when the method has no such attribute.
    """

    def __init__(self, method: nn.Module, attribute: str, ramp: Ramp) -> None:
        if not hasattr(method, attribute):
            raise ValueError(f"{type(method).__name__} has no `{attribute}` to be set.")
        self.method, self.attribute, self.ramp = method, attribute, ramp

    def attach(self, engine: Engine) -> None:
        """Set it before each iteration of ``engine``."""
        engine.add_event_handler(Events.ITERATION_STARTED, self)

    def __call__(self, engine: Engine) -> None:
        """Set it for the step that begins."""
        state = engine.state
        setattr(self.method, self.attribute, self.ramp.at(state.iteration - 1, state.epoch_length or 1))
