"""Metrics by class, each over the images on which that class is labeled.

A class is *defined* when its known labels hold at least one positive and one negative. All metrics here are NaN for a
class that is not, so that no number is made up for it; :func:`macro` is the mean over the others.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from monai_ssl.errors import InputError
from monai_ssl.metrics.arrays import check_arrays

__all__ = [
    "average_precision_by_class",
    "choose_thresholds",
    "defined_classes",
    "macro",
    "roc_auc_by_class",
    "sensitivity_specificity",
]


def defined_classes(labels: ArrayLike) -> NDArray[np.bool_]:
    """Tell which classes have at least one positive and one negative.

    Args:
        labels: (N, C) in {0, 1}; -1 or NaN is missing.

    Returns:
        (C,) booleans.
    """
    y = np.asarray(labels)
    return (y == 1).any(axis=0) & (y == 0).any(axis=0)


def _by_class(
    score: Callable[[NDArray[np.float64], NDArray[np.float64]], float], probabilities: ArrayLike, labels: ArrayLike
) -> NDArray[np.float64]:
    """Apply ``score(labels, probabilities)`` to the known labels of each defined class."""
    p, y = check_arrays(probabilities, labels)
    values = np.full(p.shape[1], np.nan)
    for c in np.flatnonzero(defined_classes(y)):
        known = ~np.isnan(y[:, c])
        values[c] = score(y[known, c], p[known, c])
    return values


def roc_auc_by_class(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    r"""Area under the receiver operating characteristic of each class.

    .. math:: AUROC_c = P(p_c(x^+) > p_c(x^-)) + \tfrac{1}{2} P(p_c(x^+) = p_c(x^-))

    Args:
        probabilities: (N, C), each from 0 to 1.
        labels: (N, C) in {0, 1}; -1 or NaN is missing.

    Returns:
        (C,), NaN for a class without positives or without negatives.

    Raises:
        InputError: see :func:`~monai_ssl.metrics.arrays.check_arrays`.
    """
    return _by_class(roc_auc_score, probabilities, labels)


def average_precision_by_class(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    r"""Average precision of each class, the step-wise area under the precision-recall curve.

    .. math:: AP_c = \sum_k (R_k - R_{k-1}) P_k

    with recall R and precision P at the k-th highest distinct probability. A class at random has the prevalence.

    Args:
        probabilities: (N, C), each from 0 to 1.
        labels: (N, C) in {0, 1}; -1 or NaN is missing.

    Returns:
        (C,), NaN for a class without positives or without negatives.

    Raises:
        InputError: see :func:`~monai_ssl.metrics.arrays.check_arrays`.
    """
    return _by_class(average_precision_score, probabilities, labels)


def choose_thresholds(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    r"""Choose each class's threshold: an image is positive where its probability is at or above the threshold.

    .. math:: t_c = \arg\max_t J_c(t), \quad J_c(t) = sensitivity_c(t) + specificity_c(t) - 1

    (Youden's index). The candidates are the probabilities of the images themselves; of several with the same J, the
    lowest is taken, which is the most sensitive.

    Args:
        probabilities: (N, C), each from 0 to 1, of the **validation** images: thresholds that are chosen on the test
            images make the results on them too good.
        labels: (N, C) in {0, 1}; -1 or NaN is missing.

    Returns:
        (C,), NaN for a class without positives or without negatives.

    Raises:
        InputError: see :func:`~monai_ssl.metrics.arrays.check_arrays`.
    """

    def youden(y: NDArray[np.float64], p: NDArray[np.float64]) -> float:
        # All thresholds are kept: the ones that scikit-learn would drop may tie with the best.
        false_positive_rate, true_positive_rate, thresholds = roc_curve(y, p, drop_intermediate=False)
        # Differences of rates that are equal on paper differ in the last place: compare the whole-number numerators.
        positives, negatives = np.count_nonzero(y == 1), np.count_nonzero(y == 0)
        j = np.rint(true_positive_rate * positives) * negatives - np.rint(false_positive_rate * negatives) * positives
        return float(thresholds[j == j.max()].min())

    return _by_class(youden, probabilities, labels)


def sensitivity_specificity(
    probabilities: ArrayLike, labels: ArrayLike, thresholds: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sensitivity and specificity of each class where ``probability >= threshold`` is called positive.

    Args:
        probabilities: (N, C), each from 0 to 1.
        labels: (N, C) in {0, 1}; -1 or NaN is missing.
        thresholds: (C,), NaN for a class that has none.

    Returns:
        sensitivity (C,) and specificity (C,), both NaN for a class without positives, negatives or threshold.

    Raises:
        InputError: see :func:`~monai_ssl.metrics.arrays.check_arrays`; or when there is not one threshold a class.
    """
    p, y = check_arrays(probabilities, labels)
    t = np.asarray(thresholds, dtype=np.float64)
    if t.shape != (p.shape[1],):
        raise InputError(f"thresholds have shape {t.shape}. Give one for each of the {p.shape[1]} classes.")
    called = p >= t
    defined = defined_classes(y) & ~np.isnan(t)
    rates = []
    for truth, hit in ((y == 1, called), (y == 0, ~called)):
        count = np.where(defined, truth.sum(axis=0), np.nan)
        rates.append((truth & hit).sum(axis=0) / count)
    return rates[0], rates[1]


def macro(values: ArrayLike) -> float:
    """Mean over the defined classes, NaN if there is none.

    Args:
        values: (C,), NaN for an undefined class.
    """
    v = np.asarray(values, dtype=np.float64)
    v = v[~np.isnan(v)]
    return float(v.mean()) if v.size else float("nan")
