"""Everything that a run needs to go on after it was killed, in one file."""

import logging
import pickle
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ignite.engine import Events
from monai.engines import Workflow

from monai_ssl.distributed import count_processes
from monai_ssl.errors import InputError
from monai_ssl.files import write_whole

__all__ = ["TrainingCheckpoint", "load_checkpoint", "restore_random_state", "save_tensors"]

logger = logging.getLogger(__name__)


class TrainingCheckpoint:
    """Write a checkpoint after each epoch, and with ``resume`` take it up when training starts.

    It holds the state of every object in ``save_dict``, the engine's progress and the random states (Python, NumPy,
    torch, CUDA) of each process. It is written whole or not at all, so a run killed at any moment goes on from the last
    full epoch, and on the CPU ends with the same weights, bit for bit, as one that was not killed.

    Attach it after every other handler, so that it sees what they did in the epoch.

    Args:
        path: the checkpoint file.
        save_dict: objects with ``state_dict`` and ``load_state_dict``, by name.
        resume: whether to go on from the file, if it is there. Without it the file is deleted when training starts, so
            that it never lies beside models of another run.
        settings: values that must be the same for a resumed run to be the same run, such as the seed.
        obsolete: checkpoints of later stages of training. They began with what this stage had before it trained on, so
            that they are deleted when it does.

    Raises:
        InputError: when resuming from a file that is damaged, of another network or of other settings, which include
            the iterations an epoch and the number of processes.
    """

    def __init__(
        self,
        path: str | Path,
        save_dict: Mapping[str, Any],
        resume: bool = False,
        settings: Mapping[str, Any] | None = None,
        obsolete: Sequence[str | Path] = (),
    ) -> None:
        self.path, self.save_dict, self.resume = Path(path), dict(save_dict), resume
        self.settings, self.obsolete = dict(settings or {}), [Path(path) for path in obsolete]

    def attach(self, engine: Workflow) -> None:
        """Load when ``engine`` starts, save after each of its epochs."""
        engine.add_event_handler(Events.STARTED, self.load if self.resume else self._delete)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.save)

    def save(self, engine: Workflow) -> None:
        """Write the checkpoint; under distributed training the first process does."""
        states = _gather(_random_state())
        if engine.state.rank != 0:
            return
        checkpoint = {name: item.state_dict() for name, item in self.save_dict.items()}
        checkpoint["engine"] = {"epoch": engine.state.epoch, "iteration": engine.state.iteration}
        scaler = getattr(engine, "scaler", None)  # of gradients in float16; empty where it is off
        checkpoint["engine"]["scaler"] = scaler.state_dict() if scaler is not None else {}
        checkpoint["random"] = states
        checkpoint["settings"] = self.settings | _sizes(engine, len(states))
        self._delete_obsolete()  # first, so that no moment leaves a later stage beside one it does not follow
        save_tensors(checkpoint, self.path)

    def _delete(self, engine: Workflow) -> None:
        if engine.state.rank == 0:
            self._delete_obsolete()
            self.path.unlink(missing_ok=True)

    def _delete_obsolete(self) -> None:
        for path in self.obsolete:
            path.unlink(missing_ok=True)

    def load(self, engine: Workflow) -> None:
        """Take up the checkpoint, if there is one."""
        if not self.path.is_file():
            logger.info("There is no checkpoint at %s yet: training starts from the beginning.", self.path)
            return
        checkpoint = load_checkpoint(self.path)
        self._check(checkpoint, engine)
        for name, item in self.save_dict.items():
            try:
                item.load_state_dict(checkpoint[name])
            except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise InputError(
                    f"{self.path}: the checkpoint's {name!r} does not fit this configuration ({_first_line(error)}). "
                    "Resume with the configuration that wrote it, or start anew without `--resume true`."
                ) from error
        engine.state.epoch = checkpoint["engine"]["epoch"]
        engine.state.iteration = checkpoint["engine"]["iteration"]
        scaler = getattr(engine, "scaler", None)
        if scaler is not None and checkpoint["engine"]["scaler"]:
            scaler.load_state_dict(checkpoint["engine"]["scaler"])
        restore_random_state(checkpoint["random"][engine.state.rank])
        logger.info("Resumed from %s after epoch %d.", self.path, engine.state.epoch)

    def _check(self, checkpoint: Any, engine: Workflow) -> None:
        names = (*self.save_dict, "engine", "random", "settings")
        missing = [name for name in names if not isinstance(checkpoint, Mapping) or name not in checkpoint]
        if missing:
            raise InputError(
                f"{self.path}: this file is no checkpoint of this bundle (it lacks {missing}). Name the file that "
                "training wrote, or start anew without `--resume true`."
            )
        world_size = count_processes()
        for name, value in (self.settings | _sizes(engine, world_size)).items():
            if checkpoint["settings"].get(name) != value:
                raise InputError(
                    f"{self.path}: the checkpoint was written with {name} = {checkpoint['settings'].get(name)!r}, this "
                    f"run has {value!r}. Resume with the same, or start anew without `--resume true`."
                )


def save_tensors(content: Any, path: str | Path) -> None:
    """Write with ``torch.save``, whole or not at all; the same content gives the same bytes."""
    # torch would put the name of a file that it opens itself into what it writes.
    with write_whole(path) as temporary, temporary.open("wb") as file:
        torch.save(content, file)


def load_checkpoint(path: str | Path, device: str | torch.device = "cpu") -> Any:
    """Read a file of tensors with ``weights_only=True``.

    Raises:
        InputError: when there is none, or it is damaged.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: there is no such file. Train first, or name the model file.")
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # on damaged bytes torch's readers end with whatever they stumble over
        # torch's own words on this kind are a recommendation to read the file unsafely.
        unsafe = isinstance(error, pickle.UnpicklingError)
        reason = "it is damaged or holds more than tensors and plain values" if unsafe else _first_line(error)
        raise InputError(
            f"{path}: the file cannot be read as a checkpoint ({reason}). Delete it, or put back a copy."
        ) from error


def _sizes(engine: Workflow, processes: int) -> dict[str, int]:
    """Return what the order of the images depends on, besides the seed."""
    return {"iterations an epoch": engine.state.epoch_length, "processes": processes}


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2])[:300] if lines else type(error).__name__


def _gather(state: dict[str, Any]) -> list[dict[str, Any]]:
    if count_processes() == 1:
        return [state]
    states: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(states, state)
    return states


def _random_state() -> dict[str, Any]:
    # NumPy's as a tensor: `weights_only=True` reads no arrays.
    name, keys, position, has_gauss, cached = np.random.get_state()  # noqa: NPY002
    return {
        "python": random.getstate(),
        "numpy": (name, torch.from_numpy(np.asarray(keys).astype(np.int64)), position, has_gauss, cached),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random_state(state: Mapping[str, Any]) -> None:
    """Set the random states of Python, NumPy, torch and (where there are as many GPUs) CUDA."""
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    torch.set_rng_state(state["torch"])
    if state["cuda"] and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])
