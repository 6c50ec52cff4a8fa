"""Training throughput of the bundles' engine and loader, beside a bare PyTorch loop over batches ready in memory.

Run with ``python -m benchmarks.training_step``. A bundle is trained on random images, with its augmentation, EMA,
history and MLflow tracking, without validation and checkpoints; after each epoch the bare loop takes the same number of
steps with a copy of the same networks, so that both meet the same load of the machine. The first epoch does not count.
"""

import argparse
import logging
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple

import torch
from ignite.engine import Events

from benchmarks.bare_loops import BARE_LOOPS, prepare
from benchmarks.bundle_run import BundleRun, write_data_set
from benchmarks.timing import add_arguments, conditions, peak_memory


class Result(NamedTuple):
    """Medians: seconds of a step of either kind, and the part of the engine's that is tracking."""

    bare: float
    engine: float
    tracking: float


def measure(name: str, folder: Path, repeats: int, clock: Callable[[], float], **settings: int) -> Result:
    """Train in turn with the engine and with the bare loop; ``settings`` are of the bundle."""
    with tempfile.TemporaryDirectory() as output:
        run = BundleRun(name, folder, Path(output), clock, max_epochs=repeats + 1, **settings)
        trainer = run.trainer
        method = deepcopy(trainer.method).train()
        optimizer = torch.optim.Adam(method.trainable_parameters(), lr=run.learning_rate)
        weights = {term: ramp.value for term, ramp in trainer.loss_weights.items()}
        batches = prepare(trainer.data_loader, trainer.state.device)
        blocks = []
        start = 0.0

        def start_clock() -> None:
            nonlocal start
            start = clock()

        def take_turns() -> None:
            engine = clock() - start
            tracking = run.take_tracking_seconds()
            begin = clock()
            BARE_LOOPS[name](method, optimizer, weights, run.decay, batches)
            if trainer.state.device.type == "cuda":
                torch.cuda.synchronize()
            blocks.append(Result(clock() - begin, engine, tracking / engine))
            start_clock()

        # Registered after the bundle's own handlers, these run last: all of them are within an epoch's time.
        trainer.add_event_handler(Events.STARTED, start_clock)
        trainer.add_event_handler(Events.EPOCH_COMPLETED, take_turns)
        trainer.run()
    bare, engine, tracking = (statistics.median(values) for values in zip(*blocks[1:], strict=True))
    return Result(bare / len(batches), engine / len(batches), tracking)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Training throughput beside a bare PyTorch loop.")
    add_arguments(parser, repeats=15)
    parser.add_argument("--steps", type=int, default=40, help="training steps an epoch (%(default)s)")
    parser.add_argument("--image_size", type=int, default=64, help="height and width in pixels (%(default)s)")
    parser.add_argument("--batch_size", type=int, default=16, help="of either stream (%(default)s, the bundles' own)")
    parser.add_argument(
        "--cpu_time",
        action="store_true",
        help="take the time that the process itself computes, without its waiting for the disk: on a busy machine, and "
        "with --threads 1, for threads that wait for each other count as computing",
    )
    parser.add_argument("--methods", nargs="+", choices=BARE_LOOPS, default=list(BARE_LOOPS), help="default: all")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)  # one line for each new database
    print(f"images of {options.image_size} x {options.image_size}, {options.batch_size} labeled and as many unlabeled")
    print(f"median of {options.repeats} x {options.steps} steps, {'CPU' if options.cpu_time else 'wall'} time")
    print(
        f"{conditions()}\n\n{'ms per step':14s}{'bare loop':>10s}{'engine':>10s}{'bare/engine':>13s}{'tracking':>10s}"
    )
    with tempfile.TemporaryDirectory() as folder:
        write_data_set(Path(folder), options.steps * options.batch_size, options.image_size)
        for name in options.methods:
            result = measure(
                name,
                Path(folder),
                options.repeats,
                time.process_time if options.cpu_time else time.perf_counter,
                image_size=options.image_size,
                batch_size=options.batch_size,
                unlabeled_batch_size=options.batch_size,
            )
            print(
                f"{name:14s}{1000 * result.bare:10.2f}{1000 * result.engine:10.2f}"
                f"{result.bare / result.engine:13.3f}{result.tracking:10.1%}"
            )
    print(f"{'target':14s}{'':20s}{'>= 0.95':>13s}{'< 2%':>10s}")
    print(f"\npeak memory of the process: {peak_memory():.0f} MiB")


if __name__ == "__main__":
    main()
