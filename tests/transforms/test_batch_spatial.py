import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch.nn import functional as F

from monai_ssl.transforms import BatchRandAffined, BatchRandFlipd
from monai_ssl.transforms.batch_spatial import _affine_grid


def drawing(transform, draws):
    """Let the transform draw these numbers, one after another, whatever the bounds."""
    numbers = iter(draws)
    transform.uniform = lambda bound, shape: np.broadcast_to(np.asarray(next(numbers), dtype=float), shape)
    return transform


def affine(images, angle=0.0, scale=0.0, shift=0.0, mode="bilinear"):
    return drawing(BatchRandAffined("image", mode=mode), [angle, scale, shift])({"image": images})["image"]


def noise(*shape, dtype=torch.float32):
    return torch.rand(shape, dtype=dtype, generator=torch.Generator().manual_seed(0))


def blob(height, width, angle=0.0, scale=1.0):
    """An oval of Gaussian profile about the image's centre, 9 by 4 pixels, turned counterclockwise as displayed."""
    y, x = np.mgrid[:height, :width] - np.array([(height - 1) / 2, (width - 1) / 2])[:, None, None]
    y = -y  # upwards
    along, across = x * math.cos(angle) + y * math.sin(angle), -x * math.sin(angle) + y * math.cos(angle)
    return torch.from_numpy(np.exp(-((along / 9 / scale) ** 2 + (across / 4 / scale) ** 2) / 2))[None, None].float()


@pytest.mark.parametrize(("axis", "numpy_axis"), [(-1, 3), (0, 2), (1, 3), (-2, 2)])
def test_flip_of_all(axis, numpy_axis):
    images = noise(3, 2, 4, 5)
    result = BatchRandFlipd("image", prob=1, spatial_axis=axis)({"image": images})["image"]
    np.testing.assert_array_equal(result, np.flip(images.numpy(), numpy_axis))


def test_flip_of_some():
    data = {"image": noise(600, 1, 3, 4), "label": noise(600, 1, 3, 4) > 0.5}
    result = BatchRandFlipd(["image", "label"], prob=0.25).set_random_state(0)(data)
    flipped = (result["image"] == data["image"].flip(-1)).flatten(1).all(1)
    assert abs(int(flipped.sum()) - 150) < 4 * (600 * 0.25 * 0.75) ** 0.5
    for key, value in data.items():
        assert torch.equal(result[key][flipped], value[flipped].flip(-1))
        assert torch.equal(result[key][~flipped], value[~flipped])


@pytest.mark.parametrize("axis", [2, -3])
def test_flip_along_no_axis(axis):
    with pytest.raises(ValueError, match=f"`spatial_axis` is {axis}.*2 spatial axes"):
        BatchRandFlipd("image", spatial_axis=axis)({"image": noise(2, 1, 4, 4)})


