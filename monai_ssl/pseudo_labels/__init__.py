"""Pseudo-labels on disk: made by a teacher, corrected by hand where one likes, taken by a student."""

from monai_ssl.pseudo_labels.store import PseudoLabels

__all__ = ["PseudoLabels"]
