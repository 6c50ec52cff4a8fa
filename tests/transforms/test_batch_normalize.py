import pickle

import pytest
import torch
from monai.transforms import Compose, NormalizeIntensity

from monai_ssl.errors import InputError
from monai_ssl.transforms import (
    BatchNormalized,
    BatchRandColorJitterd,
    BatchRandFlipd,
    BatchRandGrayscaled,
    BatchRandResizedCropd,
)

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def noise(*shape, dtype=torch.float32):
    return torch.rand(shape, dtype=dtype, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("spatial", [(5, 7), (3, 4, 5)])
def test_each_image_is_what_monai_normalizes(spatial):
    images = noise(4, 3, *spatial)
    original = images.clone()
    normalize = NormalizeIntensity(subtrahend=MEAN, divisor=STD, channel_wise=True)
    expected = torch.stack([normalize(image.clone()).as_tensor() for image in images])
    result = BatchNormalized("image", MEAN, STD)({"image": images})["image"]
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-6)
    result.zero_()
    assert torch.equal(images, original)


def test_channel_by_channel_in_double_precision():
    images = noise(4, 3, 5, 7, dtype=torch.float64)
    result = BatchNormalized("image", MEAN, STD)({"image": images})["image"]
    expected = [(images[:, channel] - MEAN[channel]) / STD[channel] for channel in range(3)]
    torch.testing.assert_close(result, torch.stack(expected, dim=1), rtol=0, atol=1e-14)


def test_by_hand():
    images = torch.tensor([1.0, 3.0, 5.0, 7.0]).view(1, 2, 1, 2)
    result = BatchNormalized("image", mean=[1, 3], std=[2, 4])({"image": images})["image"]
    assert result.flatten().tolist() == [0.0, 1.0, 0.5, 1.0]


def test_a_chain_of_views_follows_the_seed_and_goes_to_worker_processes():
    images = noise(8, 3, 12, 12)
    chain = Compose(
        [
            BatchRandResizedCropd("image"),
            BatchRandFlipd("image"),
            BatchRandColorJitterd("image", brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1),
            BatchRandGrayscaled("image"),
            BatchNormalized("image", MEAN, STD),
        ]
    )
    copy = pickle.loads(pickle.dumps(chain))
    first, second, other = (
        make.set_random_state(seed)({"image": images})["image"] for make, seed in ((chain, 5), (copy, 5), (chain, 6))
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_keys():
    images = noise(2, 1, 4, 4)
    transform = BatchNormalized(["a", "b"], [0.5], [0.5], allow_missing_keys=True)
    result = transform({"a": images, "other": images})
    assert set(result) == {"a", "other"}
    assert result["other"] is images
    torch.testing.assert_close(result["a"], 2 * images - 1)
    with pytest.raises(KeyError, match="b"):
        BatchNormalized(["a", "b"], [0.5], [0.5])({"a": images})


def test_other_numbers_of_channels():
    with pytest.raises(InputError, match="'image' has 1 channels, but `mean` and `std` are of 3"):
        BatchNormalized("image", MEAN, STD)({"image": noise(2, 1, 4, 4)})


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        (MEAN, STD[:2], r"one number a channel.*0.406\) and \(0.229, 0.224\)"),
        ((), (), r"one number a channel, got \(\) and \(\)"),
        ((0.5,), (0.0,), r"`std`.*\(0.0,\)"),
        ((0.5, 0.5), (0.5, -1), r"`std`.*\(0.5, -1\)"),
    ],
)
def test_bad_arguments(mean, std, message):
    with pytest.raises(ValueError, match=message):
        BatchNormalized("image", mean, std)
