import math

import pytest
import torch
from scipy import stats
from torch.nn import functional as F

from monai_ssl.transforms import BatchRandResizedCropd
from monai_ssl.transforms.batch_crop import crop_grid

LIKE = torch.empty(0, dtype=torch.float64)


def noise(*shape, dtype=torch.float32):
    return torch.rand(shape, dtype=dtype, generator=torch.Generator().manual_seed(0))


def blank(size, *spatial):
    """A batch of which only the shape counts, without its memory."""
    return torch.zeros(()).expand(size, 1, *spatial)


def boxes(transform, spatial):
    """The crops that were drawn, in pixels: where they begin and how long they are."""
    sizes = torch.tensor(spatial)
    starts, lengths = transform.starts * sizes, transform.lengths * sizes
    for values in (starts, lengths):  # whole pixels
        torch.testing.assert_close(values, values.round(), rtol=0, atol=1e-9)
    return starts.round().long(), lengths.round().long()


def by_slices(images, starts, lengths, mode):
    """Cut each image out and interpolate it."""
    crops = []
    for image, start, length in zip(images, starts.tolist(), lengths.tolist(), strict=True):
        part = image[(slice(None), *(slice(a, a + n) for a, n in zip(start, length, strict=True)))]
        options = {} if mode == "nearest-exact" else {"align_corners": False}
        crops.append(F.interpolate(part[None], size=tuple(image.shape[1:]), mode=mode, **options))
    return torch.cat(crops)


@pytest.mark.parametrize("shape", [(40, 3, 24, 24), (40, 1, 17, 40), (30, 2, 8, 12, 10)])
def test_crops_are_what_slices_interpolated_are(shape):
    images = noise(*shape, dtype=torch.float64)
    transform = BatchRandResizedCropd("image").set_random_state(0)
    result = transform({"image": images})["image"]
    starts, lengths = boxes(transform, shape[2:])
    assert (starts >= 0).all()
    assert (starts + lengths <= torch.tensor(shape[2:])).all()
    assert len({tuple(row) for row in torch.cat([starts, lengths], 1).tolist()}) > 20
    expected = by_slices(images, starts, lengths, "bilinear" if len(shape) == 4 else "trilinear")
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-12)


def test_crop_by_hand():
    """Pixels 1 and 2 of 0, 10, 20, 30, to four pixels: at 0.75, 1.25, 1.75 and 2.25, kept within 1 and 2."""
    grid = crop_grid(torch.tensor([[0.25, 0.0]]).double(), torch.tensor([[0.5, 1.0]]).double(), (4, 1), LIKE)
    image = torch.tensor([0.0, 10.0, 20.0, 30.0], dtype=torch.float64).view(1, 1, 4, 1)
    result = F.grid_sample(image, grid, align_corners=False).flatten()
    torch.testing.assert_close(result, torch.tensor([10.0, 12.5, 17.5, 20.0], dtype=torch.float64))


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool])
def test_masks_keep_their_labels_and_follow_the_image(dtype):
    images = F.interpolate(noise(8, 1, 5, 5), size=(31, 31), mode="bilinear")
    masks = (images > 0.5).to(dtype)
    transform = BatchRandResizedCropd(["image", "label"], mode=("bilinear", "nearest")).set_random_state(0)
    result = transform({"image": images, "label": masks})
    assert result["label"].dtype == dtype
    expected = by_slices(masks.double(), *boxes(transform, (31, 31)), "nearest-exact").to(dtype)
    assert (result["label"] == expected).float().mean() > 0.99  # all but ties between two pixels
    assert ((result["image"] > 0.5) == result["label"].bool()).float().mean() > 0.95


def test_a_mask_of_another_size_is_cropped_at_the_same_place():
    ramp = torch.linspace(0, 1, 65)[:-1] + 1 / 128  # the pixels' centres
    data = {"image": ramp.expand(6, 1, 64, 64), "small": ramp.view(32, 2).mean(1).expand(6, 1, 32, 32)}
    result = BatchRandResizedCropd(["image", "small"]).set_random_state(0)(data)
    small = F.avg_pool2d(result["image"], 2)
    torch.testing.assert_close(result["small"][..., 4:-4], small[..., 4:-4], rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [(4, 1, 16, 16), (4, 2, 9, 31), (4, 1, 5, 6, 7)])
