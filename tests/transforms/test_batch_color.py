import colorsys
import math

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance
from scipy import stats

from monai_ssl.errors import InputError
from monai_ssl.transforms import BatchRandColorJitterd, BatchRandGrayscaled
from monai_ssl.transforms.color import (
    adjust_brightness_,
    adjust_contrast_,
    adjust_hue_,
    adjust_saturation_,
    luma,
)

ALL = {"brightness": 0.8, "contrast": 0.8, "saturation": 0.8, "hue": 0.2}
ADJUST = {
    "brightness": adjust_brightness_,
    "contrast": adjust_contrast_,
    "saturation": adjust_saturation_,
    "hue": adjust_hue_,
}


def noise(*shape, dtype=torch.float32):
    return torch.rand(shape, dtype=dtype, generator=torch.Generator().manual_seed(0))


def colors(*values):
    """An image of one row with these RGB colors."""
    return torch.tensor(values, dtype=torch.float64).T.reshape(1, 3, 1, -1)


def amount(value):
    return torch.tensor([value], dtype=torch.float64)


def every_color():
    """Eleven steps a channel: with two and three equal channels, black, white and every sector."""
    steps = torch.linspace(0, 1, 11, dtype=torch.float64)
    return torch.cartesian_prod(steps, steps, steps).T.reshape(1, 3, 11, 121)


def by_pixel(images, change):
    """Apply ``change`` of (red, green, blue) to every pixel."""
    pixels = images.movedim(1, -1)
    changed = [change(*pixel) for pixel in pixels.reshape(-1, 3).tolist()]
    return torch.tensor(changed, dtype=images.dtype).view(pixels.shape).movedim(-1, 1)


@pytest.mark.parametrize("shift", [-0.5, -0.31, -1 / 6, 0.0, 0.1, 1 / 3, 0.5])
def test_hue_is_that_of_colorsys(shift):
    def turn(*rgb):
        hue, saturation, value = colorsys.rgb_to_hsv(*rgb)
        return colorsys.hsv_to_rgb((hue + shift) % 1, saturation, value)

    for images in (every_color(), noise(1, 3, 20, 20, dtype=torch.float64)):
        expected = by_pixel(images, turn)
        torch.testing.assert_close(adjust_hue_(images.clone(), amount(shift)), expected, rtol=0, atol=1e-12)