@pytest.mark.parametrize("shape", [(4, 1, 16, 16), (4, 2, 9, 31), (4, 1, 5, 6, 7)])
def test_affine_without_ranges_is_the_identity(shape):
    images = noise(*shape)
    for transform in (BatchRandAffined("image"), BatchRandAffined("image", 0.0, 1.0, 0.5, 0.5)):
        torch.testing.assert_close(transform({"image": images})["image"], images, rtol=0, atol=3e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
def test_half_precision_is_only_of_the_result(dtype, mode):
    ramp = torch.arange(224, dtype=dtype).expand(2, 1, 3, 224)  # whole numbers up to 256 are exact in bfloat16
    result = affine(ramp, mode=mode)
    assert result.dtype == dtype
    assert torch.equal(result, ramp)
    turned = [affine(images, 0.5, 0.1, 0.05, mode) for images in (ramp, ramp.float())]
    assert torch.equal(turned[0], turned[1].to(dtype))


@pytest.mark.parametrize("quarters", [-1, 1, 2])
@pytest.mark.parametrize("size", [8, 9])
def test_quarter_turns_of_a_square(quarters, size):
    images = noise(2, 1, size, size)
    expected = torch.rot90(images, quarters, (2, 3))
    torch.testing.assert_close(affine(images, quarters * math.pi / 2), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("axis", "plane"), [(0, (3, 4)), (1, (2, 4)), (2, (2, 3))])
def test_quarter_turns_of_a_cube(axis, plane):
    images = noise(2, 1, 6, 6, 6)
    angles = [0.0, 0.0, 0.0]
    angles[axis] = math.pi / 2
    torch.testing.assert_close(affine(images, angles), torch.rot90(images, 1, plane), rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [(8, 8), (4, 16), (16, 4), (4, 8, 12)])
def test_shift_by_whole_pixels(shape):
    images = noise(1, 2, *shape)
    result = affine(images, shift=0.25)
    # Position p shows what was at p + size / 4 along every axis.
    places = tuple(slice(size // 4, None) for size in shape)
    expected = torch.zeros_like(images)
    expected[(..., *(slice(None, size - size // 4) for size in shape))] = images[(..., *places)]
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 96), (95, 61)])
@pytest.mark.parametrize(("angle", "scale"), [(0.6, 0.0), (-1.1, 0.0), (0.0, 0.3), (0.4, -0.2)])
def test_an_oval_turns_and_grows_without_distortion(height, width, angle, scale):
    expected = blob(height, width, angle, 1 + scale)
    torch.testing.assert_close(affine(blob(height, width), angle, scale), expected, rtol=0, atol=0.015)


def test_a_disc_stays_a_disc_in_an_oblong_image():
    y, x = np.mgrid[:90, :90] - 44.5
    square = torch.from_numpy(x**2 + y**2 < 12**2)[None, None].float()
    oblong = square[:, :, 25:65]
    turned = affine(oblong, 0.7)
    torch.testing.assert_close(turned, affine(square, 0.7)[:, :, 25:65], rtol=0, atol=1e-4)
    assert (turned - oblong).abs().sum() < 0.07 * oblong.sum()  # the rim, pixel by pixel, is not round


def test_a_ball_stays_a_ball_in_an_oblong_volume():
    z, y, x = np.mgrid[:40, :50, :60]
    ball = np.exp(-((z - 19.5) ** 2 + (y - 24.5) ** 2 + (x - 29.5) ** 2) / (2 * 5**2))
    images = torch.from_numpy(ball)[None, None].float()
    torch.testing.assert_close(affine(images, [0.5, -0.4, 0.9]), images, rtol=0, atol=0.015)


def test_agrees_with_scipy():
    images = noise(8, 1, 33, 47, dtype=torch.float64)
    transform = BatchRandAffined("image", rotate=0.8, scale=0.3, translate=0.2).set_random_state(1)
    draw, drawn = transform.uniform, []
    transform.uniform = lambda bound, shape: drawn.append(draw(bound, shape)) or drawn[-1]
    result = transform({"image": images})["image"]
    angles, scales, shifts = drawn
    assert np.abs(angles).max() <= 0.8
    assert np.abs(scales).max() <= 0.3
    assert np.abs(shifts).max() <= 0.2
    size, centre = np.array([33, 47]), np.array([16.0, 23.0])
    for image, output, (angle,), (scale,), shift in zip(images, result, angles, scales, shifts, strict=True):
        cos, sin = math.cos(angle), math.sin(angle)
        matrix = np.array([[cos, sin], [-sin, cos]]) / (1 + scale)  # of (row, column)
        offset = centre + shift[::-1] * size - matrix @ centre
        expected = ndimage.affine_transform(image[0].numpy(), matrix, offset, order=1, mode="grid-constant")
        np.testing.assert_allclose(output[0].numpy(), expected, atol=1e-10)


def test_prob_is_of_each_image():
    images = noise(400, 1, 8, 8)
    result = BatchRandAffined("image", prob=0.3, rotate=0.5).set_random_state(0)({"image": images})["image"]
    changed = ((result - images).abs() > 1e-4).flatten(1).any(1).sum()
    assert abs(int(changed) - 120) < 4 * (400 * 0.3 * 0.7) ** 0.5


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.uint8, torch.bool])
def test_masks_keep_their_labels_and_follow_the_image(dtype):
    labels = torch.tensor([0, 1]) if dtype is torch.bool else torch.tensor([0, 1, 7])
    image = F.interpolate(noise(6, 1, 4, 4), scale_factor=8, mode="bilinear")
    mask = labels[(image * len(labels)).long().clamp(max=len(labels) - 1)].to(dtype)
    transform = BatchRandAffined(["image", "label"], rotate=0.5, translate=0.1, mode=("bilinear", "nearest"))
    result = transform.set_random_state(0)({"image": image, "label": mask})
    assert result["label"].dtype == dtype
    assert set(result["label"].unique().tolist()) <= set(labels.tolist())
    again = labels[(result["image"] * len(labels)).long().clamp(max=len(labels) - 1)].to(dtype)
    assert (again == result["label"]).float().mean() > 0.95  # all but the borders between labels


def test_the_mode_of_a_key_stays_its_own_when_another_is_missing():
    images = noise(3, 1, 9, 9)
    both = BatchRandAffined(["label", "image"], rotate=0.5, mode=("nearest", "bilinear"), allow_missing_keys=True)
    alone = BatchRandAffined("image", rotate=0.5)
    results = [transform.set_random_state(2)({"image": images})["image"] for transform in (both, alone)]
    assert torch.equal(*results)


def test_whole_numbers_cannot_be_interpolated():
    with pytest.raises(ValueError, match=r"'image' is of torch.int64.*nearest"):
        affine(torch.ones(1, 1, 4, 4, dtype=torch.int64))


def test_images_of_one_axis():
    with pytest.raises(ValueError, match=r"2 or 3 spatial axes.*\(2, 1, 8\)"):
        affine(noise(2, 1, 8))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rotate": -0.1}, "rotate.*-0.1"),
        ({"translate": -1}, "translate.*-1"),
        ({"scale": 1.0}, "scale.*1.0"),
        ({"scale": -0.1}, "scale.*-0.1"),
        ({"mode": ("bilinear", "nearest")}, "2 for 1 keys"),
        ({"mode": "bicubic"}, "bilinear, nearest, got 'bicubic'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        BatchRandAffined("image", **arguments)


@pytest.mark.parametrize("spatial", [(7, 5), (64, 64), (3, 4, 5), (1, 6)])
def test_the_grid_is_that_of_torch(spatial):
    dims = len(spatial)
    matrix = noise(5, dims, dims + 1, dtype=torch.float64)
    expected = F.affine_grid(matrix, [5, 1, *spatial], align_corners=False)
    torch.testing.assert_close(_affine_grid(matrix, spatial), expected)
