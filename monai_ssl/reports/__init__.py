"""Reports: evaluation with intervals, predictions as CSV, figures."""

from monai_ssl.reports.evaluation import evaluate
from monai_ssl.reports.figures import (
    OverlayRow,
    SaliencyRow,
    calibration_figure,
    check_overlay_count,
    check_row_count,
    confusion_figure,
    learning_curves_figure,
    overlay_figure,
    overlay_row,
    roc_figure,
    saliency_figure,
    save_figure,
)
from monai_ssl.reports.joint import evaluate_joint
from monai_ssl.reports.mask_picture import mask_picture
from monai_ssl.reports.predictions import read_thresholds, write_predictions
from monai_ssl.reports.saliency import check_smooth, input_saliency
from monai_ssl.reports.saliency_images import choose_images
from monai_ssl.reports.segmentation import evaluate_segmentation
from monai_ssl.reports.segmentation_case import SegmentationCase, compare_with_file

__all__ = [
    "OverlayRow",
    "SaliencyRow",
    "SegmentationCase",
    "calibration_figure",
    "check_overlay_count",
    "check_row_count",
    "check_smooth",
    "choose_images",
    "compare_with_file",
    "confusion_figure",
    "evaluate",
    "evaluate_joint",
    "evaluate_segmentation",
    "input_saliency",
    "learning_curves_figure",
    "mask_picture",
    "overlay_figure",
    "overlay_row",
    "read_thresholds",
    "roc_figure",
    "saliency_figure",
    "save_figure",
    "write_predictions",
]
