"""Time of an EMA update of DenseNet121: this project's handler, the plain loop over tensors and Ignite's handler.

Run with ``python -m benchmarks.ema``. Each is attached to an Ignite engine that does nothing else, and averages
parameters and floating-point buffers. The target is an update at least 3 times faster than the loop's.
"""

import argparse
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import torch
from ignite.engine import Engine, Events
from ignite.handlers import EMAHandler as IgniteEMAHandler
from monai.networks.nets import DenseNet121
from torch import nn

from benchmarks.timing import add_arguments, alternate, conditions
from monai_ssl.handlers import EMAHandler

DECAY = 0.99


class LoopEMAHandler:
    """The update as it is written by hand: tensor by tensor, buffers as well."""

    def __init__(self, source: nn.Module, target: nn.Module) -> None:
        self.source, self.target = source, target

    def attach(self, engine: Engine) -> None:
        """Update after each iteration."""
        engine.add_event_handler(Events.ITERATION_COMPLETED, self.update)

    @torch.no_grad()
    def update(self) -> None:
        """Average floating-point tensors, copy the others."""
        for average, value in zip(self.target.parameters(), self.source.parameters(), strict=True):
            average.mul_(DECAY).add_(value.detach(), alpha=1 - DECAY)
        for buffer, current in zip(self.target.buffers(), self.source.buffers(), strict=True):
            if buffer.is_floating_point():
                buffer.mul_(DECAY).add_(current, alpha=1 - DECAY)
            else:
                buffer.copy_(current)


def updates(handler: Any, count: int) -> Callable[[], object]:
    """What makes ``count`` updates."""
    engine = Engine(lambda _, __: None)
    handler.attach(engine)
    return lambda: engine.run(range(count), max_epochs=1)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Time of an EMA update of DenseNet121.")
    add_arguments(parser, repeats=15)
    parser.add_argument("--updates", type=int, default=20, help="updates that are timed together (%(default)s)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    source = DenseNet121(spatial_dims=2, in_channels=3, out_channels=14).to(device)
    handlers = {
        "plain loop": LoopEMAHandler(source, deepcopy(source)),
        "ignite EMAHandler": IgniteEMAHandler(source, momentum=1 - DECAY, handle_buffers="update"),
        "monai_ssl EMAHandler": EMAHandler(source, deepcopy(source), DECAY, warm_up=False, buffers="average"),
    }
    ways = {name: updates(handler, options.updates) for name, handler in handlers.items()}
    medians = alternate(ways, options.repeats)
    tensors = sum(1 for _ in source.parameters()) + sum(1 for _ in source.buffers())
    print(f"DenseNet121, {tensors} tensors on {device}, median of {options.repeats} x {options.updates} updates")
    print(conditions())
    for name, median in medians.items():
        speed = medians["plain loop"] / median
        print(f"{name:22s} {1000 * median / options.updates:7.2f} ms per update  {speed:5.2f} times the loop's speed")
    print("target: at least 3 times the loop's speed")


if __name__ == "__main__":
    main()
