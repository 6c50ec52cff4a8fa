"""Reports: evaluation with intervals, predictions as CSV, figures."""

from monai_ssl.reports.evaluation import evaluate
from monai_ssl.reports.figures import (
    SaliencyRow,
    calibration_figure,
    check_row_count,
    confusion_figure,
    learning_curves_figure,
    roc_figure,
    saliency_figure,
    save_figure,
)
from monai_ssl.reports.predictions import read_thresholds, write_predictions
from monai_ssl.reports.saliency import check_smooth, input_saliency
from monai_ssl.reports.saliency_images import choose_images

__all__ = [
    "SaliencyRow",
    "calibration_figure",
    "check_row_count",
    "check_smooth",
    "choose_images",
    "confusion_figure",
    "evaluate",
    "input_saliency",
    "learning_curves_figure",
    "read_thresholds",
    "roc_figure",
    "saliency_figure",
    "save_figure",
    "write_predictions",
]
