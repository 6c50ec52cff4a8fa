"""Comparing runs image by image: ``python -m monai_ssl.compare``."""

from monai_ssl.compare.cases import Scores, read_scores
from monai_ssl.compare.statistics import Anova, Comparison, compare, holm, one_way_anova

__all__ = ["Anova", "Comparison", "Scores", "compare", "holm", "one_way_anova", "read_scores"]
