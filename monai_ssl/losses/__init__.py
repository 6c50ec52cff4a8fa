"""Losses and the weights between them: pure functions and thin modules."""

from monai_ssl.losses.classification import SupervisedLoss, multiclass_cross_entropy, multilabel_cross_entropy
from monai_ssl.losses.consensus import consensus_weights
from monai_ssl.losses.consistency import consistency_mse, probabilities
from monai_ssl.losses.ramps import Constant, CosineRamp, LinearRamp, Ramp, SigmoidRamp, sigmoid_rampup

__all__ = [
    "Constant",
    "CosineRamp",
    "LinearRamp",
    "Ramp",
    "SigmoidRamp",
    "SupervisedLoss",
    "consensus_weights",
    "consistency_mse",
    "multiclass_cross_entropy",
    "multilabel_cross_entropy",
    "probabilities",
    "sigmoid_rampup",
]
