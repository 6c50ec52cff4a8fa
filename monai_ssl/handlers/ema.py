"""A copy of a network whose weights are the exponential moving average of the trained one's."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import torch
from ignite.engine import Engine, Events
from torch import Tensor, nn

from monai_ssl.engines.events import StepEvents
from monai_ssl.errors import InputError

__all__ = ["EMAHandler", "ema_update_"]

Buffers = Literal["average", "copy", "own"]


@torch.no_grad()
def ema_update_(averages: Sequence[Tensor], values: Sequence[Tensor], decay: float) -> None:
    """Set each ``average <- decay * average + (1 - decay) * value`` in place, all tensors in one call.

    Args:
        averages: floating-point tensors, changed in place.
        values: tensors of the same shapes.
        decay: in [0, 1]; 0 copies the values exactly.
    """
    if not averages:  # torch's calls over lists refuse an empty one
        return
    if decay == 0:  # a lerp with weight 1 is a copy up to rounding only
        torch._foreach_copy_(list(averages), list(values))
    else:
        torch._foreach_lerp_(list(averages), list(values), 1.0 - decay)


class EMAHandler:
    """Update an EMA network after every optimiser step.

    ``theta_ema <- d_k theta_ema + (1 - d_k) theta`` with ``d_k = min(decay, 1 - 1/(k + 1))`` while ``k`` counts the
    updates from 0 (so the first copies the source), or ``d_k = decay`` throughout without warm-up.

    It replaces Ignite's handler, which in 0.5.5 makes the buffers of both networks the same memory with
    ``handle_buffers="copy"``. Integer buffers are copied (unless the target keeps its own).

    Args:
        source: the network that is trained; not wrapped in ``DistributedDataParallel`` (its ``module``).
        target: a network of the same architecture; it is set not to require gradients.
        decay: ``d`` in [0, 1).
        warm_up: whether the first updates forget faster, as above.
        start_epoch: epochs of training before the first update, which copies the source: the one after the last step of
            these epochs. It copies all buffers, too.
        buffers: what becomes of floating-point buffers such as BatchNorm's statistics: ``"average"`` them like the
            weights, ``"copy"`` them, or leave the target its ``"own"``, where it runs forward in training mode.

    Raises:
        ValueError: for a decay out of range, an unknown ``buffers``, a late start without warm-up (which would average
            with initial weights), or networks that do not match or share weights.
        InputError: when training starts and has no more epochs than ``start_epoch``.
    """

    def __init__(
        self,
        source: nn.Module,
        target: nn.Module,
        decay: float = 0.99,
        warm_up: bool = True,
        buffers: Buffers = "average",
        start_epoch: float = 0,
    ) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"`decay` must be in [0, 1), got {decay!r}.")
        if start_epoch < 0 or (start_epoch > 0 and not warm_up):
            raise ValueError(f"`start_epoch` must be at least 0, and 0 without warm-up, got {start_epoch!r}.")
        if buffers not in get_args(Buffers):
            raise ValueError(f"`buffers` must be one of {get_args(Buffers)}, got {buffers!r}.")
        shapes = [{name: value.shape for name, value in network.state_dict().items()} for network in (source, target)]
        if shapes[0] != shapes[1]:
            raise ValueError("`source` and `target` must have the same architecture: their states differ.")
        if {*map(id, source.parameters())} & {*map(id, target.parameters())}:
            raise ValueError("`source` and `target` must not share parameters: give a deep copy as `target`.")
        self.source, self.target = source, target.requires_grad_(False)
        self.decay, self.warm_up, self.buffers, self.start_epoch = decay, warm_up, buffers, start_epoch
        self.updates = 0
        self._pairs: dict[str, tuple[list[Tensor], list[Tensor]]] = {}

    def attach(self, engine: Engine) -> None:
        """Update after each optimiser step of ``engine`` (or each iteration, where it has no such event)."""
        engine.add_event_handler(Events.STARTED, self._check_start)
        engine.add_event_handler(Events.STARTED, self._collect)
        has_steps = StepEvents.OPTIMIZER_STEPPED in engine._allowed_events
        engine.add_event_handler(StepEvents.OPTIMIZER_STEPPED if has_steps else Events.ITERATION_COMPLETED, self)

    def _check_start(self, engine: Engine) -> None:
        if engine.state.max_epochs is not None and self.start_epoch >= engine.state.max_epochs:
            raise InputError(
                f"The EMA network is updated after {self.start_epoch:g} epochs of warm-up, and training has "
                f"{engine.state.max_epochs}: it would learn nothing. Train longer (`--max_epochs`), or give a shorter "
                "warm-up (`--warmup_epochs`)."
            )

    def _collect(self) -> None:
        """List the tensors once: walking through a deep network costs more than averaging it.

        Training starts after the networks were moved to their device, which replaces buffers but not parameters.
        """
        averaged: list[tuple[Tensor, Tensor]] = list(
            zip(self.target.parameters(), self.source.parameters(), strict=True)
        )
        copied: list[tuple[Tensor, Tensor]] = []
        if self.buffers != "own":
            for target, source in zip(self.target.buffers(), self.source.buffers(), strict=True):
                average = self.buffers == "average" and target.is_floating_point()
                (averaged if average else copied).append((target, source))
        self._pairs = {
            name: ([pair[0] for pair in pairs], [pair[1] for pair in pairs])
            for name, pairs in {"averaged": averaged, "copied": copied}.items()
        }

    @property
    def current_decay(self) -> float:
        """The decay ``d_k`` of the next update."""
        return min(self.decay, 1.0 - 1.0 / (self.updates + 1)) if self.warm_up else self.decay

    def __call__(self, engine: Engine) -> None:
        """Do one update, unless it is too early."""
        if self.start_epoch and engine.state.iteration < self.start_epoch * (engine.state.epoch_length or 1):
            return
        if self.start_epoch and not self.updates:
            # What ran forward with other weights until now has statistics of these.
            self.target.load_state_dict(self.source.state_dict())
            self.updates += 1
            return
        ema_update_(*self._pairs["averaged"], self.current_decay)
        ema_update_(*self._pairs["copied"], 0.0)
        self.updates += 1

    def state_dict(self) -> dict[str, Any]:
        """Return the number of updates; the networks' weights are in the method's own state."""
        return {"updates": self.updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up the number of updates."""
        self.updates = int(state["updates"])
