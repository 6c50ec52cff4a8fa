"""Training in stages: what must fit before the first, and how the next begins."""

import logging
from collections.abc import Iterable
from pathlib import Path

from ignite import distributed as idist
from monai.utils import set_determinism
from torch import nn

from monai_ssl.bundle.model import load_model
from monai_ssl.errors import InputError

__all__ = ["check_stages", "check_validations", "start_from"]

logger = logging.getLogger(__name__)


def check_stages(pretrain_epochs: int, max_epochs: int | None = None, warmup_epochs: float = 0) -> None:
    """Refuse lengths of the stages with which one of them could learn nothing, before the first has begun.

    Args:
        pretrain_epochs: of the first stage.
        max_epochs: of the second; ``None`` where it is not run.
        warmup_epochs: of the second.

    Raises:
        InputError: for a first stage without epochs, or a warm-up that is as long as the second.
    """
    if pretrain_epochs < 1:
        raise InputError(
            f"There are {pretrain_epochs} epochs of pre-training. Give `--pretrain_epochs` 1 or more, or train without "
            "that stage: the overlay `src.json` does."
        )
    if max_epochs is not None and warmup_epochs >= max_epochs:
        raise InputError(
            f"The warm-up of {warmup_epochs:g} epochs leaves nothing of the {max_epochs} epochs of fine-tuning. Train "
            "longer (`--max_epochs`), or give a shorter warm-up (`--warmup_epochs`)."
        )


def check_validations(interval: int, *epochs: int) -> None:
    """Refuse stages that would end without a validation, and so without a model for the next, before the first begins.

    Args:
        interval: epochs from one validation to the next.
        epochs: of each stage.

    Raises:
        InputError: when a stage is shorter than the interval.
    """
    if min(epochs) < interval:
        raise InputError(
            f"A stage of {min(epochs)} epochs would never be validated, which is done every {interval}, and keep no "
            "model. Train longer (`--max_epochs`, `--teacher_epochs`), or validate more often (`--val_interval`)."
        )


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
