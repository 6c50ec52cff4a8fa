"""Networks that MONAI lacks, or lacks a clear error for."""

from monai_ssl.networks.features import FeatureForm, LayerFeatures, count_features, form_features
from monai_ssl.networks.imagenet import densenet
from monai_ssl.networks.mean import MeanProbability
from monai_ssl.networks.modes import evaluating
from monai_ssl.networks.projection import ProjectionHead

__all__ = [
    "FeatureForm",
    "LayerFeatures",
    "MeanProbability",
    "ProjectionHead",
    "count_features",
    "densenet",
    "evaluating",
    "form_features",
]
