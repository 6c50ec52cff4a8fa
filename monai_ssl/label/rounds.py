"""The rounds of training of a served model: each in a folder of its own, and one of them is served."""

import contextlib
import json
import logging
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from monai_ssl.errors import InputError
from monai_ssl.files import make_folder, write_json

__all__ = ["BusyError", "Round", "Rounds", "read_facts"]

logger = logging.getLogger(__name__)

_POINTER = "served.json"
_UNFINISHED = "unfinished"  # a file in the folder of a round from its beginning until it is served


class BusyError(InputError):
    """The model is being trained already."""


@dataclass(frozen=True)
class Round:
    """One round of training.

    Args:
        folder: holds ``data/datalist.json``, ``models/`` and ``eval/`` (curves, history, summary).
    """

    folder: Path

    @property
    def name(self) -> str:
        """When it began, in UTC, such as ``"20260131-120000"``; it sorts by time."""
        return self.folder.name

    @property
    def data(self) -> Path:
        """The folder of the data list."""
        return self.folder / "data"

    @property
    def models(self) -> Path:
        """The folder of the model."""
        return self.folder / "models"

    @property
    def output(self) -> Path:
        """The folder of all else that training writes."""
        return self.folder / "eval"


def read_facts(path: Path) -> dict[str, Any]:
    """Read a JSON file of a round; what is not there is empty."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


class Rounds:
    """The rounds of a model.

    A round that fails or is stopped leaves what is served as it was. Training again begins from random weights, so that
    a model is a function of its data and seed alone, and the former round stays to go back to: name it in
    ``served.json``.

    Args:
        folder: of the model; it is made where it is missing.

    Raises:
        InputError: when it cannot be written.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = make_folder(folder)

    def served(self) -> Round | None:
        """The round that is served; None before the first, and for one that cannot be used, which the log tells."""
        pointer = self.folder / _POINTER
        try:
            found = Round(self.folder / str(json.loads(pointer.read_text(encoding="utf-8"))["round"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            logger.warning(
                '%s: this file is damaged. Give it {"round": "NAME"}, a folder here, or train again.', pointer
            )
            return None
        if not (found.models / "model.pt").is_file():
            logger.warning("%s: the round %s has no model. Name another one, or train again.", pointer, found.name)
            return None
        return found

    def serve(self, trained: Round) -> None:
        """Serve a round from now on."""
        # In this order: a process that is killed between the two must not leave what the next round would remove.
        (trained.folder / _UNFINISHED).unlink(missing_ok=True)
        write_json(self.folder / _POINTER, {"round": trained.name})

    @contextlib.contextmanager
    def new(self) -> Iterator[Round]:
        """Begin a round, which nobody else may do until it ends; after an error its folder is removed.

        So is that of an earlier round that was killed.

        Raises:
            BusyError: when the model is being trained already.
        """
        lock = FileLock(self.folder / ".training.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise BusyError(f"{self.folder.name} is being trained already. Wait for the end, or stop it.") from None
        try:
            for mark in list(self.folder.glob(f"*/{_UNFINISHED}")):
                shutil.rmtree(mark.parent)
            begun = Round(self._free_folder())
            try:
                yield begun
            except BaseException:
                shutil.rmtree(begun.folder, ignore_errors=True)
                raise
        finally:
            lock.release()

    def _free_folder(self) -> Path:
        while True:
            folder = self.folder / time.strftime("%Y%m%d-%H%M%S", time.gmtime())
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                (folder / _UNFINISHED).touch()
                return folder
            time.sleep(0.1)
