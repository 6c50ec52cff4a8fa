"""The one optimisation loop, for every method."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from ignite.engine import Events
from ignite.utils import convert_tensor
from monai.engines import Trainer
from monai.engines.utils import IterationEvents
from monai.engines.workflow import Workflow
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer

from monai_ssl.engines.events import StepEvents
from monai_ssl.errors import InputError
from monai_ssl.losses.ramps import Constant, Ramp
from monai_ssl.methods.base import Method

__all__ = ["SemiSupervisedTrainer"]


class SemiSupervisedTrainer(Trainer):
    """Train a :class:`~monai_ssl.methods.Method`: for each phase losses, weighted sum, backward, clip, step.

    It fires MONAI's ``IterationEvents`` and ``StepEvents.OPTIMIZER_STEPPED``. After each iteration

    - ``state.output`` is ``[{"loss": total}]``, a detached scalar tensor in the form that MONAI's own handlers take;
    - ``state.losses`` has the total and every unweighted term as floats, ``state.loss_weights`` every weight.

    A term that is NaN or infinite stops the run before its phase's step. Each epoch begins the loader anew, after its
    ``set_epoch`` where it has one, so what an epoch sees does not depend on the epochs run before in this process.

    Args:
        device: where the method is; batches are moved there.
        max_epochs: epochs to train.
        train_data_loader: a :class:`~monai_ssl.data.TwoStreamLoader`, or anything that gives such batches.
        method: the method, or the method in ``DistributedDataParallel``.
        optimizer: one optimiser, or one for each phase by name.
        loss_weights: a number or a ramp for each loss term of the method, by name.
        epoch_length: iterations an epoch, by default the loader's length; longer ones go through the loader again.
        non_blocking: whether copies to the device may overlap with work.
        train_handlers: Ignite handlers.
        amp: whether to run forward passes in mixed precision, on the CPU or a GPU alike.
        amp_kwargs: arguments of ``torch.autocast``; ``bfloat16`` is the default, ``float16`` brings gradient scaling.
        accumulation_steps: iterations whose gradients are averaged for one step. An epoch's last iteration steps. For
            methods of one phase: the gradients of one would be left in the weights of another.
        max_grad_norm: gradients are clipped to this norm, over all parameters of an optimiser; ``None``: no clipping.

    Raises:
        InputError: for a loss term without a weight or a weight without a term; both are named.
        ValueError: for a bad ``accumulation_steps`` or ``max_grad_norm``, optimisers that do not fit the phases, loss
            terms whose names are not their own, or a loader without a length where ``epoch_length`` is not given.
        TypeError: when ``method`` is no :class:`~monai_ssl.methods.Method`.
    """

    # With interrupts enabled, Ignite keeps the finished generator of a failed run, and the next `run` does nothing.
    interrupt_resume_enabled = False

    def __init__(
        self,
        device: str | torch.device,
        max_epochs: int,
        train_data_loader: Any,
        method: torch.nn.Module,
        optimizer: Optimizer | Mapping[str, Optimizer],
        loss_weights: Mapping[str, float | Ramp],
        epoch_length: int | None = None,
        non_blocking: bool = False,
        train_handlers: Sequence[Any] | None = None,
        amp: bool = False,
        amp_kwargs: dict[str, Any] | None = None,
        accumulation_steps: int = 1,
        max_grad_norm: float | None = None,
    ) -> None:
        if accumulation_steps < 1:
            raise ValueError(f"`accumulation_steps` must be a positive integer, got {accumulation_steps!r}.")
        if max_grad_norm is not None and not max_grad_norm > 0:
            raise ValueError(f"`max_grad_norm` must be positive or None, got {max_grad_norm!r}.")
        self.method = method
        core = method.module if isinstance(method, DistributedDataParallel) else method
        if not isinstance(core, Method):
            raise TypeError(f"`method` must be a monai_ssl Method, got {type(core).__name__}.")
        self.phases = dict(core.loss_names)
        if accumulation_steps > 1 and len(self.phases) > 1:
            raise ValueError(
                f"`accumulation_steps` is {accumulation_steps}, but the method has the phases {list(self.phases)}: "
                "gradients can be accumulated with one phase only."
            )
        self.optimizers = _match_optimizers(self.phases, optimizer)
        self.loss_weights = _match_weights(self.phases, loss_weights)
        self.accumulation_steps, self.max_grad_norm = accumulation_steps, max_grad_norm
        super().__init__(
            device=device,
            max_epochs=max_epochs,
            data_loader=train_data_loader,
            epoch_length=epoch_length,
            non_blocking=non_blocking,
            amp=amp,
            amp_kwargs={"dtype": torch.bfloat16, **(amp_kwargs or {})},
            # A batch has two streams of different lengths: MONAI's decollating has no meaning for it.
            decollate=False,
            event_names=[StepEvents],
        )
        if self.state.epoch_length is None:
            raise ValueError("`train_data_loader` has no length: give `epoch_length`.")
        self.state.losses, self.state.loss_weights = {}, {}
        self._done = 0  # iterations of this epoch
        self._modes: list[tuple[torch.nn.Module, bool]] = []
        scaled = amp and self.amp_kwargs["dtype"] is torch.float16
        self.scaler = torch.amp.GradScaler(self.state.device.type, enabled=scaled)  # type: ignore[assignment]
        self.add_event_handler(Events.EPOCH_STARTED, self._start_epoch)
        self._register_handlers(train_handlers or [])

    def run(self) -> None:  # type: ignore[override]
        """Train to ``state.max_epochs``; called again with more of them, go on from where it is."""
        if self.state.epoch >= self.state.max_epochs:
            # Ignite would begin at epoch 1 again.
            self.logger.warning(
                "Nothing to do: %d of %d epochs are trained. Raise `state.max_epochs` to train on.",
                self.state.epoch,
                self.state.max_epochs,
            )
            return
        Workflow.run(self)  # not Trainer.run, which makes a new CUDA gradient scaler and so forgets the restored one

    def _start_epoch(self) -> None:
        self._done = 0
        if hasattr(self.data_loader, "set_epoch"):
            self.data_loader.set_epoch(self.state.epoch - 1)
        self.set_data(self.data_loader)  # Ignite would go on with the iterator of the epoch before

    def _iteration(  # type: ignore[override]
        self,
        engine: Any,  # noqa: ARG002
        batchdata: Mapping[str, Any],
    ) -> list[dict[str, Tensor]]:
        state = self.state
        batch = convert_tensor(batchdata, device=state.device, non_blocking=self.non_blocking)
        starts = self._done % self.accumulation_steps == 0
        self._done += 1
        steps = self._done % self.accumulation_steps == 0 or self._done == state.epoch_length
        self._set_training_mode()
        state.loss_weights = {
            name: ramp.at(state.iteration - 1, state.epoch_length) for name, ramp in self.loss_weights.items()
        }
        state.losses = {}
        total = torch.zeros((), device=state.device)
        for phase, optimizer in self.optimizers.items():
            total = total + self._phase(phase, optimizer, batch, starts, steps)
        state.losses = {"loss": sum(state.loss_weights[name] * value for name, value in state.losses.items())} | (
            state.losses
        )
        state.output = [{"loss": total}]
        if steps:
            self.scaler.update()  # type: ignore[union-attr]
            self.fire_event(StepEvents.OPTIMIZER_STEPPED)
        self.fire_event(IterationEvents.MODEL_COMPLETED)
        return state.output

    def _set_training_mode(self) -> None:
        """Undo the evaluation mode that a validation left; to ask each module costs a fiftieth of setting it."""
        if not self._modes or any(module.training is not mode for module, mode in self._modes):
            self.method.train()
            self._modes = [(module, module.training) for module in self.method.modules()]

    def _phase(self, phase: str, optimizer: Optimizer, batch: Any, starts: bool, steps: bool) -> Tensor:
        """Run one phase; return its weighted sum, detached."""
        if starts:
            optimizer.zero_grad()
        with torch.autocast(self.state.device.type, enabled=self.amp, **self.amp_kwargs):
            losses = self.method(batch, phase)
        self.fire_event(IterationEvents.FORWARD_COMPLETED)
        self._record(phase, losses)
        total = sum((self.state.loss_weights[name] * loss for name, loss in losses.items()), start=torch.zeros(()))
        self.fire_event(IterationEvents.LOSS_COMPLETED)
        self.scaler.scale(total / self.accumulation_steps).backward()  # type: ignore[union-attr]
        self.fire_event(IterationEvents.BACKWARD_COMPLETED)
        if steps:
            self._step(optimizer)
        return total.detach()

    def _step(self, optimizer: Optimizer) -> None:
        if self.max_grad_norm is not None:
            self.scaler.unscale_(optimizer)  # type: ignore[union-attr]
            parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
            torch.nn.utils.clip_grad_norm_(parameters, self.max_grad_norm)
        self.scaler.step(optimizer)  # type: ignore[union-attr]

    def _record(self, phase: str, losses: Mapping[str, Tensor]) -> None:
        """Bring all terms to the host in one copy, and stop where one is not finite."""
        if tuple(losses) != self.phases[phase]:
            raise RuntimeError(f"Phase {phase!r} declares {self.phases[phase]} but returned {tuple(losses)}.")
        values = torch.stack([loss.detach().float() for loss in losses.values()]).tolist()
        self.state.losses.update(zip(losses, values, strict=True))
        for name, value in self.state.losses.items():
            if not abs(value) < float("inf"):
                raise InputError(
                    f"The loss term {name!r} is {value} at iteration {self.state.iteration} "
                    f"(epoch {self.state.epoch}); no step was taken with it. Lower the learning rate or this term's "
                    "weight, clip gradients (`max_grad_norm`), or switch `amp` off; then go on with `--resume true`."
                )


def _match_optimizers(
    phases: Mapping[str, Sequence[str]], optimizer: Optimizer | Mapping[str, Optimizer]
) -> dict[str, Optimizer]:
    optimizers = {next(iter(phases)): optimizer} if isinstance(optimizer, Optimizer) else dict(optimizer)
    if set(optimizers) != set(phases):
        raise ValueError(f"The method's phases are {list(phases)}, the optimizers' {list(optimizers)}.")
    return {phase: optimizers[phase] for phase in phases}  # in the method's order


def _match_weights(phases: Mapping[str, Sequence[str]], loss_weights: Mapping[str, float | Ramp]) -> dict[str, Ramp]:
    names = [name for terms in phases.values() for name in terms]
    if len({"loss", *names}) <= len(names):
        raise ValueError(f"Each loss term needs a name of its own, and 'loss' is the total's, got {names}.")
    unweighted = [name for name in names if name not in loss_weights]
    unknown = [name for name in loss_weights if name not in names]
    if unweighted or unknown:
        raise InputError(
            f"Loss terms without a weight: {unweighted}; weights without a loss term: {unknown}. "
            f"`loss_weights` must name exactly {names}."
        )
    return {
        name: weight if isinstance(weight, Ramp) else Constant(float(weight)) for name, weight in loss_weights.items()
    }
