import copy

import numpy as np
import pytest
import torch
from monai.transforms import Compose, RandAdjustContrastd, RandFlip, RandFlipd, RandGaussianNoised

from monai_ssl.transforms import (
    BatchRandAffined,
    BatchRandFlipd,
    BatchRandGaussianNoised,
    BatchRandScaleShiftd,
    EachImage,
)

TRANSFORMS = {
    "flip": lambda: BatchRandFlipd("image"),
    "affine": lambda: BatchRandAffined("image", rotate=0.4, scale=0.2, translate=0.1),
    "scale-shift": lambda: BatchRandScaleShiftd("image", contrast=0.3, brightness=0.1),
    "noise": lambda: BatchRandGaussianNoised("image", std=0.1),
    "each": lambda: EachImage(RandFlipd("image", prob=0.5, spatial_axis=1)),
    "compose": lambda: Compose(
        [BatchRandAffined("image", rotate=0.4), EachImage(Compose([RandFlipd("image", prob=0.5)]))]
    ),
}


@pytest.fixture
def batch() -> torch.Tensor:
    return torch.rand(12, 2, 10, 14, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=list(TRANSFORMS))
def transform(request):
    return TRANSFORMS[request.param]()


def test_the_seed_decides(transform, batch):
    results = [transform.set_random_state(seed)({"image": batch})["image"] for seed in (1, 2, 1)]
    assert torch.equal(results[0], results[2])
    assert not torch.equal(results[0], results[1])
    another = copy.deepcopy(transform).set_random_state(1)({"image": batch})["image"]
    assert torch.equal(results[0], another)


def test_each_call_draws_anew(transform, batch):
    transform.set_random_state(1)
    assert not torch.equal(transform({"image": batch})["image"], transform({"image": batch})["image"])


def test_each_image_has_parameters_of_its_own(transform, batch):
    same = batch[:1].repeat(12, 1, 1, 1)
    result = transform.set_random_state(0)({"image": same})["image"]
    assert len({image.numpy().tobytes() for image in result}) > 1


def test_the_input_is_left_as_it_was(transform, batch):
    original, data = batch.clone(), {"image": batch, "other": "kept"}
    if not isinstance(transform, EachImage | Compose):
        assert transform(data)["other"] == "kept"
    data.pop("other")
    for seed in range(5):
        result = transform.set_random_state(seed)(data)
        result["image"].zero_()
    assert torch.equal(batch, original)
    assert data == {"image": batch}


def test_shape_and_type_are_kept(transform):
    for shape in ((3, 1, 6, 8), (3, 2, 4, 6, 8)):
        for dtype in (torch.float32, torch.float64):
            result = transform({"image": torch.rand(shape, dtype=dtype)})["image"]
            assert type(result) is torch.Tensor
            assert (result.shape, result.dtype) == (shape, dtype)


def test_state_as_in_monai():
    transform = BatchRandFlipd("image")
    assert transform.set_random_state(5).R.random_sample() == np.random.RandomState(5).random_sample()
    state = np.random.RandomState(1)
    assert transform.set_random_state(state=state).R is state
    transform.set_random_state(5)
    assert state.random_sample() == np.random.RandomState(1).random_sample()


def test_two_transforms_have_states_of_their_own():
    first, second = BatchRandFlipd("image"), BatchRandFlipd("image")
    first.set_random_state(0)
    second.set_random_state(0)
    assert first.R.random_sample() == second.R.random_sample()


def test_unseeded_transforms_differ(batch):
    results = [BatchRandGaussianNoised("image")({"image": batch})["image"] for _ in range(2)]
    assert not torch.equal(*results)


@pytest.mark.parametrize("prob", [-0.1, 1.1])
def test_bad_prob(prob):
    with pytest.raises(ValueError, match=f"`prob` must be in .*{prob}"):
        BatchRandFlipd("image", prob=prob)


def test_missing_keys(batch):
    with pytest.raises(KeyError, match="label"):
        BatchRandFlipd(["image", "label"])({"image": batch})
    transform = BatchRandFlipd(["image", "label"], prob=1, allow_missing_keys=True)
    assert torch.equal(transform({"image": batch})["image"], batch.flip(-1))
    assert transform({"other": batch})["other"] is batch


def test_each_image_is_what_monai_does_one_by_one(batch):
    monai_transform = RandFlip(prob=0.5, spatial_axis=1).set_random_state(7)
    expected = torch.stack([monai_transform(image).as_tensor() for image in batch])
    result = EachImage(RandFlipd("image", prob=0.5, spatial_axis=1)).set_random_state(7)({"image": batch})
    assert torch.equal(result["image"], expected)
    assert not torch.equal(expected, batch)


def test_each_image_keeps_image_and_mask_together(batch):
    data = {"image": batch, "label": (batch > 0.5).long()}
    keys = ["image", "label"]
    flips = [RandFlipd(keys, prob=0.5, spatial_axis=axis) for axis in (0, 1)]
    transform = EachImage(Compose(flips))
    result = transform.set_random_state(0)(data)
    assert result["label"].dtype == torch.int64
    assert torch.equal(result["label"], (result["image"] > 0.5).long())


def test_compose_seeds_all_its_parts(batch):
    def make():
        return Compose(
            [
                BatchRandScaleShiftd("image", contrast=0.5),
                Compose([BatchRandGaussianNoised("image")]),
                EachImage(
                    Compose(
                        [
                            RandGaussianNoised("image", prob=1),
                            RandAdjustContrastd("image", prob=1),
                        ]
                    )
                ),
            ]
        )

    results = [make().set_random_state(seed)({"image": batch})["image"] for seed in (3, 3, 4)]
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])
