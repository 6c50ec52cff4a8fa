import time

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from monai_ssl.errors import InputError
from monai_ssl.metrics import (
    average_precision_by_class,
    bootstrap_patients,
    resampled,
    roc_auc_by_class,
    sensitivity_specificity,
    weighted_average_precision,
    weighted_macro,
    weighted_roc_auc,
    weighted_sensitivity_specificity,
)

NAN = float("nan")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    p = rng.integers(1, 30, (90, 3)) / 30
    y = (rng.random((90, 3)) < p).astype(float)
    y[rng.random((90, 3)) < 0.1] = NAN
    return p, y, rng.integers(0, 4, (20, 90))


@pytest.mark.parametrize(
    ("weighted", "reference"),
    [(weighted_roc_auc, roc_auc_score), (weighted_average_precision, average_precision_score)],
)
def test_weighted_metrics_are_scikit_learns(data, weighted, reference):
    p, y, w = data
    values = weighted(p, y, w)
    for c in range(3):
        known = ~np.isnan(y[:, c])
        expected = [reference(y[known, c], p[known, c], sample_weight=row[known]) for row in w]
        np.testing.assert_allclose(values[:, c], expected)


def test_weights_are_numbers_of_draws(data):
    p, y, w = data
    thresholds = np.array([0.3, NAN, 0.5])
    fast = weighted_sensitivity_specificity(p, y, w, thresholds)
    for i in (0, 1):
        slow = resampled(lambda a, b, i=i: sensitivity_specificity(a, b, thresholds)[i])(p, y, w)
        np.testing.assert_allclose(fast[i], slow)
    np.testing.assert_allclose(weighted_roc_auc(p, y, w), resampled(roc_auc_by_class)(p, y, w))
    slow = resampled(average_precision_by_class)(p, y, w)
    np.testing.assert_allclose(weighted_average_precision(p, y, w), slow)


def test_replicate_without_positives_or_negatives_is_undefined():
    p, y = [[0.9], [0.5], [0.1]], [[1], [0], [0]]
    w = [[1, 1, 1], [0, 2, 1], [3, 0, 0]]
    for weighted in (weighted_roc_auc, weighted_average_precision):
        np.testing.assert_array_equal(weighted(p, y, w)[:, 0], [1, NAN, NAN])
    for rates in weighted_sensitivity_specificity(p, y, w, [0.3]):
        np.testing.assert_array_equal(np.isnan(rates[:, 0]), [False, True, True])


def test_weighted_macro():
    values = weighted_macro(np.array([[0.5, NAN, 1], [NAN, NAN, NAN]]))
    np.testing.assert_array_equal(values, [[0.75], [NAN]])


def test_weights_must_fit(data):
    p, y, w = data
    with pytest.raises(InputError, match="90 images"):
        weighted_roc_auc(p, y, w[:, 1:])


def mean(p, y):
    return p.mean(axis=0)


def test_interval_of_a_mean_is_the_normal_one():
    p = np.random.default_rng(2).random((400, 1))
    found = bootstrap_patients(resampled(mean), p, p > 0.5, [str(i) for i in range(400)], replicates=2000)
    expected = stats.norm.interval(0.95, p.mean(), p.std() / 20)
    np.testing.assert_allclose([found.low[0], found.high[0]], expected, atol=0.004)
    assert found.used == [2000]


def test_images_of_a_patient_come_together():
    # Each image ten times over tells nothing new: by patient the interval stays, by image it shrinks by sqrt(10).
    p = np.random.default_rng(3).random((100, 1))
    patients = [str(i) for i in range(100)]
    repeated = np.repeat(p, 10, axis=0)

    def width(p, patients):
        intervals = bootstrap_patients(resampled(mean), p, p, patients, replicates=500)
        return (intervals.high - intervals.low)[0]

    single = width(p, patients)
    assert width(repeated, np.repeat(patients, 10).tolist()) == pytest.approx(single)
    assert width(repeated, [str(i) for i in range(1000)]) == pytest.approx(single / 10**0.5, rel=0.15)


def test_undefined_replicates_are_left_out_and_counted():
    # The class has one positive, of one of 20 patients: it is missed by (1 - 1/20)^20 = 36 % of the replicates.
    p = np.linspace(0, 1, 20)[:, None].repeat(2, axis=1)
    y = np.zeros((20, 2))
    y[-1, 0] = 1
    found = bootstrap_patients(weighted_roc_auc, p, y, [str(i) for i in range(20)], replicates=1000)
    assert found.used[0] == pytest.approx(1000 * (1 - 0.95**20), abs=50)
    assert (found.low[0], found.high[0]) == (1, 1)
    assert found.used[1] == 0
    assert np.isnan([found.low[1], found.high[1]]).all()


def test_seed(data):
    p, y, _ = data
    patients = [str(i // 2) for i in range(90)]
    a, b, c = (bootstrap_patients(weighted_roc_auc, p, y, patients, replicates=150, seed=s).low for s in (0, 0, 1))
    np.testing.assert_array_equal(a, b)
    assert (a != c).all()


def test_speed():
    rng = np.random.default_rng(4)
    p = rng.random((2000, 5))
    start = time.process_time()
    bootstrap_patients(weighted_roc_auc, p, rng.random((2000, 5)) < p, [str(i) for i in range(2000)])
    assert time.process_time() - start < 20


@pytest.mark.parametrize(
    ("change", "message"),
    [({"patients": ["a"]}, "1 patients"), ({"replicates": 0}, "replicates"), ({"confidence": 95}, "confidence")],
)
def test_bad_arguments(change, message):
    arguments = {"patients": ["a", "b"], **change}
    with pytest.raises(InputError, match=message):
        bootstrap_patients(weighted_roc_auc, [[0.1], [0.2]], [[1], [0]], **arguments)
