"""Reports: evaluation with intervals, predictions as CSV, figures."""

from monai_ssl.reports.evaluation import evaluate
from monai_ssl.reports.figures import calibration_figure, learning_curves_figure, roc_figure, save_figure
from monai_ssl.reports.predictions import read_thresholds, write_predictions

__all__ = [
    "calibration_figure",
    "evaluate",
    "learning_curves_figure",
    "read_thresholds",
    "roc_figure",
    "save_figure",
    "write_predictions",
]
