"""Losses and the weights between them: pure functions and thin modules."""

from monai_ssl.losses.absolute_kl import AbsoluteKLLoss, absolute_kl
from monai_ssl.losses.adversarial import predicted_mask_loss, real_mask_loss
from monai_ssl.losses.brier import BrierLoss, brier_loss
from monai_ssl.losses.classification import SupervisedLoss, multiclass_cross_entropy, multilabel_cross_entropy
from monai_ssl.losses.consensus import consensus_weights
from monai_ssl.losses.consistency import consistency_mse, probabilities
from monai_ssl.losses.contrastive import SupervisedContrastiveLoss, supervised_contrastive_loss
from monai_ssl.losses.ramps import Constant, CosineRamp, LinearRamp, Ramp, SigmoidRamp, sigmoid_rampup
from monai_ssl.losses.relation import RelationLoss, relation_loss, sample_relations
from monai_ssl.losses.robust import (
    BetaCrossEntropyLoss,
    CrossEntropyLoss,
    GeneralizedCrossEntropyLoss,
    ReverseCrossEntropyLoss,
    RobustLoss,
    SymmetricCrossEntropyLoss,
    beta_cross_entropy,
    cross_entropy,
    generalized_cross_entropy,
    reverse_cross_entropy,
    symmetric_cross_entropy,
)
from monai_ssl.losses.signal_annealing import SignalThreshold, annealed_cross_entropy

__all__ = [
    "AbsoluteKLLoss",
    "BetaCrossEntropyLoss",
    "BrierLoss",
    "Constant",
    "CosineRamp",
    "CrossEntropyLoss",
    "GeneralizedCrossEntropyLoss",
    "LinearRamp",
    "Ramp",
    "RelationLoss",
    "ReverseCrossEntropyLoss",
    "RobustLoss",
    "SigmoidRamp",
    "SignalThreshold",
    "SupervisedContrastiveLoss",
    "SupervisedLoss",
    "SymmetricCrossEntropyLoss",
    "absolute_kl",
    "annealed_cross_entropy",
    "beta_cross_entropy",
    "brier_loss",
    "consensus_weights",
    "consistency_mse",
    "cross_entropy",
    "generalized_cross_entropy",
    "multiclass_cross_entropy",
    "multilabel_cross_entropy",
    "predicted_mask_loss",
    "probabilities",
    "real_mask_loss",
    "relation_loss",
    "reverse_cross_entropy",
    "sample_relations",
    "sigmoid_rampup",
    "supervised_contrastive_loss",
    "symmetric_cross_entropy",
]