def test_the_whole_image_is_the_identity(shape):
    images = noise(*shape)
    result = BatchRandResizedCropd("image", scale=(1, 1), ratio=(1, 1))({"image": images})["image"]
    torch.testing.assert_close(result, images, rtol=0, atol=3e-6)


@pytest.mark.parametrize("spatial", [(4000, 4000), (3000, 6000)])
def test_area_and_aspect_ratio_are_as_asked(spatial):
    # Small crops all fit, so that the first draw is taken: area and ratio keep their distributions.
    transform = BatchRandResizedCropd("image", scale=(0.1, 0.4), ratio=(0.5, 2)).set_random_state(0)
    transform.randomize(blank(2000, *spatial))
    height, width = transform.lengths.T
    assert stats.kstest(height * width, stats.uniform(0.1, 0.3).cdf).pvalue > 0.01
    assert stats.kstest((width / height).log(), stats.uniform(-math.log(2), 2 * math.log(2)).cdf).pvalue > 0.01
    room = 1 - transform.lengths
    for places in (transform.starts / room).T:
        assert stats.kstest(places, "uniform").pvalue > 0.01
    assert abs(stats.pearsonr(*transform.starts.T).statistic) < 0.06


def test_places_are_all_pixels_from_one_edge_to_the_other():
    transform = BatchRandResizedCropd("image", scale=(0.25, 0.25), ratio=(1, 1)).set_random_state(0)
    transform.randomize(blank(1000, 8, 6))
    starts, lengths = boxes(transform, (8, 6))
    assert lengths.unique(dim=0).tolist() == [[4, 3]]
    for places, room in zip(starts.T, (4, 3), strict=True):
        values, counts = places.unique(return_counts=True)
        assert values.tolist() == list(range(room + 1))
        assert stats.chisquare(counts).pvalue > 0.01


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_only_of_the_result(dtype):
    ramp = torch.arange(224, dtype=dtype).expand(2, 1, 224, 224)
    whole = BatchRandResizedCropd("image", scale=(1, 1), ratio=(1, 1))({"image": ramp})["image"]
    assert whole.dtype == dtype
    assert torch.equal(whole, ramp)
    transform = BatchRandResizedCropd("image")
    half, full = (transform.set_random_state(0)({"image": images})["image"] for images in (ramp, ramp.float()))
    assert torch.equal(half, full.to(dtype))


def test_volume_and_aspect_ratios_in_3d():
    transform = BatchRandResizedCropd("image", scale=(0.05, 0.2), ratio=(0.8, 1.25)).set_random_state(0)
    transform.randomize(blank(1500, 3000, 2000, 4000))
    assert stats.kstest(transform.lengths.prod(1), stats.uniform(0.05, 0.15).cdf).pvalue > 0.01
    ratios = (transform.lengths[:, 1:] / transform.lengths[:, :1]).log().T
    for ratio in ratios:
        assert stats.kstest(ratio, stats.uniform(math.log(0.8), 2 * math.log(1.25)).cdf).pvalue > 0.01
    assert abs(stats.pearsonr(*ratios).statistic) < 0.07


def test_large_crops_are_drawn_again_until_they_fit():
    """A square of 0.9 of the area, distorted by up to 2, fits only if its ratio is within 0.9 and 1 / 0.9."""
    transform = BatchRandResizedCropd("image", scale=(0.9, 0.9), ratio=(0.5, 2)).set_random_state(0)
    transform.randomize(blank(4000, 10**6, 10**6))
    whole = (transform.lengths == 1).all(1)
    height, width = transform.lengths[~whole].T
    torch.testing.assert_close(height * width, torch.full_like(height, 0.9), rtol=0, atol=2e-3)
    assert stats.kstest((width / height).log(), stats.uniform(math.log(0.9), -2 * math.log(0.9)).cdf).pvalue > 0.01
    expected = (1 - math.log(0.9) / math.log(0.5)) ** 10  # none of ten fits
    assert abs(whole.float().mean() - expected) < 4 * (expected * (1 - expected) / 4000) ** 0.5


