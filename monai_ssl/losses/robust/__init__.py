"""Losses that wrong labels cannot pull at without bound, for labels that were guessed."""

from monai_ssl.losses.robust.beta import BetaCrossEntropyLoss, beta_cross_entropy
from monai_ssl.losses.robust.cross_entropy import CrossEntropyLoss, cross_entropy
from monai_ssl.losses.robust.generalized import GeneralizedCrossEntropyLoss, generalized_cross_entropy
from monai_ssl.losses.robust.reverse import ReverseCrossEntropyLoss, reverse_cross_entropy
from monai_ssl.losses.robust.robust_loss import RobustLoss
from monai_ssl.losses.robust.symmetric import SymmetricCrossEntropyLoss, symmetric_cross_entropy

__all__ = [
    "BetaCrossEntropyLoss",
    "CrossEntropyLoss",
    "GeneralizedCrossEntropyLoss",
    "ReverseCrossEntropyLoss",
    "RobustLoss",
    "SymmetricCrossEntropyLoss",
    "beta_cross_entropy",
    "cross_entropy",
    "generalized_cross_entropy",
    "reverse_cross_entropy",
    "symmetric_cross_entropy",
]
