"""Calibration of one class: does a probability of 0.3 come true in 30 % of the images?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import brier_score_loss

from monai_ssl.errors import InputError
from monai_ssl.metrics.arrays import check_arrays

__all__ = ["Reliability", "brier_score", "reliability"]


@dataclass(frozen=True)
class Reliability:
    """Points of a reliability diagram, from the lowest to the highest bin; empty bins are left out.

    Attributes:
        predicted: mean probability of each bin (B,).
        observed: fraction of positives of each bin (B,).
        counts: number of images in each bin (B,).
    """

    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]
    counts: NDArray[np.int64]

    @property
    def expected_calibration_error(self) -> float:
        r"""Mean distance from the diagonal, :math:`ECE = \sum_b n_b / N \, |predicted_b - observed_b|`."""
        return float(np.average(np.abs(self.predicted - self.observed), weights=self.counts))


def reliability(probabilities: ArrayLike, labels: ArrayLike, bins: int = 10) -> Reliability:
    """Sort the images of one class into bins of about equal counts by probability.

    Equal probabilities share a bin, so there may be fewer bins than asked for.

    Args:
        probabilities: (N,), each from 0 to 1.
        labels: (N,) in {0, 1}; -1 or NaN is missing and left out.
        bins: number of quantile bins, at least 1.

    Raises:
        InputError: when no image has a label, ``bins`` is below 1, or see
            :func:`~monai_ssl.metrics.arrays.check_arrays`.
    """
    if bins < 1:
        raise InputError(f"bins is {bins}. Give at least 1; 10 is usual.")
    p, y = _known(probabilities, labels)
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)))
    index = np.searchsorted(edges[1:-1], p, side="left")
    counts = np.bincount(index)
    some = counts > 0
    predicted, observed = np.bincount(index, weights=p)[some], np.bincount(index, weights=y)[some]
    return Reliability(predicted / counts[some], observed / counts[some], counts[some])


def brier_score(probabilities: ArrayLike, labels: ArrayLike) -> float:
    r"""Mean squared error of the probabilities of one class, :math:`\frac{1}{N} \sum_i (p_i - y_i)^2`.

    Args:
        probabilities: (N,), each from 0 to 1.
        labels: (N,) in {0, 1}; -1 or NaN is missing and left out.

    Raises:
        InputError: see :func:`reliability`.
    """
    p, y = _known(probabilities, labels)
    return float(brier_score_loss(y, np.clip(p, 0, 1), pos_label=1))


def _known(probabilities: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    p, y = check_arrays(np.asarray(probabilities)[:, None], np.asarray(labels)[:, None])
    known = ~np.isnan(y[:, 0])
    if not known.any():
        raise InputError("no image has a label of this class. Calibration needs at least one.")
    return p[known, 0], y[known, 0]
