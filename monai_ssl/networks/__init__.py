"""Networks that MONAI lacks, or lacks a clear error for."""

from monai_ssl.networks.imagenet import densenet
from monai_ssl.networks.mean import MeanProbability

__all__ = ["MeanProbability", "densenet"]
