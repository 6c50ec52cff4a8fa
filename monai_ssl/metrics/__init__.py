"""Metrics of classification, by class over missing labels, and of masks, by region; with intervals over patients."""

from monai_ssl.metrics.arrays import check_arrays, one_against_rest
from monai_ssl.metrics.bootstrap import Intervals, Statistic, bootstrap_patients, resampled
from monai_ssl.metrics.calibration import Reliability, brier_score, reliability
from monai_ssl.metrics.classification import (
    average_precision_by_class,
    choose_thresholds,
    defined_classes,
    macro,
    roc_auc_by_class,
    sensitivity_specificity,
)
from monai_ssl.metrics.most_probable import accuracy, accuracy_one_against_rest, f1_most_probable, most_probable
from monai_ssl.metrics.predictions import Predictions
from monai_ssl.metrics.segmentation import RegionScore, region_scores
from monai_ssl.metrics.structural_similarity import mask_ssim
from monai_ssl.metrics.surface_distance import SurfaceDistances, surface_distances
from monai_ssl.metrics.weighted import (
    weighted_accuracy,
    weighted_accuracy_one_against_rest,
    weighted_average_precision,
    weighted_f1_most_probable,
    weighted_macro,
    weighted_mean,
    weighted_roc_auc,
    weighted_sensitivity_specificity,
)

__all__ = [
    "Intervals",
    "Predictions",
    "RegionScore",
    "Reliability",
    "Statistic",
    "SurfaceDistances",
    "accuracy",
    "accuracy_one_against_rest",
    "average_precision_by_class",
    "bootstrap_patients",
    "brier_score",
    "check_arrays",
    "choose_thresholds",
    "defined_classes",
    "f1_most_probable",
    "macro",
    "mask_ssim",
    "most_probable",
    "one_against_rest",
    "region_scores",
    "reliability",
    "resampled",
    "roc_auc_by_class",
    "sensitivity_specificity",
    "surface_distances",
    "weighted_accuracy",
    "weighted_accuracy_one_against_rest",
    "weighted_average_precision",
    "weighted_f1_most_probable",
    "weighted_macro",
    "weighted_mean",
    "weighted_roc_auc",
    "weighted_sensitivity_specificity",
]
