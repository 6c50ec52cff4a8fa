"""Calling a function for each of many files in worker processes, which a damaged file may crash."""

import math
import pickle
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sized
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar, cast

from tqdm import tqdm

from data_prep.workers.process import Worker
from monai_ssl.errors import InputError

__all__ = ["run_jobs"]

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")

# The next job lies ready when one is done. More would wait behind a slow one while other workers are idle.
_JOBS_AHEAD = 2
# So many jobs for each worker are taken before the result of the first of them is handed over.
_LOOK_AHEAD = 32
_TRIES = 2
_REMEDY = "Leave the file out, or copy it again from its source."


def run_jobs(
    function: Callable[[_Job], _Result],
    jobs: Iterable[_Job],
    *,
    workers: int,
    description: str,
    name: Callable[[_Job], str],
    timeout: float = 120.0,
) -> Generator[_Result | InputError, None, None]:
    """Call a function for each job in worker processes, with a progress bar.

    Decoders are native code, and a damaged file may crash them or make them run for ever. Such a process is replaced
    by a new one, and the other jobs are not concerned. The job on which a process died is tried once more, because
    memory that one file has damaged may bring the process down at the next. What workers print is thrown away: it may
    quote values of headers.

    Args:
        function: a function of a module that is quick to import, or a ``functools.partial`` of one.
        jobs: what the function is called with; taken as needed, never many at once.
        workers: the number of processes.
        description: what is done, for the progress bar.
        name: gives the file of a job, for messages.
        timeout: seconds that a job may take.

    Yields:
        In the order of the jobs: the result, or the ``InputError`` that the function raised, or one that names the
        file because its process died or took too long.

    Raises:
        ValueError: for less than one worker.
        RuntimeError: when no process can be started.
        Exception: whatever else the function raises.
    """
    if workers < 1:
        raise ValueError(f"workers is {workers}, and must be 1 or more.")
    total = len(jobs) if isinstance(jobs, Sized) else None
    numbered = enumerate(jobs)
    taken: dict[int, _Job] = {}
    results: dict[int, Any] = {}
    turn, exhausted = 0, False
    with (
        closing(_Pool(function, workers, timeout)) as pool,
        tqdm(total=total, desc=description, unit="file", disable=None) as progress,
    ):
        while True:
            while not exhausted and len(taken) < _LOOK_AHEAD * workers and pool.has_room():
                try:
                    number, job = next(numbered)
                except StopIteration:
                    exhausted = True
                else:
                    taken[number] = job
                    pool.give(number, pickle.dumps(job))
            if turn in results:
                result, job = results.pop(turn), taken.pop(turn)
                turn += 1
                progress.update()
                yield InputError(f"{name(job)}: {result.reason}") if isinstance(result, _Lost) else result
            elif taken:
                results.update(pool.collect())
            else:
                return


@dataclass(frozen=True)
class _Lost:
    """In place of the result of a job that its process did not finish."""

    reason: str


class _Pool:
    """Workers that are started when there is work for them, and replaced when they die."""

    def __init__(self, function: Callable[[Any], Any], size: int, timeout: float) -> None:
        self._function = function
        self._size = size
        self._timeout = timeout
        self._workers: list[Worker] = []
        self._deaths: Counter[int] = Counter()

    def has_room(self) -> bool:
        """Whether a worker has too few jobs, or there are too few workers."""
        return len(self._workers) < self._size or any(len(worker.jobs) < _JOBS_AHEAD for worker in self._workers)

    def give(self, number: int, job: bytes) -> None:
        """Give a job to the worker that has the least to do, or to a new one."""
        worker = min(self._workers, key=lambda worker: len(worker.jobs), default=None)
        if worker is None or (worker.jobs and len(self._workers) < self._size):
            worker = Worker(self._function)
            self._workers.append(worker)
        worker.give(number, job)

    def collect(self) -> dict[int, Any]:
        """Wait for results, by the number of their job; there may be none after all."""
        results: dict[int, Any] = {}
        busy = {worker.connection: worker for worker in self._workers if worker.jobs}
        patience = min(self._time_left(worker) for worker in busy.values())
        for connection in wait(list(busy), None if math.isinf(patience) else max(0.0, patience)):
            worker = busy.pop(cast(Connection, connection))
            try:
                results |= worker.receive()
            except EOFError:
                results |= self._bury(worker)
        for worker in busy.values():  # those that said nothing
            if self._time_left(worker) <= 0.0:
                results |= self._stop(worker)
        return results

    def _time_left(self, worker: Worker) -> float:
        """Seconds that a worker may still take for its job."""
        return worker.since + self._timeout - time.monotonic() if worker.ready else math.inf

    def _bury(self, worker: Worker) -> dict[int, Any]:
        """Have the jobs of a dead worker done by others."""
        end = worker.end(patience=1.0)
        self._workers.remove(worker)
        if not worker.ready:
            raise RuntimeError(f"A worker process could not be started ({end}).")
        number = worker.jobs[0][0]
        self._deaths[number] += 1
        if self._deaths[number] < _TRIES:
            self._give_again(worker)
            return {}
        worker.jobs.popleft()
        self._give_again(worker)
        return {number: _Lost(f"the process that worked on this file died ({end}). {_REMEDY}")}

    def _stop(self, worker: Worker) -> dict[int, Any]:
        """Give up the job of a worker that takes too long."""
        worker.end()
        self._workers.remove(worker)
        number, _ = worker.jobs.popleft()
        self._give_again(worker)
        return {number: _Lost(f"work on this file took longer than {self._timeout:g} seconds. {_REMEDY}")}

    def _give_again(self, worker: Worker) -> None:
        for number, job in worker.jobs:
            self.give(number, job)

    def close(self) -> None:
        """End all workers at once."""
        for worker in self._workers:
            worker.end()
