import numpy as np
import pytest
import torch
from monai.metrics.regression import compute_ssim_and_cs

from monai_ssl.metrics import mask_ssim


def monai_ssim(prediction, truth, window=(11, 11, 11)):
    """Of the whole image."""
    images = [torch.from_numpy(mask)[None, None].float() for mask in (prediction, truth)]
    dims = truth.ndim
    return float(compute_ssim_and_cs(*images, dims, window[:dims], (1.5,) * dims)[0].double().mean())


def box(shape, *slices):
    mask = np.zeros(shape, dtype=bool)
    mask[slices] = True
    return mask


def ssim_by_loops(prediction, truth, window):
    """Window by window, in double precision."""
    half = [(np.arange(length) - length // 2) / 1.5 for length in window]
    weights = np.exp(-sum(axis**2 for axis in np.meshgrid(*half, indexing="ij")) / 2)
    weights /= weights.sum()
    p, t = (np.lib.stride_tricks.sliding_window_view(mask.astype(float), window) for mask in (prediction, truth))
    values = []
    for place in np.ndindex(*p.shape[: truth.ndim]):
        a, b = p[place], t[place]
        mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
        spread_a, spread_b = (weights * (a - mean_a) ** 2).sum(), (weights * (b - mean_b) ** 2).sum()
        together = (weights * (a - mean_a) * (b - mean_b)).sum()
        luminance = (2 * mean_a * mean_b + 1e-4) / (mean_a**2 + mean_b**2 + 1e-4)
        values.append(luminance * (2 * together + 9e-4) / (spread_a + spread_b + 9e-4))
    return np.mean(values)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", [(40, 52), (17, 24, 20)])
def test_monais_of_the_whole_image(shape, seed):
    """Blobs anywhere, some at the edge, so that the part around them is cut out in all ways."""
    rng = np.random.default_rng(seed)
    corner = [int(rng.integers(0, length - 6)) for length in shape]
    blob = tuple(slice(start, start + 6) for start in corner)
    truth, prediction = np.zeros(shape, bool), np.zeros(shape, bool)
    truth[blob] = rng.random((6,) * len(shape)) < 0.8
    prediction[blob] = rng.random((6,) * len(shape)) < 0.6
    assert mask_ssim(prediction, truth) == pytest.approx(monai_ssim(prediction, truth), abs=1e-5)


@pytest.mark.parametrize("shape", [(15, 13), (12, 11, 13)])
def test_every_window_by_itself(shape):
    rng = np.random.default_rng(1)
    prediction, truth = (rng.random(shape) < fraction for fraction in (0.3, 0.6))
    expected = ssim_by_loops(prediction, truth, (11,) * len(shape))
    assert mask_ssim(prediction, truth) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("shape", "window"), [((8, 20), (7, 11)), ((9, 30), (9, 11)), ((14, 14, 4), (11, 11, 3)), ((1, 12), (1, 11))]
)
def test_the_window_fits_into_a_small_image(shape, window):
    rng = np.random.default_rng(2)
    prediction, truth = (rng.random(shape) < fraction for fraction in (0.4, 0.5))
    assert mask_ssim(prediction, truth) == pytest.approx(ssim_by_loops(prediction, truth, window), abs=1e-12)
    assert mask_ssim(prediction, truth) == pytest.approx(monai_ssim(prediction, truth, window), abs=1e-5)


def test_everything_and_nothing():
    """Each window of a full mask against an empty one: c1 / (1 + c1)."""
    full, empty = np.ones((16, 20), bool), np.zeros((16, 20), bool)
    assert mask_ssim(full, empty) == mask_ssim(empty, full) == pytest.approx(1e-4 / (1 + 1e-4))
    assert mask_ssim(empty, empty) == 1
    assert mask_ssim(full, full) == pytest.approx(1)


def test_only_windows_near_the_foreground_are_below_one():
    """One pixel is in 121 windows of the (n - 10)^2, wherever it lies away from the edge."""
    small, large = ((length, length) for length in (31, 131))
    below = [
        (1 - mask_ssim(box(shape, 15, 15), np.zeros(shape, bool))) * (shape[0] - 10) ** 2 for shape in (small, large)
    ]
    assert below[0] == pytest.approx(below[1])
    assert 0 < below[0] < 121


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="shape"):
        mask_ssim(np.ones((3, 4), bool), np.ones((4, 3), bool))
