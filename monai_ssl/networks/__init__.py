"""Networks that MONAI lacks, or lacks a clear error for."""

from monai_ssl.networks.conv_classifier import conv_classifier
from monai_ssl.networks.discriminator import ClassDiscriminator
from monai_ssl.networks.features import FeatureForm, LayerFeatures, count_features, form_features
from monai_ssl.networks.imagenet import densenet
from monai_ssl.networks.joint import BranchedNetwork, FirstOutput, GeneratorAndDiscriminator, JointOutput, OneTask
from monai_ssl.networks.joint_architectures import JointArchitecture, joint_network
from monai_ssl.networks.mean import MeanProbability
from monai_ssl.networks.modes import evaluating, frozen
from monai_ssl.networks.projection import ProjectionHead
from monai_ssl.networks.segmentation import required_multiple, segmentation_network
from monai_ssl.networks.transbts import TransBTS

__all__ = [
    "BranchedNetwork",
    "ClassDiscriminator",
    "FeatureForm",
    "FirstOutput",
    "GeneratorAndDiscriminator",
    "JointArchitecture",
    "JointOutput",
    "LayerFeatures",
    "MeanProbability",
    "OneTask",
    "ProjectionHead",
    "TransBTS",
    "conv_classifier",
    "count_features",
    "densenet",
    "evaluating",
    "form_features",
    "frozen",
    "joint_network",
    "required_multiple",
    "segmentation_network",
]
