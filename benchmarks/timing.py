"""What the benchmarks share: several ways of doing one thing, timed in turn on a machine that is never quite idle."""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

__all__ = ["add_arguments", "alternate", "conditions", "peak_memory"]


def add_arguments(parser: argparse.ArgumentParser, repeats: int) -> None:
    """Add ``--repeats`` and ``--threads``."""
    parser.add_argument("--repeats", type=int, default=repeats, help="how often each way is timed (%(default)s)")
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="threads of torch; all processors by default (%(default)s)"
    )


def alternate(ways: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Time each way in turn, ``repeats`` times over, so that the machine's other load falls on all of them alike.

    Args:
        ways: what to call, by name; each is called once before, which fills caches and loads modules.
        repeats: rounds, at least 1.

    Returns:
        The median of the seconds of a call, by name.
    """
    for way in ways.values():
        way()
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def conditions() -> str:
    """What a timing depends on: torch, its threads, the machine's load in the last minute."""
    file = Path("/proc/loadavg")
    load = f", load {file.read_text().split()[0]}" if file.exists() else ""
    return f"torch {torch.__version__}, {torch.get_num_threads()} threads{load}"


def peak_memory() -> float:
    """The largest resident memory of this process so far, in MiB."""
    import resource  # not on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
