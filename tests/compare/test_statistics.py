"""Tests of differences, against permutations, equivalent models and values by hand."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from monai_ssl.compare import compare, holm, one_way_anova
from monai_ssl.errors import InputError

A = [0.90, 0.80, 0.85, 0.70, 0.95, 0.60, 0.75, 0.82]
B = [0.70, 0.81, 0.80, 0.61, 0.92, 0.62, 0.50, 0.78]


def test_wilcoxon_is_exact():
    """All 2^8 signs of the ranks."""
    differences = np.subtract(A, B)
    ranks = stats.rankdata(np.abs(differences))
    sums = np.array([np.dot(ranks, signs) for signs in itertools.product((-1, 1), repeat=len(A))])
    observed = np.dot(ranks, np.sign(differences))
    c = compare(A, B)
    assert c.wilcoxon_p == pytest.approx(np.mean(np.abs(sums) >= abs(observed)))
    assert c.rank_biserial == pytest.approx(observed / 36)


def test_the_paired_t_test_is_that_of_one_mean():
    differences = np.subtract(A, B)
    t = differences.mean() / (differences.std(ddof=1) / math.sqrt(8))
    c = compare(A, B)
    assert c.count == 8
    assert c.t_p == pytest.approx(2 * stats.t.sf(abs(t), 7), rel=1e-9)
    assert c.difference == pytest.approx(differences.mean())
    assert c.cohens_d == pytest.approx(t / math.sqrt(8))
    low, high = stats.t.interval(0.95, 7, loc=differences.mean(), scale=stats.sem(differences))
    assert (c.low, c.high) == (pytest.approx(low), pytest.approx(high))
    assert c.pearson_r == pytest.approx(np.corrcoef(A, B)[0, 1])


def test_anova_by_hand():
    """Means 2, 3 and 7, of which the mean is 4."""
    anova = one_way_anova([[1.0, 2.0, 3.0], [2.0, 3.0, 4.0], [6.0, 7.0, 8.0]])
    between, within = 3 * (4 + 1 + 9), 3 * 2
    assert anova.f == pytest.approx((between / 2) / (within / 6))
    assert anova.eta_squared == pytest.approx(between / (between + within))
    assert anova.p == pytest.approx(stats.f.sf(anova.f, 2, 6))


def test_equal_runs_cannot_be_told_apart():
    c = compare(A, A)
    assert (c.difference, c.t_p, c.wilcoxon_p, c.cohens_d, c.rank_biserial) == (0, 1, 1, 0, 0)
    assert c.pearson_r == pytest.approx(1)
    anova = one_way_anova([[0.5] * 4, [0.5] * 4])
    assert math.isnan(anova.f)
    assert (anova.p, anova.eta_squared) == (1, 0)


def test_the_same_difference_everywhere():
    c = compare([2.0, 3.0, 4.0, 5.0], [1.0, 2.0, 3.0, 4.0])
    assert (c.difference, c.low, c.high, c.t_p, c.cohens_d) == (1, 1, 1, 0, math.inf)
    assert c.rank_biserial == 1


def test_a_constant_run_has_no_correlation():
    assert math.isnan(compare(A, [0.5] * 8).pearson_r)


def test_swapping_the_runs_turns_the_signs():
    one, other = compare(A, B), compare(B, A)
    assert one.difference == -other.difference
    assert (one.low, one.high) == (pytest.approx(-other.high), pytest.approx(-other.low))
    assert one.rank_biserial == pytest.approx(-other.rank_biserial)
    assert (one.t_p, one.wilcoxon_p) == (pytest.approx(other.t_p), pytest.approx(other.wilcoxon_p))


def test_holm_by_hand():
    # In ascending order times 4, 3, 2 and 1: .04, .06, .06 and .04, which may not fall.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([0.3]) == [0.3]
    assert holm([]) == []


def test_few_values_and_pairs_that_do_not_fit():
    with pytest.raises(InputError, match="2 values are too few for a test"):
        compare([0.1, 0.2], [0.3, 0.4])
    with pytest.raises(ValueError, match="3 and 4 values are no pairs"):
        compare([0.1, 0.2, 0.3], [0.3, 0.4, 0.1, 0.2])
    with pytest.raises(InputError, match="One run has nothing to be compared with"):
        one_way_anova([A])