def test_hue_by_hand():
    images = colors([1, 0, 0], [0, 1, 0], [0.2, 0.2, 0.6], [0.4, 0.4, 0.4], [1, 0.5, 0])
    a_third = adjust_hue_(images.clone(), amount(1 / 3))
    expected = colors([0, 1, 0], [0, 0, 1], [0.6, 0.2, 0.2], [0.4, 0.4, 0.4], [0, 1, 0.5])
    torch.testing.assert_close(a_third, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(adjust_hue_(a_third, amount(-1 / 3)), images, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_hue_of_almost_grey_images_is_finite(dtype):
    images = (0.5 + 1e-3 * noise(2, 3, 8, 8)).to(dtype)
    images[1] = 0
    result = adjust_hue_(images.clone(), torch.tensor([0.3, 0.3], dtype=dtype))
    torch.testing.assert_close(result, images, rtol=0, atol=5e-3)


@pytest.mark.parametrize("factor", [0.0, 0.4, 1.0, 1.7])
def test_saturation_blends_in_yiq(factor):
    """In YIQ, luma is Y and a blend with grey scales I and Q."""

    def blend(*rgb):
        red, green, blue = rgb
        y = 0.299 * red + 0.587 * green + 0.114 * blue
        return [min(max(y + factor * (channel - y), 0), 1) for channel in rgb]

    images = every_color()
    result = adjust_saturation_(images.clone(), amount(factor))
    torch.testing.assert_close(result, by_pixel(images, blend), rtol=0, atol=1e-12)
    if factor < 1:  # nothing is clipped
        after, before = (colorsys.rgb_to_yiq(*pixels[0, :, 3, 50].tolist()) for pixels in (result, images))
        # colorsys has 0.30, 0.59 and 0.11 for Y.
        assert after == pytest.approx((before[0], factor * before[1], factor * before[2]), abs=6e-3)


@pytest.mark.parametrize("factor", [0.0, 0.3, 1.0, 1.6])
@pytest.mark.parametrize(
    ("adjust", "enhancer"),
    [
        (adjust_brightness_, ImageEnhance.Brightness),
        (adjust_contrast_, ImageEnhance.Contrast),
        (adjust_saturation_, ImageEnhance.Color),
    ],
)
def test_factors_are_those_of_pillow(adjust, enhancer, factor):
    pixels = np.random.default_rng(0).integers(0, 256, (16, 20, 3), dtype=np.uint8)
    expected = np.asarray(enhancer(Image.fromarray(pixels)).enhance(factor)).transpose(2, 0, 1)
    images = torch.from_numpy(pixels).double().movedim(-1, 0)[None] / 255
    result = 255 * adjust(images, amount(factor))[0].numpy()
    # Pillow rounds the grey (half a level, enlarged by |1 - f|) and cuts the result to whole levels.
    assert np.abs(result - expected).max() <= 1 + abs(1 - factor)


def test_contrast_by_hand():
    """Greys 0.299 and 0.587, mean 0.443: 1.5 x - 0.2215, clipped."""
    result = adjust_contrast_(colors([1, 0, 0], [0, 1, 0]), amount(1.5))
    torch.testing.assert_close(result, colors([1, 0, 0], [0, 1, 0]))
    result = adjust_contrast_(colors([1, 0, 0], [0, 1, 0]), amount(0.5))
    torch.testing.assert_close(result, colors([0.7215, 0.2215, 0.2215], [0.2215, 0.7215, 0.2215]))


def test_grey_by_hand():
    images = colors([1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [0.5, 0.2, 0.1])
    expected = torch.tensor([0.299, 0.587, 0.114, 1, 0.2783], dtype=torch.float64).view(1, 1, 1, 5)
    torch.testing.assert_close(luma(images), expected)
    result = BatchRandGrayscaled("image", prob=1)({"image": images})["image"]
    torch.testing.assert_close(result, expected.expand(1, 3, 1, 5))
    assert images[0, 0, 0, 0] == 1


@pytest.mark.parametrize("spatial", [(9, 7), (4, 5, 6)])
def test_each_image_is_adjusted_by_amounts_of_its_own_in_the_order_drawn(spatial):
    images = noise(10, 3, *spatial, dtype=torch.float64)
    transform = BatchRandColorJitterd("image", prob=0.7, **ALL)
    orders = set()
    for seed in range(12):
        result = transform.set_random_state(seed)({"image": images})["image"]
        assert set(transform.amounts) == set(ALL)
        orders.add(tuple(transform.amounts))
        expected = images.clone()
        for row, place in enumerate(transform.index.tolist()):
            for name, amounts in transform.amounts.items():
                expected[place] = ADJUST[name](expected[place : place + 1].clone(), amounts[row : row + 1])[0]
        torch.testing.assert_close(result, expected, rtol=0, atol=1e-12)
        untouched = sorted(set(range(10)) - set(transform.index.tolist()))
        assert torch.equal(result[untouched], images[untouched])
    assert len(orders) > 6


def test_amounts_are_uniform_and_orders_equally_likely():
    transform = BatchRandColorJitterd("image", prob=1, brightness=0.4, contrast=1.5, saturation=1, hue=0.3)
    transform.set_random_state(0)
    transform.randomize(torch.empty(3000, 0))
    bounds = {"brightness": (0.6, 1.4), "contrast": (0, 2.5), "saturation": (0, 2), "hue": (-0.3, 0.3)}
    for name, (low, high) in bounds.items():
        assert stats.kstest(transform.amounts[name], stats.uniform(low, high - low).cdf).pvalue > 0.01
    correlation = np.corrcoef([transform.amounts[name] for name in bounds])
    assert np.abs(correlation - np.eye(4)).max() < 0.06
    counts: dict[tuple[str, ...], int] = {}
    for _ in range(4800):
        transform.randomize(torch.empty(1, 0))
        order = tuple(transform.amounts)
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == math.factorial(4)
    assert stats.chisquare(list(counts.values())).pvalue > 0.01


@pytest.mark.parametrize("name", list(ALL))
def test_only_what_has_a_strength_is_adjusted(name):
    images = noise(4, 3, 6, 6)
    transform = BatchRandColorJitterd("image", prob=1, **{name: ALL[name]}).set_random_state(0)
    result = transform({"image": images})["image"]
    assert list(transform.amounts) == [name]
    expected = ADJUST[name](images.clone(), transform.amounts[name].float())
    assert torch.equal(result, expected)
    assert not torch.equal(result, images)


@pytest.mark.parametrize("spatial", [(8, 9), (4, 5, 6)])
def test_one_channel_is_treated_as_three_equal_ones(spatial):
    grey = noise(16, 1, *spatial)
    color = grey.expand(-1, 3, *spatial)
    for make in (lambda: BatchRandColorJitterd("image", **ALL), lambda: BatchRandGrayscaled("image", prob=0.5)):
        for seed in range(5):
            one, three = (make().set_random_state(seed)({"image": images})["image"] for images in (grey, color))
            assert one.shape == grey.shape
            torch.testing.assert_close(one.expand_as(three), three, rtol=0, atol=1e-6)


TRANSFORMS = {
    "jitter": lambda prob: BatchRandColorJitterd("image", prob=prob, **ALL),
    "grey": lambda prob: BatchRandGrayscaled("image", prob=prob),
}


@pytest.mark.parametrize("name", list(TRANSFORMS))
def test_prob_is_of_each_image(name):
    images = noise(2000, 3, 2, 2)
    result = TRANSFORMS[name](0.3).set_random_state(0)({"image": images})["image"]
    changed = (result != images).flatten(1).any(1).sum()
    assert abs(int(changed) - 600) < 4 * (2000 * 0.3 * 0.7) ** 0.5


@pytest.mark.parametrize("prob", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", list(TRANSFORMS))
def test_seeds_and_inputs(name, channels, prob):
    images = noise(12, channels, 5, 6)
    original = images.clone()
    transform = TRANSFORMS[name](prob)
    results = [transform.set_random_state(seed)({"image": images, "other": 1})["image"] for seed in (1, 2, 1)]
    assert torch.equal(results[0], results[2])
    unchanging = prob == 0 or (name == "grey" and (channels == 1 or prob == 1))
    assert torch.equal(results[0], results[1]) == unchanging
    for result in results:
        assert (result.min() >= 0) & (result.max() <= 1)
        result.zero_()
    assert torch.equal(images, original)


@pytest.mark.parametrize("name", list(TRANSFORMS))
@pytest.mark.parametrize("channels", [2, 4])
def test_other_numbers_of_channels(name, channels):
    with pytest.raises(InputError, match=f"'image' has {channels} channels.*BatchRandScaleShiftd"):
        TRANSFORMS[name](0.0)({"image": noise(2, channels, 4, 4)})


@pytest.mark.parametrize("name", list(TRANSFORMS))
def test_whole_numbers(name):
    with pytest.raises(ValueError, match=r"'image' is of torch.uint8"):
        TRANSFORMS[name](0.5)({"image": torch.ones(2, 3, 4, 4, dtype=torch.uint8)})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"brightness": -0.1}, "`brightness`.*-0.1"),
        ({"contrast": -1}, "`contrast`.*-1"),
        ({"saturation": math.nan}, "`saturation`.*nan"),
        ({"hue": 0.6}, "`hue`.*0.6"),
        ({"hue": -0.1}, "`hue`.*-0.1"),
        ({"prob": 2}, "`prob`.*2"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        BatchRandColorJitterd("image", **arguments)
