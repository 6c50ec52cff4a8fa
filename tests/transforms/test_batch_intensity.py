import pytest
import torch
from scipy import stats

from monai_ssl.transforms import BatchRandGaussianNoised, BatchRandScaleShiftd


def largest(transform):
    """Let the transform draw the upper bound of everything."""
    transform.uniform = lambda bound, shape: torch.full(shape, float(bound), dtype=torch.float64).numpy()
    return transform


def test_scale_and_shift_by_hand():
    images = torch.tensor([[0.1, 0.4, 0.5, 1.0], [0.2, 0.2, 0.2, 0.2]]).view(2, 1, 2, 2)
    result = largest(BatchRandScaleShiftd("image", contrast=0.5, brightness=0.1))({"image": images})["image"]
    # The means are 0.5 and 0.2: 0.5 + 1.5 (x - 0.5) + 0.1, clipped, and 0.2 + 0.1.
    expected = torch.tensor([[0.0, 0.45, 0.6, 1.0], [0.3, 0.3, 0.3, 0.3]]).view(2, 1, 2, 2)
    torch.testing.assert_close(result, expected)


def test_the_mean_is_of_all_channels():
    image = torch.tensor([0.4, 0.6]).view(1, 2, 1, 1)
    result = largest(BatchRandScaleShiftd("image", contrast=0.5))({"image": image})["image"]
    torch.testing.assert_close(result.flatten(), torch.tensor([0.35, 0.65]))


def test_scales_and_shifts_are_uniform():
    # Two pixels, 0.4 and 0.6: their difference is 0.2 a, their mean 0.5 + b.
    images = torch.tensor([0.4, 0.6]).expand(4000, 1, 1, 2)
    transform = BatchRandScaleShiftd("image", contrast=0.5, brightness=0.1).set_random_state(0)
    result = transform({"image": images})["image"].flatten(1).double()
    a, b = (result[:, 1] - result[:, 0]) / 0.2, result.mean(1) - 0.5
    assert stats.kstest(a, stats.uniform(0.5, 1).cdf).pvalue > 0.01
    assert stats.kstest(b, stats.uniform(-0.1, 0.2).cdf).pvalue > 0.01
    assert abs(stats.pearsonr(a, b).statistic) < 0.06


@pytest.mark.parametrize(
    "transform",
    [
        BatchRandScaleShiftd("image", prob=0, contrast=1, brightness=1),
        BatchRandScaleShiftd("image"),
        BatchRandGaussianNoised("image", prob=0, std=1),
        BatchRandGaussianNoised("image", std=0),
    ],
)
def test_nothing_to_do(transform):
    images = torch.rand(4, 1, 5, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(transform({"image": images})["image"], images)


@pytest.mark.parametrize("name", ["scale-shift", "noise"])
def test_prob_is_of_each_image(name):
    transform = {
        "scale-shift": BatchRandScaleShiftd("image", prob=0.3, brightness=0.1),
        "noise": BatchRandGaussianNoised("image", prob=0.3),
    }[name].set_random_state(0)
    images = torch.full((2000, 1, 4, 4), 0.5)
    changed = (transform({"image": images})["image"] != images).flatten(1).any(1).sum()
    assert abs(int(changed) - 600) < 4 * (2000 * 0.3 * 0.7) ** 0.5


def test_noise_is_gaussian_with_a_uniform_standard_deviation():
    images = torch.full((1500, 1, 24, 24), 0.5)  # far from 0 and 1
    result = BatchRandGaussianNoised("image", std=0.08).set_random_state(3)({"image": images})["image"]
    noise = (result.double() - 0.5).flatten(1)
    # The deviation of an estimate from 576 values, 3 %, is well below what the test can see.
    assert stats.kstest(noise.std(1) / 0.08, "uniform").pvalue > 0.01
    normal = noise[:20] / noise[:20].std(1, keepdim=True)
    assert stats.kstest(normal.flatten(), "norm").pvalue > 0.01
    assert len(set(normal[:, 0].tolist())) == 20


def test_noise_is_clipped():
    result = BatchRandGaussianNoised("image", std=0.5).set_random_state(0)({"image": torch.ones(8, 1, 8, 8)})["image"]
    assert result.min() < 1
    assert result.max() == 1


def test_keys_share_the_standard_deviation_but_not_the_noise():
    images = torch.full((6, 1, 64, 64), 0.5)
    result = BatchRandGaussianNoised(["a", "b"]).set_random_state(0)({"a": images, "b": images})
    a, b = ((result[key] - 0.5).flatten(1) for key in "ab")
    torch.testing.assert_close(a.std(1), b.std(1), rtol=0.1, atol=0)
    assert abs(stats.pearsonr(a.flatten(), b.flatten()).statistic) < 0.05


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"contrast": -0.1}, "contrast.*-0.1"), ({"contrast": 1.5}, "contrast.*1.5"), ({"brightness": -1}, "brightness")],
)
def test_bad_scales(arguments, message):
    with pytest.raises(ValueError, match=message):
        BatchRandScaleShiftd("image", **arguments)


def test_bad_std():
    with pytest.raises(ValueError, match=r"`std`.*-1"):
        BatchRandGaussianNoised("image", std=-1)


def test_without_a_range_nothing_is_clipped():
    images = torch.tensor([[-3.0, 0.0, 1.0, 4.0]]).view(1, 1, 2, 2)
    transform = largest(BatchRandScaleShiftd("image", contrast=0.5, brightness=0.1, value_range=None))
    expected = torch.tensor([[-4.65, -0.15, 1.35, 5.85]]).view(1, 1, 2, 2)  # 0.5 + 1.5 (x - 0.5) + 0.1
    torch.testing.assert_close(transform({"image": images})["image"], expected)
    noise = BatchRandGaussianNoised("image", std=1.0, value_range=None).set_random_state(0)
    clipped = BatchRandGaussianNoised("image", std=1.0, value_range=(-1, 2)).set_random_state(0)
    images = torch.full((8, 1, 16, 16), 2.0)
    noisy = noise({"image": images})["image"]
    assert noisy.max() > 2
    assert torch.equal(clipped({"image": images})["image"], noisy.clamp(-1, 2))


@pytest.mark.parametrize("bad", [(1.0,), (1.0, 1.0), (2.0, 0.0)])
@pytest.mark.parametrize("transform", [BatchRandScaleShiftd, BatchRandGaussianNoised])
def test_bad_ranges(transform, bad):
    with pytest.raises(ValueError, match="value_range"):
        transform("image", value_range=bad)
