import dataclasses
import math

import numpy as np
import pytest
import torch
from monai.metrics import compute_dice, compute_hausdorff_distance
from scipy.spatial.distance import cdist
from sklearn.metrics import jaccard_score, precision_score, recall_score

from monai_ssl.metrics import RegionScore, region_scores, weighted_mean

REGIONS = {"whole": [1, 2, 4], "core": [1, 4]}


def scores_of(prediction, truth, spacing=None):
    return region_scores(np.asarray(prediction), np.asarray(truth), {"a": [1]}, spacing)["a"]


def pixels(shape, *places):
    mask = np.zeros(shape, dtype=np.uint8)
    for place in places:
        mask[place] = 1
    return mask


def test_counted_by_hand():
    """The 5 x 5 square in a ring of 16 pixels, 4 of them at the root of 2 from the ring of the 3 x 3 square."""
    found = pixels((7, 8), np.s_[1:6, 1:6])
    true = pixels((7, 8), np.s_[2:5, 2:5])
    score = scores_of(found, true)
    assert score.dice == pytest.approx(2 * 9 / (25 + 9))
    assert score.hd95 == pytest.approx(math.sqrt(2))
    assert (score.jaccard, score.precision, score.recall) == pytest.approx((9 / 25, 9 / 25, 1))
    # From the outer ring 12 pixels are 1 away and 4 the root of 2; from the inner ring of 8 pixels all are 1 away.
    assert score.average_hausdorff == pytest.approx((12 + 4 * math.sqrt(2)) / 16)
    assert (score.volume, score.true_volume, score.outcome) == (25, 9, "found")


def test_scores_of_a_part_and_of_too_little():
    """A row of 6 pixels, of which 2 are found, and 1 beside it."""
    score = scores_of(pixels((3, 8), np.s_[1, :2], np.s_[1, 7]), pixels((3, 8), np.s_[1, :6]))
    assert (score.dice, score.jaccard) == pytest.approx((2 * 2 / (3 + 6), 2 / 7))
    assert (score.precision, score.recall) == pytest.approx((2 / 3, 2 / 6))
    # Found to true: 0, 0 and 2. True to found: 0, 0, 1, 2, 3 (from the second) and 2 (from the last).
    assert score.average_hausdorff == pytest.approx((0 + 0 + 1 + 2 + 3 + 2) / 6)


def test_a_perfect_mask():
    mask = pixels((20, 30), np.s_[4:9, 5:20])
    score = scores_of(mask, mask)
    assert (score.dice, score.jaccard, score.precision, score.recall) == (1, 1, 1, 1)
    assert (score.hd95, score.average_hausdorff) == (0, 0)
    assert score.ssim == pytest.approx(1)


@pytest.mark.parametrize("swapped", [False, True])
def test_the_95th_percentile_in_the_worse_direction(swapped):
    """Of 21 distances 0, ..., 0, 1, ..., 10 the 95th percentile is the 20th, which is 9."""
    short, long = pixels((5, 21), np.s_[3, :11]), pixels((5, 21), np.s_[3])
    pair = (long, short) if swapped else (short, long)
    assert scores_of(*pair).hd95 == pytest.approx(9)
    assert scores_of(*pair, spacing=(1.0, 0.5)).hd95 == pytest.approx(4.5)


def test_spacing_belongs_to_its_axis():
    score = scores_of(pixels((3, 4, 5), (0, 0, 0)), pixels((3, 4, 5), (1, 2, 2)), spacing=(3, 2, 1))
    distance = pytest.approx(math.sqrt(9 + 16 + 4))
    assert (score.hd95, score.average_hausdorff, score.volume, score.true_volume) == (distance, distance, 6.0, 6.0)
    assert (score.dice, score.jaccard, score.precision, score.recall) == (0, 0, 0, 0)


def test_a_missed_region_is_as_far_as_the_image_is_wide():
    """As in BraTS: 373.13 mm."""
    shape = (240, 240, 155)
    score = scores_of(np.zeros(shape, np.uint8), pixels(shape, np.s_[100:103, 5, 5]), spacing=(1, 1, 1))
    assert (score.dice, round(score.hd95, 2), score.volume, score.true_volume) == (0, 373.13, 0, 3)
    assert score.outcome == "missed"
    assert (score.jaccard, score.recall, score.average_hausdorff) == (0, 0, score.hd95)
    assert math.isnan(score.precision)
    assert 0.99 < score.ssim < 1
    assert scores_of(pixels((30, 40)), pixels((30, 40), (1, 1)), spacing=(2, 1)).hd95 == pytest.approx(
        math.hypot(60, 40)
    )


