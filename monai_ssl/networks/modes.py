"""A network in evaluation mode, or frozen, for a while."""

import contextlib
from collections.abc import Iterator

from torch import nn

__all__ = ["evaluating", "frozen"]


@contextlib.contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluation mode; afterwards each module has its own mode back, which MONAI's ``eval_mode`` does not see to."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


@contextlib.contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """No gradient to the parameters, though through them to the input; afterwards each is as it was."""
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in learning:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)
