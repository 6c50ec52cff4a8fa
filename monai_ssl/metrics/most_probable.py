r"""Multi-class metrics of the most probable class, and the two accuracies that are easily mixed up.

With the most probable class :math:`\hat{c}_i = \arg\max_c p_{ic}` of each of the N labeled images,

.. math:: accuracy = \frac{1}{N} \sum_i [\hat{c}_i = c_i], \quad accuracy_c = \frac{TP_c + TN_c}{N}

the first being the fraction of images that are called right, the second that of one class against the rest. A wrong
call is an error of two classes, the true and the called, and right for the other C - 2, so

.. math:: \frac{1}{C} \sum_c accuracy_c = 1 - \frac{2}{C} (1 - accuracy)

With seven classes a classifier that is wrong in half of the images has a mean of 0.857 one against the rest.
The true negatives that make up most of it do not count in

.. math:: F1_c = \frac{2 TP_c}{2 TP_c + FP_c + FN_c}
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monai_ssl.errors import InputError
from monai_ssl.metrics.arrays import check_arrays

__all__ = ["accuracy", "accuracy_one_against_rest", "f1_most_probable", "most_probable", "right_calls"]


def most_probable(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Call the most probable class of each image; of several, the first.

    The calls stand where probabilities do: ``sensitivity_specificity(most_probable(p), labels, np.ones(C))``.

    Args:
        probabilities: (N, C), each from 0 to 1.

    Returns:
        (N, C), 1 for the class that is called and 0 for the others.

    Raises:
        InputError: see :func:`~monai_ssl.metrics.arrays.check_arrays`.
    """
    p, _ = check_arrays(probabilities, np.full(np.shape(probabilities), np.nan))
    return (p.argmax(axis=1)[:, None] == np.arange(p.shape[1])).astype(np.float64)


def right_calls(probabilities: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell for which classes the call of the most probable class is right.

    Args:
        probabilities: (N, C), each from 0 to 1.
        labels: (N, C) in {0, 1}, a single 1 an image (see :func:`~monai_ssl.metrics.arrays.one_against_rest`); -1 or
            NaN throughout is a missing label.

    Returns:
        right (N, C), where a class is called and true or neither; all False for a missing label. And known (N,), False
        for a missing label.

    Raises:
        InputError: see :func:`~monai_ssl.metrics.arrays.check_arrays`; or when an image is of no class or of several.
    """
    p, y = check_arrays(probabilities, labels)
    known = ~np.all(np.isnan(y), axis=1)
    wrong = known & (y.sum(axis=1) != 1)
    if wrong.any():
        raise InputError(
            f"the labels of {np.count_nonzero(wrong)} of {len(y)} images do not name a single class. "
            "The most probable class can be judged in multi-class data only, where each image is of one class."
        )
    return most_probable(p) == y, known


def accuracy(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Fraction of the labeled images whose most probable class is the true one, NaN without any.

    Args:
        probabilities: (N, C), each from 0 to 1.
        labels: (N, C), as for :func:`right_calls`.

    Raises:
        InputError: see :func:`right_calls`.
    """
    right, known = right_calls(probabilities, labels)
    return float(right[known].all(axis=1).mean()) if known.any() else float("nan")


def accuracy_one_against_rest(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    """Fraction of the labeled images that are rightly called, or rightly not called, each class.

    Unlike sensitivity it is defined for a class without images, too: there it is the fraction not called so.

    Args:
        probabilities: (N, C), each from 0 to 1.
        labels: (N, C), as for :func:`right_calls`.

    Returns:
        (C,), NaN only when no image has a label.

    Raises:
        InputError: see :func:`right_calls`.
    """
    right, known = right_calls(probabilities, labels)
    return right[known].mean(axis=0) if known.any() else np.full(right.shape[1], np.nan)


def f1_most_probable(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    """F1 score of each class among the labeled images, by their most probable class.

    Args:
        probabilities: (N, C), each from 0 to 1.
        labels: (N, C), as for :func:`right_calls`.

    Returns:
        (C,), NaN for a class that no labeled image is of, whether it is called or not.

    Raises:
        InputError: see :func:`right_calls`.
    """
    right, known = right_calls(probabilities, labels)
    called, true = most_probable(probabilities)[known] == 1, np.asarray(labels)[known] == 1
    hits, images = (right[known] & true).sum(axis=0), true.sum(axis=0)
    return np.divide(2 * hits, called.sum(axis=0) + images, out=np.full(images.shape, np.nan), where=images > 0)
