"""Ignite handlers and metrics that MONAI and Ignite lack."""

from monai_ssl.handlers.best_model import BestModelSaver
from monai_ssl.handlers.checkpoint import TrainingCheckpoint, load_checkpoint
from monai_ssl.handlers.dice import RegionDice
from monai_ssl.handlers.disagreement import DisagreementCount, MetricVariance
from monai_ssl.handlers.discriminator import DiscriminatorWatch
from monai_ssl.handlers.ema import EMAHandler
from monai_ssl.handlers.history import TrainingHistory
from monai_ssl.handlers.mask_writer import MaskWriter
from monai_ssl.handlers.predictions import PredictionCollector
from monai_ssl.handlers.pretraining import PretrainingReport
from monai_ssl.handlers.pseudo_labels import PseudoLabelWriter
from monai_ssl.handlers.report import TrainingReport
from monai_ssl.handlers.roc_auc import MacroROCAUC
from monai_ssl.handlers.schedule import MethodSchedule
from monai_ssl.handlers.segmentation import SegmentationCollector
from monai_ssl.handlers.tracking import MLflowTracker

__all__ = [
    "BestModelSaver",
    "DisagreementCount",
    "DiscriminatorWatch",
    "EMAHandler",
    "MLflowTracker",
    "MacroROCAUC",
    "MaskWriter",
    "MethodSchedule",
    "MetricVariance",
    "PredictionCollector",
    "PretrainingReport",
    "PseudoLabelWriter",
    "RegionDice",
    "SegmentationCollector",
    "TrainingCheckpoint",
    "TrainingHistory",
    "TrainingReport",
    "load_checkpoint",
]
