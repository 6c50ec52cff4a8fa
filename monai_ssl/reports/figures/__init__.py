"""Figures: evaluation by class or region, images with saliency or outlines, and learning curves."""

from monai_ssl.reports.figures.bland_altman import bland_altman_figure
from monai_ssl.reports.figures.by_class import calibration_figure, roc_figure
from monai_ssl.reports.figures.canvas import COLORS, GREY, new_figure, save_figure
from monai_ssl.reports.figures.confusion import confusion_figure
from monai_ssl.reports.figures.dice_by_class import dice_by_class_figure
from monai_ssl.reports.figures.learning_curves import learning_curves_figure
from monai_ssl.reports.figures.overlay_rows import OverlayRow, overlay_row
from monai_ssl.reports.figures.overlays import check_overlay_count, overlay_figure
from monai_ssl.reports.figures.regions import region_figure
from monai_ssl.reports.figures.saliency import SaliencyRow, check_row_count, saliency_figure

__all__ = [
    "COLORS",
    "GREY",
    "OverlayRow",
    "SaliencyRow",
    "bland_altman_figure",
    "calibration_figure",
    "check_overlay_count",
    "check_row_count",
    "confusion_figure",
    "dice_by_class_figure",
    "learning_curves_figure",
    "new_figure",
    "overlay_figure",
    "overlay_row",
    "region_figure",
    "roc_figure",
    "saliency_figure",
    "save_figure",
]
