r"""The metrics by class under R sets of whole-number weights at once, for the bootstrap.

To draw an image k times is to give it the weight k. The order of the images by probability is the same in all
replicates, so each class is sorted once and the curves of all replicates are cumulative sums:

.. math:: TP_k = \sum_{p_i \ge t_k} w_i y_i, \quad FP_k = \sum_{p_i \ge t_k} w_i (1 - y_i)

at the K distinct probabilities :math:`t_1 > \dots > t_K`. All functions take probabilities (N, C), labels (N, C) in
{0, 1} with -1 or NaN as missing, and weights (R, N), and give (R, C): NaN where a replicate has drawn no positive or
no negative of the class. Of the metrics of the most probable class, the accuracies are NaN only where no labeled image
is drawn, F1 only where no image of the class is. The means are of scores that are there already.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monai_ssl.errors import InputError
from monai_ssl.metrics.arrays import check_arrays
from monai_ssl.metrics.most_probable import most_probable, right_calls

__all__ = [
    "weighted_accuracy",
    "weighted_accuracy_one_against_rest",
    "weighted_average_precision",
    "weighted_f1_most_probable",
    "weighted_macro",
    "weighted_mean",
    "weighted_roc_auc",
    "weighted_sensitivity_specificity",
]

Array = NDArray[np.float64]


def weighted_roc_auc(probabilities: ArrayLike, labels: ArrayLike, weights: ArrayLike) -> Array:
    r"""Area under the receiver operating characteristic, (R, C).

    .. math:: AUROC = \frac{1}{TP_K FP_K} \sum_k (FP_k - FP_{k-1}) \frac{TP_k + TP_{k-1}}{2}
    """
    p, y, w = _check(probabilities, labels, weights)
    areas = np.empty((w.shape[0], p.shape[1]))
    for c in range(p.shape[1]):
        tp, fp = _curves(p[:, c], y[:, c], w)
        area = (np.diff(fp) * (tp[:, 1:] + tp[:, :-1]) / 2).sum(axis=1)
        areas[:, c] = _divide(area, tp[:, -1] * fp[:, -1])
    return areas


def weighted_average_precision(probabilities: ArrayLike, labels: ArrayLike, weights: ArrayLike) -> Array:
    r"""Average precision, (R, C).

    .. math:: AP = \frac{1}{TP_K} \sum_k (TP_k - TP_{k-1}) \frac{TP_k}{TP_k + FP_k}
    """
    p, y, w = _check(probabilities, labels, weights)
    values = np.empty((w.shape[0], p.shape[1]))
    for c in range(p.shape[1]):
        tp, fp = _curves(p[:, c], y[:, c], w)
        called = tp[:, 1:] + fp[:, 1:]
        # Where nothing has been drawn yet, TP has not grown either: the step is zero whatever the precision.
        precision = np.divide(tp[:, 1:], called, out=np.zeros_like(called), where=called > 0)
        total = np.where(fp[:, -1] > 0, tp[:, -1], 0)
        values[:, c] = _divide((np.diff(tp) * precision).sum(axis=1), total)
    return values


def weighted_sensitivity_specificity(
    probabilities: ArrayLike, labels: ArrayLike, weights: ArrayLike, thresholds: ArrayLike
) -> tuple[Array, Array]:
    """Sensitivity and specificity, each (R, C), where ``probability >= threshold`` is called positive.

    Args:
        probabilities: (N, C), each from 0 to 1.
        labels: (N, C) in {0, 1}; -1 or NaN is missing.
        weights: (R, N), at least 0.
        thresholds: (C,), NaN for a class that has none: its results are NaN.
    """
    p, y, w = _check(probabilities, labels, weights)
    t = np.asarray(thresholds, dtype=np.float64)
    called = p >= t
    positive, negative = (y == 1).astype(np.float64), (y == 0).astype(np.float64)
    positives, negatives = w @ positive, w @ negative
    undefined = (positives == 0) | (negatives == 0) | np.isnan(t)
    positives[undefined] = negatives[undefined] = 0
    return _divide(w @ (positive * called), positives), _divide(w @ (negative * ~called), negatives)


def weighted_accuracy(probabilities: ArrayLike, labels: ArrayLike, weights: ArrayLike) -> Array:
    """Fraction of the images whose most probable class is the true one, (R, 1); labels of one class an image."""
    p, y, w = _check(probabilities, labels, weights)
    right, known = right_calls(p, y)
    return _divide(w @ right.all(axis=1, keepdims=True), w @ known[:, None])


def weighted_accuracy_one_against_rest(probabilities: ArrayLike, labels: ArrayLike, weights: ArrayLike) -> Array:
    """Fraction of the images that are rightly called or not called each class, (R, C); labels of one class an image."""
    p, y, w = _check(probabilities, labels, weights)
    right, known = right_calls(p, y)
    return _divide(w @ right, w @ known[:, None])


def weighted_f1_most_probable(probabilities: ArrayLike, labels: ArrayLike, weights: ArrayLike) -> Array:
    """F1 score of each class by the most probable class of each image, (R, C); labels of one class an image."""
    p, y, w = _check(probabilities, labels, weights)
    right, known = right_calls(p, y)
    called, true = most_probable(p) * known[:, None], y == 1
    images = w @ true
    return _divide(2 * (w @ (right & true)), np.where(images > 0, w @ called + images, 0))


def weighted_mean(scores: ArrayLike, weights: ArrayLike) -> Array:
    """Mean over the images of scores (N, C), where NaN is undefined: (R, C), NaN where no defined one is drawn."""
    s, w = np.asarray(scores, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    defined = ~np.isnan(s)
    return _divide(w @ np.where(defined, s, 0), w @ defined)


def weighted_macro(values: Array) -> Array:
    """Mean over the classes that are defined in each replicate: (R, C) to (R, 1), NaN where none is."""
    defined = ~np.isnan(values)
    return _divide(np.where(defined, values, 0).sum(axis=1, keepdims=True), defined.sum(axis=1, keepdims=True))


def _check(probabilities: ArrayLike, labels: ArrayLike, weights: ArrayLike) -> tuple[Array, Array, Array]:
    p, y = check_arrays(probabilities, labels)
    w = np.asarray(weights, dtype=np.float64)
    if w.ndim != 2 or w.shape[1] != p.shape[0] or (w < 0).any():
        raise InputError(f"weights have shape {w.shape}. Give (replicates, {p.shape[0]} images), none below 0.")
    return p, y, w


def _curves(probabilities: Array, labels: Array, weights: Array) -> tuple[Array, Array]:
    """True and false positives (R, K + 1) from "none is called" down to the lowest distinct probability."""
    known = np.flatnonzero(~np.isnan(labels))
    order = known[np.argsort(-probabilities[known], kind="stable")]
    sorted_probabilities, y = probabilities[order], labels[order]
    w = weights[:, order]
    # The last image of each run of equal probabilities: images that tie are called together.
    ends = np.flatnonzero(np.diff(sorted_probabilities, append=-np.inf))
    start = np.zeros((w.shape[0], 1))
    curves = [np.concatenate([start, np.cumsum(w * part, axis=1)[:, ends]], axis=1) for part in (y, 1 - y)]
    return curves[0], curves[1]


def _divide(numerator: Array, denominator: NDArray[np.generic]) -> Array:
    return np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=denominator != 0)
