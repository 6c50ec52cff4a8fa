import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, recall_score

from monai_ssl.errors import InputError
from monai_ssl.metrics import (
    accuracy,
    accuracy_one_against_rest,
    f1_most_probable,
    macro,
    most_probable,
    one_against_rest,
    resampled,
    sensitivity_specificity,
    weighted_accuracy,
    weighted_accuracy_one_against_rest,
    weighted_f1_most_probable,
    weighted_macro,
    weighted_sensitivity_specificity,
)

NAN = float("nan")

# Called are 0, 1, 1, 2; true are 0, 1, 2, 2.
P = np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.1, 0.6, 0.3], [0.3, 0.3, 0.4]])
Y = one_against_rest([0, 1, 2, 2], 3)


def rates(p, y):
    return sensitivity_specificity(most_probable(p), y, np.ones(p.shape[1]))


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(5), 150)
    return p, np.array([rng.choice(5, p=row) for row in p])


def test_by_hand():
    assert accuracy(P, Y) == 3 / 4
    # The one error counts against class 1, which is called, and class 2, which is true.
    np.testing.assert_array_equal(accuracy_one_against_rest(P, Y), [1, 3 / 4, 3 / 4])
    np.testing.assert_allclose(rates(P, Y), [[1, 1, 1 / 2], [1, 2 / 3, 1]])
    # Of class 1 there are one hit and one false call, of class 2 one hit and one miss.
    np.testing.assert_allclose(f1_most_probable(P, Y), [1, 2 / 3, 2 / 3])


def test_of_several_most_probable_classes_the_first_is_called():
    np.testing.assert_array_equal(most_probable([[0.2, 0.4, 0.4], [1 / 3] * 3]), [[0, 1, 0], [1, 0, 0]])


def test_scikit_learn(data):
    p, classes = data
    y, called = one_against_rest(classes, 5), p.argmax(axis=1)
    assert accuracy(p, y) == pytest.approx(accuracy_score(classes, called))
    sensitivity, specificity = rates(p, y)
    np.testing.assert_allclose(sensitivity, recall_score(classes, called, average=None))
    assert macro(sensitivity) == pytest.approx(balanced_accuracy_score(classes, called))
    np.testing.assert_allclose(f1_most_probable(p, y), f1_score(classes, called, average=None))
    assert macro(f1_most_probable(p, y)) == pytest.approx(f1_score(classes, called, average="macro"))
    for c, value in enumerate(accuracy_one_against_rest(p, y)):
        assert value == pytest.approx(accuracy_score(classes == c, called == c))
        assert specificity[c] == pytest.approx(recall_score(classes == c, called == c, pos_label=0))


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_mean_one_against_rest_follows_from_accuracy(classes):
    rng = np.random.default_rng(classes)
    p = rng.dirichlet(np.ones(classes), 60)
    y = one_against_rest(rng.integers(0, classes, 60), classes)
    assert macro(accuracy_one_against_rest(p, y)) == pytest.approx(1 - 2 * (1 - accuracy(p, y)) / classes)


def test_missing_labels_count_for_nothing(data):
    p, classes = data
    some = np.where(np.arange(150) % 4 == 0, -1, classes)
    known = some >= 0
    y, rest = one_against_rest(some, 5), one_against_rest(some[known], 5)
    for metric in (accuracy, accuracy_one_against_rest, f1_most_probable, rates):
        np.testing.assert_array_equal(metric(p, y), metric(p[known], rest))


def test_class_without_images():
    p, y = P[:2], Y[:2]
    for rate in rates(p, y):
        np.testing.assert_array_equal(rate, [1, 1, NAN])
    np.testing.assert_array_equal(accuracy_one_against_rest(p, y), [1, 1, 1])
    np.testing.assert_array_equal(f1_most_probable(p, y), [1, 1, NAN])
    # Called but never true.
    np.testing.assert_array_equal(f1_most_probable([[0.1, 0.2, 0.7]], [[1, 0, 0]]), [0, NAN, NAN])
    np.testing.assert_array_equal(accuracy_one_against_rest([[0.1, 0.2, 0.7]], [[1, 0, 0]]), [0, 1, 0])


def test_no_labels_no_numbers():
    y = np.full_like(Y, NAN)
    assert np.isnan(accuracy(P, y))
    np.testing.assert_array_equal(accuracy_one_against_rest(P, y), [NAN] * 3)
    np.testing.assert_array_equal(f1_most_probable(P, y), [NAN] * 3)


def test_weights_are_numbers_of_draws(data):
    p, classes = data
    # A rare class, which some replicates lack, and missing labels.
    y = one_against_rest(np.where(classes == 4, -1, np.where(np.arange(150) < 2, 4, classes)), 5)
    w = np.random.default_rng(1).integers(0, 3, (40, 150))
    np.testing.assert_allclose(weighted_accuracy(p, y, w), resampled(lambda p, y: [accuracy(p, y)])(p, y, w))
    by_class = weighted_accuracy_one_against_rest(p, y, w)
    np.testing.assert_allclose(by_class, resampled(accuracy_one_against_rest)(p, y, w))
    np.testing.assert_allclose(weighted_macro(by_class), 1 - 2 * (1 - weighted_accuracy(p, y, w)) / 5)
    f1 = weighted_f1_most_probable(p, y, w)
    np.testing.assert_allclose(f1, resampled(f1_most_probable)(p, y, w))
    weighted = weighted_sensitivity_specificity(most_probable(p), y, w, np.ones(5))
    for i, values in enumerate(weighted):
        np.testing.assert_allclose(values, resampled(lambda p, y, i=i: rates(p, y)[i])(p, y, w))
    lacking = (w[:, :2] * ~np.isnan(y[:2, 0])).sum(axis=1) == 0
    assert lacking.any()
    for values in (weighted[0], f1):
        np.testing.assert_array_equal(np.isnan(values[:, 4]), lacking)


def test_replicate_without_labeled_images_is_undefined():
    y, w = one_against_rest([0, 1, -1, -1], 3), [[1, 1, 0, 0], [0, 0, 2, 2]]
    np.testing.assert_array_equal(weighted_accuracy(P, y, w), [[1], [NAN]])
    np.testing.assert_array_equal(weighted_accuracy_one_against_rest(P, y, w), [[1, 1, 1], [NAN] * 3])
    np.testing.assert_array_equal(weighted_f1_most_probable(P, y, w), [[1, 1, NAN], [NAN] * 3])


@pytest.mark.parametrize("row", [[1, 1, 0], [0, 0, 0], [1, 0, NAN]])
def test_images_of_no_or_several_classes_are_refused(row):
    y = np.concatenate([Y[:3], [row]])
    with pytest.raises(InputError, match="1 of 4 images do not name a single class"):
        accuracy(P, y)
    with pytest.raises(InputError, match="1 of 4 images"):
        weighted_accuracy_one_against_rest(P, y, np.ones((1, 4)))
    with pytest.raises(InputError, match="1 of 4 images"):
        f1_most_probable(P, y)
