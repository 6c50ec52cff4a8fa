"""Figures: evaluation by class and learning curves."""

from monai_ssl.reports.figures.by_class import calibration_figure, roc_figure
from monai_ssl.reports.figures.canvas import COLORS, GREY, new_figure, save_figure
from monai_ssl.reports.figures.confusion import confusion_figure
from monai_ssl.reports.figures.learning_curves import learning_curves_figure
from monai_ssl.reports.figures.saliency import SaliencyRow, check_row_count, saliency_figure

__all__ = [
    "COLORS",
    "GREY",
    "SaliencyRow",
    "calibration_figure",
    "check_row_count",
    "confusion_figure",
    "learning_curves_figure",
    "new_figure",
    "roc_figure",
    "saliency_figure",
    "save_figure",
]
