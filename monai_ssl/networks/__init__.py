"""Networks that MONAI lacks, or lacks a clear error for."""

from monai_ssl.networks.features import FeatureForm, LayerFeatures, count_features, form_features
from monai_ssl.networks.imagenet import densenet
from monai_ssl.networks.joint import BranchedNetwork, ClassDiscriminator, GeneratorAndDiscriminator, JointOutput
from monai_ssl.networks.mean import MeanProbability
from monai_ssl.networks.modes import evaluating, frozen
from monai_ssl.networks.projection import ProjectionHead
from monai_ssl.networks.segmentation_network import required_multiple, segmentation_network
from monai_ssl.networks.transbts import TransBTS

__all__ = [
    "BranchedNetwork",
    "ClassDiscriminator",
    "FeatureForm",
    "GeneratorAndDiscriminator",
    "JointOutput",
    "LayerFeatures",
    "MeanProbability",
    "ProjectionHead",
    "TransBTS",
    "count_features",
    "densenet",
    "evaluating",
    "form_features",
    "frozen",
    "required_multiple",
    "segmentation_network",
]
