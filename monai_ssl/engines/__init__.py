"""The training loop and its events."""

from monai_ssl.engines.events import StepEvents
from monai_ssl.engines.trainer import SemiSupervisedTrainer

__all__ = ["SemiSupervisedTrainer", "StepEvents"]
