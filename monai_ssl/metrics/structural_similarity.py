r"""Structural similarity (SSIM) of two binary masks.

.. math:: SSIM(w) = \frac{2 \mu_P \mu_T + c_1}{\mu_P^2 + \mu_T^2 + c_1} \cdot
    \frac{2 \sigma_{PT} + c_2}{\sigma_P^2 + \sigma_T^2 + c_2}, \quad c_1 = 0.01^2, \; c_2 = 0.03^2

with means, variances and covariance under a Gaussian window of 11 pixels a side and :math:`\sigma = 1.5` pixels,
whatever their spacing, averaged over all windows within the image (Wang et al., IEEE Transactions on Image Processing,
2004). It is MONAI's ``SSIMMetric`` with a data range of 1; there a 3D window is one convolution in single precision,
here it is one an axis in double precision, which is many times faster.

Where both masks are empty a window has an SSIM of exactly 1, so that a small region in a large image is similar to
anything: compare SSIM only at images and regions of one kind.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

__all__ = ["mask_ssim"]

_WINDOW, _SIGMA = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2


def mask_ssim(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Compute the mean SSIM of two masks.

    Args:
        prediction: mask (*spatial).
        truth: of the same shape. Along an axis shorter than the window, the window is the largest odd number that fits.

    Returns:
        from -1 to 1, which is equality; two empty masks are equal.

    Raises:
        ValueError: for masks of different shapes.
    """
    if prediction.shape != truth.shape:
        raise ValueError(f"`prediction` has shape {prediction.shape} and `truth` {truth.shape}.")
    union = prediction | truth
    if not union.any():
        return 1.0
    windows = [min(_WINDOW, length - 1 + length % 2) for length in truth.shape]
    # Only windows that reach the foreground differ from 1, and they lie in its bounding box with a margin.
    part = tuple(
        _with_margin(np.flatnonzero(union.any(axis=tuple(set(range(union.ndim)) - {axis}))), window - 1, length)
        for axis, (window, length) in enumerate(zip(windows, truth.shape, strict=True))
    )
    p, t = prediction[part], truth[part]
    # A mask is its own square, so that these three are all moments that there are.
    mean_p, mean_t, mean_pt = (_blurred(mask, windows) for mask in (p, t, p & t))
    luminance = (2 * mean_p * mean_t + _C1) / (mean_p**2 + mean_t**2 + _C1)
    covariance, variances = mean_pt - mean_p * mean_t, mean_p - mean_p**2 + mean_t - mean_t**2
    similarity = luminance * (2 * covariance + _C2) / (variances + _C2)
    places = np.prod([length - window + 1 for length, window in zip(truth.shape, windows, strict=True)])
    return float(1 + (similarity - 1).sum() / places)


def _with_margin(places: NDArray[np.intp], margin: int, length: int) -> slice:
    return slice(max(int(places[0]) - margin, 0), min(int(places[-1]) + 1 + margin, length))


def _blurred(mask: NDArray[np.bool_], windows: list[int]) -> NDArray[np.float64]:
    """Weighted means of all windows that lie within the mask."""
    values = mask.astype(np.float64)
    for axis, window in enumerate(windows):
        half = window // 2
        weights = np.exp(-((np.arange(-half, half + 1) / _SIGMA) ** 2) / 2)
        means = correlate1d(values, weights / weights.sum(), axis=axis)
        values = means[(slice(None),) * axis + (slice(half, means.shape[axis] - half),)]
    return values