@pytest.mark.parametrize(
    ("ratio", "spatial", "start", "length"),
    [
        ((2, 4), (40, 60), (10, 0), (20, 60)),  # twice as wide in proportion: half as high
        ((0.25, 0.5), (40, 60), (0, 15), (40, 30)),
        ((2, 4), (40, 60, 20), (10, 0, 0), (20, 60, 20)),
        ((0.25, 0.5), (40, 60, 20), (0, 15, 5), (40, 30, 10)),
    ],
)
def test_the_largest_central_crop_if_none_fits(ratio, spatial, start, length):
    transform = BatchRandResizedCropd("image", scale=(1, 1), ratio=ratio)
    transform.randomize(blank(3, *spatial))
    starts, lengths = boxes(transform, spatial)
    assert starts.tolist() == [list(start)] * 3
    assert lengths.tolist() == [list(length)] * 3


def test_a_single_pixel_is_the_smallest_crop():
    images = noise(50, 1, 3, 3)
    transform = BatchRandResizedCropd("image", scale=(0.01, 0.05)).set_random_state(0)
    result = transform({"image": images})["image"]
    _, lengths = boxes(transform, (3, 3))
    tiny = (lengths == 1).all(1)
    assert tiny.any()
    torch.testing.assert_close(result[tiny], result[tiny][..., :1, :1].expand(-1, -1, 3, 3), rtol=0, atol=1e-6)


def test_prob_is_of_each_image_and_the_others_stay_as_they_are():
    images = noise(400, 1, 8, 8)
    transform = BatchRandResizedCropd("image", prob=0.3, scale=(0.2, 0.5)).set_random_state(0)
    result = transform({"image": images})["image"]
    changed = (result != images).flatten(1).any(1)
    assert changed.nonzero().flatten().tolist() == transform.index.tolist()
    assert abs(int(changed.sum()) - 120) < 4 * (400 * 0.3 * 0.7) ** 0.5
    expected = by_slices(images[changed], *boxes(transform, (8, 8)), "bilinear")
    torch.testing.assert_close(result[changed], expected, rtol=0, atol=3e-6)


@pytest.mark.parametrize("prob", [0.0, 0.5, 1.0])
def test_seeds_and_inputs(prob):
    images = noise(12, 2, 10, 14)
    original = images.clone()
    transform = BatchRandResizedCropd("image", prob=prob)
    results = [transform.set_random_state(seed)({"image": images})["image"] for seed in (1, 2, 1)]
    assert torch.equal(results[0], results[2])
    assert torch.equal(results[0], results[1]) == (prob == 0)
    results[0].zero_()
    assert torch.equal(images, original)


def test_images_of_one_axis():
    with pytest.raises(ValueError, match=r"2 or 3 spatial axes.*\(2, 1, 8\)"):
        BatchRandResizedCropd("image")({"image": noise(2, 1, 8)})


def test_whole_numbers_cannot_be_interpolated():
    with pytest.raises(ValueError, match=r"'image' is of torch.uint8.*nearest"):
        BatchRandResizedCropd("image")({"image": torch.ones(1, 1, 4, 4, dtype=torch.uint8)})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": (0, 1)}, r"`scale`.*\(0, 1\)"),
        ({"scale": (0.5, 0.2)}, r"`scale`.*\(0.5, 0.2\)"),
        ({"scale": (0.5, 1.2)}, r"`scale`.*\(0.5, 1.2\)"),
        ({"scale": (0.5,)}, r"`scale`.*\(0.5,\)"),
        ({"ratio": (0, 1)}, r"`ratio`.*\(0, 1\)"),
        ({"ratio": (2, 1)}, r"`ratio`.*\(2, 1\)"),
        ({"ratio": (1, math.inf)}, r"`ratio`.*\(1, inf\)"),
        ({"mode": "bicubic"}, "bilinear, nearest, got 'bicubic'"),
        ({"mode": ("bilinear", "nearest")}, "2 for 1 keys"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        BatchRandResizedCropd("image", **arguments)
