import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from monai_ssl.errors import InputError
from monai_ssl.metrics import brier_score, reliability


def test_by_hand():
    p = [0.1, 0.3, 0.6, 0.8, 0.99]
    y = [0, 1, 1, 1, -1]
    points = reliability(p, y, bins=2)
    np.testing.assert_allclose(points.predicted, [0.2, 0.7])
    np.testing.assert_allclose(points.observed, [0.5, 1])
    np.testing.assert_array_equal(points.counts, [2, 2])
    assert points.expected_calibration_error == pytest.approx((2 * 0.3 + 2 * 0.3) / 4)
    assert brier_score(p, y) == pytest.approx((0.1**2 + 0.7**2 + 0.4**2 + 0.2**2) / 4)


def test_points_are_scikit_learns():
    p = np.random.default_rng(0).random(503)
    y = np.random.default_rng(1).random(503) < p**2
    observed, predicted = calibration_curve(y, p, n_bins=10, strategy="quantile")
    points = reliability(p, y)
    np.testing.assert_allclose(points.observed, observed)
    np.testing.assert_allclose(points.predicted, predicted)
    assert points.counts.sum() == 503
    assert np.ptp(points.counts) <= 1


def test_calibrated_probabilities_have_little_error():
    p = np.random.default_rng(2).random(50_000)
    y = np.random.default_rng(3).random(50_000) < p
    assert reliability(p, y).expected_calibration_error < 0.01


def test_equal_probabilities_share_a_bin():
    points = reliability([0.25] * 8, [1, 0, 0, 0] * 2)
    np.testing.assert_array_equal(points.counts, [8])
    assert points.expected_calibration_error == 0


def test_errors():
    with pytest.raises(InputError, match="no image has a label"):
        brier_score([0.5], [-1])
    with pytest.raises(InputError, match="bins is 0"):
        reliability([0.5], [1], bins=0)