def test_a_region_that_is_not_there_has_no_scores():
    empty = np.zeros((4, 4), np.uint8)
    nothing, too_much = scores_of(empty, empty), scores_of(pixels((4, 4), (0, 0)), empty)
    measured = [field.name for field in dataclasses.fields(RegionScore) if "volume" not in field.name]
    assert len(measured) == 7
    assert all(math.isnan(getattr(score, name)) for score in (nothing, too_much) for name in measured)
    assert (nothing.outcome, too_much.outcome) == ("absent", "false positive")
    assert (too_much.volume, too_much.true_volume) == (1, 0)


def test_values_make_up_regions_that_overlap():
    truth, prediction = np.array([[0, 1, 2, 4]]), np.array([[2, 1, 1, 0]])
    scores = region_scores(prediction, truth, REGIONS)
    assert list(scores) == ["whole", "core"]
    assert scores["whole"].dice == pytest.approx(2 * 2 / (3 + 3))
    assert scores["core"].dice == pytest.approx(2 * 1 / (2 + 2))


def edges(mask):
    """Voxels with a face on the outside, one by one."""
    padded = np.pad(mask, 1)
    inner = tuple(slice(1, -1) for _ in mask.shape)
    inside = mask.astype(bool)
    for axis in range(mask.ndim):
        for shift in (-1, 1):
            inside = inside & np.roll(padded, shift, axis)[inner].astype(bool)
    return np.argwhere(mask.astype(bool) & ~inside)


@pytest.mark.parametrize("shape", [(9, 14), (6, 9, 7)])
@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_monai_and_all_pairs_of_distances(shape, seed):
    """Random masks, some of which touch the edge of the image."""
    rng = np.random.default_rng(seed)
    found, true = (rng.random(shape) < fraction for fraction in (0.2, 0.5))
    spacing = rng.uniform(0.5, 3, len(shape)).tolist()
    score = scores_of(found.astype(np.int16), true.astype(np.int32), spacing)
    batch = [torch.from_numpy(mask)[None, None] for mask in (found, true)]
    expected = compute_hausdorff_distance(*batch, include_background=True, percentile=95, spacing=spacing)
    assert score.hd95 == pytest.approx(expected.item(), rel=1e-5)
    assert score.dice == pytest.approx(compute_dice(*batch).item(), rel=1e-6)
    apart = cdist(edges(found) * spacing, edges(true) * spacing)
    assert score.hd95 == pytest.approx(max(np.percentile(apart.min(axis=axis), 95) for axis in (0, 1)), rel=1e-5)
    assert score.average_hausdorff == pytest.approx(max(apart.min(axis=axis).mean() for axis in (0, 1)), rel=1e-5)
    for reference in (precision_score, recall_score, jaccard_score):
        value = getattr(score, reference.__name__.removesuffix("_score"))
        assert value == pytest.approx(reference(true.ravel(), found.ravel()))
    assert score.volume == pytest.approx(found.sum() * np.prod(spacing))


def test_what_cannot_be_compared():
    with pytest.raises(ValueError, match="shape"):
        scores_of(np.zeros((2, 3), int), np.zeros((3, 2), int))
    for spacing in ((1.0,), (1.0, 0.0), (1.0, math.nan)):
        with pytest.raises(ValueError, match="spacing"):
            scores_of(np.zeros((2, 3), int), np.zeros((2, 3), int), spacing)


def test_weighted_mean_repeats_what_is_drawn():
    rng = np.random.default_rng(0)
    scores = np.where(rng.random((6, 3)) < 0.3, np.nan, rng.random((6, 3)))
    scores[:, 2] = np.nan
    draws = rng.integers(0, 3, (20, 6))
    expected = [
        [
            values.mean() if len(values := drawn[~np.isnan(drawn)]) else np.nan
            for drawn in np.repeat(scores, n, axis=0).T
        ]
        for n in draws
    ]
    np.testing.assert_allclose(weighted_mean(scores, draws), expected)
