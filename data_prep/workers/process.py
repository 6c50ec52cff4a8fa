"""One worker process, and what it and its parent say to each other."""

import multiprocessing
import os
import pickle
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from typing import Any

from monai_ssl.errors import InputError

__all__ = ["Worker"]

# A job that is sent to a busy worker must fit into the pipe's buffer, which may be small (8 KiB on macOS): else both
# sides could wait for ever for the other to read.
_BYTES_AHEAD = 4096


class Worker:
    """A process that calls a function for one job after the other, as its parent sees it.

    Args:
        function: what it calls.

    Attributes:
        connection: has an answer, or its end, to be read.
        jobs: (number, pickled job) of those without a result; the process works on the first.
        ready: whether the process has started.
        since: when it began with the first job, as ``time.monotonic()`` has it.
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        context: ForkServerContext | SpawnContext
        if "forkserver" in multiprocessing.get_all_start_methods():
            context = multiprocessing.get_context("forkserver")
        else:
            context = multiprocessing.get_context("spawn")
        # Has no effect once there is a server, which is then of an earlier call.
        context.set_forkserver_preload(["monai_ssl.readers", getattr(function, "func", function).__module__])
        self.connection, other_end = context.Pipe()
        self._process = context.Process(target=_work, args=(other_end, function), daemon=True)
        self._process.start()
        other_end.close()  # else the end of the process would not be seen here
        self.jobs: deque[tuple[int, bytes]] = deque()
        self.ready = False
        self.since = 0.0
        self._sent = 0

    def give(self, number: int, job: bytes) -> None:
        """Add a job. It is sent now, or when that can be done without waiting for the process."""
        self.jobs.append((number, job))
        self._send()

    def _send(self) -> None:
        while self._sent < len(self.jobs):
            job = self.jobs[self._sent][1]
            if self._sent > 0 and len(job) > _BYTES_AHEAD:
                return
            if self._sent == 0:
                self.since = time.monotonic()
            self._sent += 1
            try:
                self.connection.send_bytes(job)
            except OSError:  # the process is dead, as the next receive will tell
                return

    def receive(self) -> dict[int, Any]:
        """Read an answer: the number of a job and its result; nothing where the process has just become ready.

        Raises:
            EOFError: when the process is dead.
            Exception: what the function raised, if that is no ``InputError``.
        """
        try:
            kind, value = self.connection.recv()
        except OSError:
            raise EOFError from None
        self.since = time.monotonic()
        if kind == "ready":
            self.ready = True
            return {}
        if kind == "bug":
            raise value
        number, _ = self.jobs.popleft()
        self._sent -= 1
        self._send()
        return {number: InputError(value) if kind == "refused" else value}

    def end(self, patience: float = 0.0) -> str:
        """Kill the process, and tell how it ended.

        Args:
            patience: seconds that a process that is about to end by itself is given for it.
        """
        self._process.join(patience)
        self._process.kill()
        self._process.join()
        code = self._process.exitcode or 0
        self._process.close()
        self.connection.close()
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def _work(connection: Connection, function: Callable[[Any], Any]) -> None:
    """What the process does: answer jobs until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the parent too, which ends this process
    # Libraries quote values of headers in warnings, and libraries in C print what they like.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    connection.send(("ready", None))
    while True:
        try:
            job = connection.recv_bytes()
        except (EOFError, OSError):
            return
        connection.send_bytes(_answer(function, job))


def _answer(function: Callable[[Any], Any], job: bytes) -> bytes:
    try:
        return pickle.dumps(("result", function(pickle.loads(job))))
    except InputError as error:
        return pickle.dumps(("refused", str(error)))
    except Exception as error:
        error.add_note(f"In a worker process:\n{traceback.format_exc()}")
        return _pickled_bug(error)


def _pickled_bug(error: Exception) -> bytes:
    """An unexpected exception; as a RuntimeError with the same text where it cannot be sent as it is."""
    try:
        answer = pickle.dumps(("bug", error))
        pickle.loads(answer)
    except Exception:
        return pickle.dumps(("bug", RuntimeError("\n".join(error.__notes__))))
    return answer
