import numpy as np
import pytest

from monai_ssl.errors import InputError
from monai_ssl.metrics import Predictions, check_arrays, one_against_rest
from monai_ssl.tasks import check_task

NAN = float("nan")


def test_one_against_rest():
    columns = one_against_rest([2, 0, -1, 1], 3)
    np.testing.assert_array_equal(columns, [[0, 0, 1], [1, 0, 0], [NAN, NAN, NAN], [0, 1, 0]])


@pytest.mark.parametrize("wrong", [[0, 3], [0, -2], [0.5, 1], [NAN, 1]])
def test_one_against_rest_names_what_is_no_index(wrong):
    with pytest.raises(InputError, match="no class index"):
        one_against_rest(wrong, 3)


def test_one_against_rest_refuses_a_matrix():
    with pytest.raises(InputError, match="shape"):
        one_against_rest([[0, 1]], 3)


def test_missing_labels_become_nan_and_the_input_stays():
    labels = np.array([[1.0, -1.0], [0.0, NAN]])
    _, y = check_arrays([[0.5, 1.0], [0.0, 1.0 + 1e-7]], labels)
    np.testing.assert_array_equal(y, [[1, NAN], [0, NAN]])
    assert labels[0, 1] == -1


@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        ([[NAN]], [[1]], "NaN"),
        ([[np.inf]], [[1]], "NaN or infinite"),
        ([[1.5]], [[1]], "sigmoid"),
        ([[-0.1]], [[1]], "sigmoid"),
        ([[0.5]], [[2]], "2 is no label"),
        ([[0.5]], [[1, 0]], "shape"),
        ([0.5], [1], "shape"),
    ],
)
def test_bad_arrays_are_refused(probabilities, labels, message):
    with pytest.raises(InputError, match=message):
        check_arrays(probabilities, labels)


def test_unknown_task():
    with pytest.raises(InputError, match="'segmentation'"):
        check_task("segmentation")


def test_predictions_know_their_task():
    p = np.array([[0.2, 0.8], [0.6, 0.4]])
    multiclass = Predictions(p, np.array([1, -1]), ("a", "b"), ("1", "2"))
    assert multiclass.task == "multiclass"
    np.testing.assert_array_equal(multiclass.label_columns, [[0, 1], [NAN, NAN]])
    multilabel = Predictions(p, np.array([[1, 1], [0, -1]]), ("a", "b"), ("1", "2"))
    assert multilabel.task == "multilabel"
    np.testing.assert_array_equal(multilabel.label_columns, [[1, 1], [0, -1]])


def test_predictions_of_unequal_lengths_are_refused():
    with pytest.raises(InputError, match="do not belong together"):
        Predictions(np.array([[0.2], [0.6]]), np.array([[1], [0]]), ("a",), ("1", "2"))
