"""What a stage of pre-training leaves for the next one, and shows."""

import logging
from pathlib import Path

from ignite.engine import Events
from monai.engines import Workflow
from torch import nn

from monai_ssl.handlers.checkpoint import save_tensors
from monai_ssl.handlers.history import TrainingHistory
from monai_ssl.reports import learning_curves_figure, save_figure

__all__ = ["PretrainingReport"]

logger = logging.getLogger(__name__)


class PretrainingReport:
    """At the end of pre-training write the network's weights and draw the curve of the loss.

    The file is a plain state dictionary. Nothing is validated in pre-training, so the last weights are kept.

    Args:
        path: the file of the weights.
        network: the network that was pre-trained.
        history: the stage's table.
        figure_path: the PNG of the curves.
    """

    def __init__(self, path: str | Path, network: nn.Module, history: TrainingHistory, figure_path: str | Path) -> None:
        self.path, self.network, self.history, self.figure_path = Path(path), network, history, Path(figure_path)

    def attach(self, engine: Workflow) -> None:
        """Write when ``engine`` completes."""
        engine.add_event_handler(Events.COMPLETED, self)

    def __call__(self, engine: Workflow) -> None:
        """Write both; under distributed training the first process does."""
        if engine.state.rank != 0:
            return
        save_tensors(self.network.state_dict(), self.path)
        save_figure(learning_curves_figure(self.history.rows, title="Pre-training"), self.figure_path)
        logger.info("Pre-trained for %d epochs: %s", engine.state.epoch, self.path)
