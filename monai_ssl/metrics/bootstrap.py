"""Percentile bootstrap intervals over patients.

Images of one patient resemble each other, so they are no independent draws: intervals over images are too narrow.
Here patients are drawn with replacement, and all images of a patient come along as often as the patient is drawn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monai_ssl.errors import InputError

__all__ = ["Intervals", "Statistic", "bootstrap_patients", "resampled"]

Statistic = Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]], NDArray[np.float64]]
"""Maps probabilities (N, C), labels (N, C) and the numbers of draws (R, N) to K values for each replicate, (R, K)."""

# Bounds the memory: 100 replicates of 25,000 images in double precision are 20 MB an array.
_CHUNK = 100


@dataclass(frozen=True)
class Intervals:
    """Confidence intervals of K values.

    Attributes:
        low: lower ends (K,), NaN for a value that no replicate defines.
        high: upper ends (K,).
        used: number of replicates (K,) in which the value is defined; the others are left out.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    used: NDArray[np.int64]


def bootstrap_patients(
    statistic: Statistic,
    probabilities: ArrayLike,
    labels: ArrayLike,
    patients: Sequence[str],
    *,
    replicates: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Intervals:
    r"""Intervals from the quantiles :math:`(1 \mp confidence) / 2` of a statistic over bootstrap replicates.

    Args:
        statistic: the values, for many replicates at once (see :mod:`monai_ssl.metrics.weighted`); :func:`resampled`
            makes one of any function of (probabilities, labels). NaN stands for undefined.
        probabilities: (N, C).
        labels: (N, C).
        patients: N pseudonyms; equal ones are drawn together.
        replicates: number R of replicates.
        confidence: coverage of the interval, between 0 and 1.
        seed: same seed, same replicates.

    Returns:
        the intervals of the K values.

    Raises:
        InputError: when there is not one patient an image, or for a bad number of replicates or confidence.
    """
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    if len(patients) != len(p) or not len(p):
        raise InputError(f"{len(patients)} patients for {len(p)} images. Give one patient for each image.")
    if replicates < 1:
        raise InputError(f"replicates is {replicates}. Give at least 1; 1000 is usual.")
    if not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence}. Give a number between 0 and 1; 0.95 is usual.")
    names, patient_of_image = np.unique(np.asarray(patients), return_inverse=True)
    rng = np.random.default_rng(seed)
    chance = np.full(len(names), 1 / len(names))
    chunks = []
    for start in range(0, replicates, _CHUNK):
        draws = rng.multinomial(len(names), chance, size=min(_CHUNK, replicates - start))
        chunks.append(statistic(p, y, draws[:, patient_of_image]))
    values = np.concatenate(chunks)
    used = np.count_nonzero(~np.isnan(values), axis=0)
    low, high = np.full(values.shape[1], np.nan), np.full(values.shape[1], np.nan)
    some = used > 0
    tail = (1 - confidence) / 2
    low[some], high[some] = np.nanquantile(values[:, some], [tail, 1 - tail], axis=0)
    return Intervals(low=low, high=high, used=used)


def resampled(function: Callable[[NDArray[np.float64], NDArray[np.float64]], ArrayLike]) -> Statistic:
    """Make a statistic of any function of (probabilities, labels), by repeating the drawn images.

    It calls the function once a replicate: a statistic that works on weights is many times faster.

    Args:
        function: takes probabilities and labels of any number of images, gives K values.
    """

    def statistic(
        probabilities: NDArray[np.float64], labels: NDArray[np.float64], draws: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        drawn = [(np.repeat(probabilities, n, axis=0), np.repeat(labels, n, axis=0)) for n in draws]
        return np.stack([np.asarray(function(p, y), dtype=np.float64) for p, y in drawn])

    return statistic
