"""Tests of the differences between runs on the same images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from monai_ssl.errors import InputError

__all__ = ["Anova", "Comparison", "compare", "holm", "one_way_anova"]

_FEWEST = 3


@dataclass(frozen=True)
class Anova:
    """One-way analysis of variance.

    Attributes:
        f: between the runs' variance over that within them.
        p: of an F as large, if all means were equal.
        eta_squared: the part of the variance that is between the runs, from 0 to 1.
    """

    f: float
    p: float
    eta_squared: float


@dataclass(frozen=True)
class Comparison:
    """A run against the reference, image by image.

    Attributes:
        count: of the pairs.
        difference: mean of reference minus run.
        low: lower end of its 95 % interval, by Student's t.
        high: upper end.
        t_p: of the paired t-test, two-sided.
        cohens_d: the mean difference over the standard deviation of the differences.
        wilcoxon_p: of Wilcoxon's signed-rank test, two-sided; pairs without a difference are left out.
        rank_biserial: the part of the rank sum that is in the reference's favor minus the part that is not.
        pearson_r: correlation of the values.
    """

    count: int
    difference: float
    low: float
    high: float
    t_p: float
    cohens_d: float
    wilcoxon_p: float
    rank_biserial: float
    pearson_r: float


def one_way_anova(runs: Sequence[Sequence[float]]) -> Anova:
    """Ask whether all runs have one mean; pairs of images are not made use of.

    Args:
        runs: the values of two runs or more.

    Raises:
        InputError: for fewer than two runs, or than three values of one.
    """
    groups = [_array(values) for values in runs]
    if len(groups) < 2:
        raise InputError("One run has nothing to be compared with. Give the tables of two or more.")
    values = np.concatenate(groups)
    within = sum(((group - group.mean()) ** 2).sum() for group in groups)
    total = ((values - values.mean()) ** 2).sum()
    if math.isclose(total, 0, abs_tol=1e-24):
        return Anova(math.nan, 1.0, 0.0)
    result = stats.f_oneway(*groups)
    return Anova(float(result.statistic), float(result.pvalue), float(1 - within / total))


def compare(reference: Sequence[float], run: Sequence[float]) -> Comparison:
    """Compare two runs on the same images.

    Where all differences are 0, no test can tell the runs apart: p is 1 and effects are 0.

    Args:
        reference: values, NaN nowhere.
        run: of the same images, in the same order.

    Raises:
        InputError: for fewer than three pairs.
        ValueError: for different numbers of values.
    """
    a, b = _array(reference), _array(run)
    if a.shape != b.shape:
        raise ValueError(f"{len(a)} and {len(b)} values are no pairs.")
    differences = a - b
    mean, deviation = float(differences.mean()), float(differences.std(ddof=1))
    r = float(stats.pearsonr(a, b).statistic) if a.std() > 0 and b.std() > 0 else math.nan
    if not differences.any():
        return Comparison(len(a), 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, r)
    margin = float(stats.t.ppf(0.975, len(a) - 1)) * deviation / math.sqrt(len(a))
    # The same difference everywhere has no spread to compare it with.
    t_p = float(stats.ttest_rel(a, b).pvalue) if deviation > 0 else 0.0
    return Comparison(
        count=len(a),
        difference=mean,
        low=mean - margin,
        high=mean + margin,
        t_p=t_p,
        cohens_d=mean / deviation if deviation > 0 else math.copysign(math.inf, mean),
        wilcoxon_p=float(stats.wilcoxon(a, b).pvalue),
        rank_biserial=_rank_biserial(differences),
        pearson_r=r,
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for their number, by Holm's step-down method (Scandinavian Journal of Statistics, 1979).

    The k-th smallest of m is multiplied by m - k + 1, and is never below the ones before; none exceeds 1.

    Args:
        p_values: in [0, 1], in any order, which is kept.
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(np.minimum(p[order] * np.arange(len(p), 0, -1), 1.0))
    return adjusted.tolist()


def _rank_biserial(differences: NDArray[np.float64]) -> float:
    """Source: Kerby, Comprehensive Psychology, 2014."""
    differences = differences[differences != 0]
    ranks = stats.rankdata(np.abs(differences))
    return float((ranks * np.sign(differences)).sum() / ranks.sum())


def _array(values: Sequence[float]) -> NDArray[np.float64]:
    if len(values) < _FEWEST:
        raise InputError(f"{len(values)} values are too few for a test. Compare runs on {_FEWEST} images at least.")
    return np.asarray(values, dtype=float)
