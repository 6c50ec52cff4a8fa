"""From one stage of training to the next."""

import logging
from collections.abc import Iterable
from pathlib import Path

from ignite import distributed as idist
from monai.utils import set_determinism
from torch import nn

from monai_ssl.bundle.model import load_model
from monai_ssl.errors import InputError

__all__ = ["start_from"]

logger = logging.getLogger(__name__)


def start_from(path: str | Path, networks: Iterable[nn.Module], seed: int) -> None:
    """Begin a stage of training with the weights that the stage before has left.

    The random states are set anew, so that the stage ends the same whether the one before ran in this process or not.

    Args:
        path: the file of the weights.
        networks: what they are loaded into, such as a student and its teacher.
        seed: the run's seed.

    Raises:
        InputError: when there is no such file, or it is of another network.
    """
    idist.barrier()  # the first process writes the file, and all read it
    if not Path(path).is_file():
        raise InputError(
            f"{path}: there are no pre-trained weights to begin with. Run `pretraining` first, run `training` for both "
            "stages, or name the file."
        )
    for network in networks:
        load_model(network, path)
    set_determinism(seed=seed)
    logger.info("Training begins with the weights of %s.", path)
