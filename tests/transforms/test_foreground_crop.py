import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import Compose, RandCropByPosNegLabeld
from scipy import stats

from monai_ssl.errors import InputError
from monai_ssl.transforms import RandForegroundCropd
from monai_ssl.transforms.foreground_crop import draw_foreground

KEYS = ["image", "label"]


def indexed(*spatial):
    """An image whose pixels are their own flat index, and an empty label."""
    return {"image": torch.arange(float(np.prod(spatial))).view(1, *spatial), "label": torch.zeros(1, *spatial)}


def crop(data, *arguments, seed=0, **options):
    return RandForegroundCropd(KEYS, "label", *arguments, **options).set_random_state(seed)(data)


@pytest.mark.parametrize("size", [(3, 4), (4, 3), (7, 9), (1, 1)])
@pytest.mark.parametrize("voxel", [(0, 0), (6, 8), (3, 4), (1, 7)])
def test_around_one_voxel_as_monai_cuts(size, voxel):
    data = indexed(7, 9)
    data["label"][0][voxel] = 2
    expected = RandCropByPosNegLabeld(KEYS, "label", size, pos=1, neg=0)(data)[0]
    (result,) = crop(data, size, pos=1)
    for key in KEYS:
        assert torch.equal(result[key], expected[key].as_tensor())
    assert (result["label"] == 2).sum() == 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("spatial", [(6, 9), (4, 5, 7)])
def test_voxels_are_drawn_uniformly(channels, spatial):
    generator = torch.Generator().manual_seed(0)
    label = (torch.rand(channels, *spatial, generator=generator) < 0.2).float() * 4 - 1  # below 0 is background
    foreground = {tuple(place) for place in np.argwhere((label.numpy() > 0).any(0)).tolist()}
    drawn = draw_foreground(label, 200 * len(foreground), np.random.RandomState(0))
    values, counts = np.unique(drawn, axis=0, return_counts=True)
    assert {tuple(place) for place in values.tolist()} == foreground
    assert stats.chisquare(counts).pvalue > 0.01


def test_without_foreground_nothing_is_drawn():
    assert draw_foreground(torch.zeros(2, 4, 4), 3, np.random.RandomState(0)) is None


def starts(patches):
    return [int(patch["image"].flatten()[0]) for patch in patches]


@pytest.mark.parametrize("label", ["empty", "missing", "not asked for"])
def test_anywhere_all_places_are_equally_likely(label):
    data = indexed(6, 5)
    pos = 1.0
    if label == "missing":
        del data["label"]
    if label == "not asked for":
        data["label"][0, 5, 4] = 1
        pos = 0.0
    patches = crop(data, (4, 3), pos=pos, num_samples=3000, allow_missing_keys=True)
    values, counts = np.unique(starts(patches), return_counts=True)
    assert values.tolist() == [5 * row + column for row in range(3) for column in range(3)]
    assert stats.chisquare(counts).pvalue > 0.01


def test_pos_is_the_probability_of_foreground():
    data = indexed(64, 64)
    data["label"][0, 40, 30] = 1
    around = sum(int(patch["label"].any()) for patch in crop(data, 1, pos=0.3, num_samples=4000))
    # One place in 4096 by chance.
    assert abs(around - 1200) < 4 * (4000 * 0.3 * 0.7) ** 0.5


def test_patches_are_seeded_and_of_their_own():
    data = indexed(20, 20)
    data["label"][0, 4:9] = 1
    assert starts(crop(data, 5, num_samples=20)) == starts(crop(data, 5, num_samples=20))
    assert starts(crop(data, 5, num_samples=20)) != starts(crop(data, 5, num_samples=20, seed=1))
    assert len(set(starts(crop(data, 5, num_samples=20)))) > 10


def test_keys_stay_together_and_others_pass():
    data = indexed(8, 9, 10) | {"patient": "p"}
    data["label"] = data["image"] % 7
    for patch in crop(data, (3, 4, 5), num_samples=5):
        assert patch["image"].shape == (1, 3, 4, 5)
        assert torch.equal(patch["label"], patch["image"] % 7)
        assert patch["patient"] == "p"


def test_nothing_is_copied_or_changed():
    data = indexed(8, 8)
    data["label"][0, 2, 3] = 1
    before = {key: value.clone() for key, value in data.items()}
    (patch,) = crop(data, 4)
    for key in KEYS:
        assert patch[key].untyped_storage().data_ptr() == data[key].untyped_storage().data_ptr()
        assert torch.equal(data[key], before[key])


@pytest.mark.parametrize("dtype", [torch.uint8, torch.bool, torch.int64])
def test_meta_tensors_and_other_types_of_labels(dtype):
    data = {"image": MetaTensor(torch.rand(2, 6, 6)), "label": MetaTensor(torch.ones(1, 6, 6).to(dtype))}
    (patch,) = Compose([RandForegroundCropd(KEYS, "label", 3)])(data)
    assert type(patch["image"]) is type(patch["label"]) is torch.Tensor
    assert patch["label"].dtype == dtype


def test_missing_keys():
    with pytest.raises(KeyError, match="label"):
        crop({"image": torch.zeros(1, 4, 4)}, 2)
    assert crop({"other": 1}, 2, num_samples=2, allow_missing_keys=True) == [{"other": 1}] * 2


@pytest.mark.parametrize(
    ("size", "message"),
    [((5, 4), "image of 4 x 4 is smaller than the patch of 5 x 4.*SpatialPadd"), ((2, 2, 2), "2 spatial axes")],
)
def test_patches_that_do_not_fit(size, message):
    with pytest.raises(InputError, match=message):
        crop(indexed(4, 4), size)


@pytest.mark.parametrize("label", [torch.zeros(1, 4, 5), torch.zeros(3)])
def test_a_label_on_another_grid(label):
    with pytest.raises(InputError, match=r"different spatial shapes.*label.*one grid"):
        crop(indexed(4, 4) | {"label": label}, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "`size`.*0"),
        ({"size": (4, -1)}, "`size`.*-1"),
        ({"size": ()}, "`size`"),
        ({"size": 4, "pos": 1.1}, "`pos`.*1.1"),
        ({"size": 4, "num_samples": 0}, "`num_samples`.*0"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        RandForegroundCropd(KEYS, "label", **options)


@pytest.mark.parametrize("first_channel", [0, 1])
def test_foreground_of_probabilities_is_above_one_half(first_channel):
    """Channel 0 is background, which is likely nearly everywhere."""
    label = torch.zeros(2, 20, 20, 20)
    label[0], label[1] = 0.9, 0.1
    label[0, 15, 4, 9], label[1, 15, 4, 9] = 0.3, 0.7
    crop = RandForegroundCropd("label", "label", 3, pos=1.0, num_samples=50, first_channel=first_channel)
    patches = crop.set_random_state(0)({"label": label})
    around = [patch["label"][1, 1, 1, 1].item() == pytest.approx(0.7) for patch in patches]
    assert all(around) if first_channel else sum(around) < 5
