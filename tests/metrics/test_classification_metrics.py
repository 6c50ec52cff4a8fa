import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from monai_ssl.errors import InputError
from monai_ssl.metrics import (
    average_precision_by_class,
    choose_thresholds,
    defined_classes,
    macro,
    roc_auc_by_class,
    sensitivity_specificity,
)

NAN = float("nan")


def column(values):
    return np.array(values, dtype=float)[:, None]


# Positives at 0.8 and 0.4; negatives at 0.6, 0.4 and 0.1. Of the 6 pairs 4 are in order, one ties, one is not.
P = column([0.8, 0.6, 0.4, 0.4, 0.1])
Y = column([1, 0, 1, 0, 0])


def test_roc_auc_by_hand():
    np.testing.assert_allclose(roc_auc_by_class(P, Y), [4.5 / 6])


def test_average_precision_by_hand():
    # At 0.8 one of one is right, half of the positives; at 0.4 two of four, the other half.
    np.testing.assert_allclose(average_precision_by_class(P, Y), [0.5 * 1 + 0.5 * 2 / 4])


def test_roc_auc_is_the_mann_whitney_statistic():
    rng = np.random.default_rng(0)
    p = rng.integers(0, 20, (200, 3)) / 20
    y = (rng.random((200, 3)) < 0.3).astype(float)
    y[rng.random((200, 3)) < 0.1] = -1
    expected = [
        mannwhitneyu(p[y[:, c] == 1, c], p[y[:, c] == 0, c]).statistic / ((y[:, c] == 1).sum() * (y[:, c] == 0).sum())
        for c in range(3)
    ]
    np.testing.assert_allclose(roc_auc_by_class(p, y), expected)


def test_missing_labels_count_for_nothing():
    p = np.concatenate([P, column([0.99, 0.01])])
    y = np.concatenate([Y, column([NAN, -1])])
    np.testing.assert_array_equal(roc_auc_by_class(p, y), roc_auc_by_class(P, Y))
    np.testing.assert_array_equal(choose_thresholds(p, y), choose_thresholds(P, Y))
    np.testing.assert_array_equal(sensitivity_specificity(p, y, [0.5]), sensitivity_specificity(P, Y, [0.5]))


@pytest.mark.parametrize("only", [0.0, 1.0, NAN])
def test_class_with_one_kind_of_label_is_undefined(only):
    y = np.concatenate([Y, np.full_like(Y, only)], axis=1)
    p = np.concatenate([P, P], axis=1)
    np.testing.assert_array_equal(defined_classes(y), [True, False])
    for values in (
        roc_auc_by_class(p, y),
        average_precision_by_class(p, y),
        choose_thresholds(p, y),
        *sensitivity_specificity(p, y, [0.5, 0.5]),
    ):
        assert np.isfinite(values[0])
        assert np.isnan(values[1])


def test_threshold_maximises_youden():
    p = column([0.9, 0.7, 0.6, 0.2, 0.1])
    y = column([1, 1, 0, 1, 0])
    # J at these, from the highest: 1/3, 2/3, 1/6, 1/2, 0.
    assert choose_thresholds(p, y) == [0.7]
    sensitivity, specificity = sensitivity_specificity(p, y, [0.7])
    np.testing.assert_allclose([sensitivity[0], specificity[0]], [2 / 3, 1])


def test_tied_thresholds_give_the_most_sensitive():
    # J is 1/2 at 0.9 and again at 0.3.
    assert choose_thresholds(column([0.9, 0.6, 0.3, 0.1]), column([1, 0, 1, 0])) == [0.3]
    # With thirds, whose differences differ in the last place: J is 1/3 at 0.9, at 0.7 and at 0.5.
    tied = choose_thresholds(column([0.9, 0.8, 0.7, 0.6, 0.5, 0.4]), column([1, 0, 1, 0, 1, 0]))
    assert tied == [0.5]


def test_threshold_of_a_useless_classifier_is_finite():
    assert choose_thresholds(column([0.1, 0.9]), column([1, 0])) == [0.1]


def test_threshold_itself_is_positive():
    sensitivity, specificity = sensitivity_specificity(P, Y, [0.4])
    np.testing.assert_allclose([sensitivity[0], specificity[0]], [1, 1 / 3])


def test_no_threshold_no_result():
    assert np.isnan(sensitivity_specificity(P, Y, [NAN])).all()


def test_thresholds_of_other_number_are_refused():
    with pytest.raises(InputError, match="one for each of the 1 classes"):
        sensitivity_specificity(P, Y, [0.5, 0.5])


def test_macro_is_over_the_defined():
    assert macro([0.5, NAN, 1.0]) == 0.75
    assert np.isnan(macro([NAN]))
