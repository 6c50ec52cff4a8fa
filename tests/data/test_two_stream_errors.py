"""What a two-stream loader refuses."""

from typing import Any

import pytest
import torch
from monai.transforms import Compose, Lambda, OneOf, RandFlipd, ScaleIntensityd
from torch.utils.data import ConcatDataset

from monai_ssl.data import ImageDataset, TwoStreamLoader
from monai_ssl.errors import InputError
from monai_ssl.transforms import BatchRandFlipd

TWO = {"labeled": 2, "unlabeled": 2}


def unlabeled(count: int) -> list[dict[str, Any]]:
    """Image ``i`` is full of ``i``."""
    return [{"image": torch.full((1, 8, 8), float(i))} for i in range(count)]


def labeled(count: int) -> list[dict[str, Any]]:
    return [{**item, "label": torch.tensor([0])} for item in unlabeled(count)]


@pytest.mark.parametrize(("pools", "name"), [(([], unlabeled(3)), "labeled"), ((labeled(3), []), "unlabeled")])
def test_an_empty_pool(pools, name):
    with pytest.raises(InputError, match=f"list of {name} images is empty.*Add {name} images"):
        TwoStreamLoader(*pools, 2, 2, TWO)


@pytest.mark.parametrize(("sizes", "message"), [((0, 2), "The labeled.*got 0"), ((2, -1), "The unlabeled.*got -1")])
def test_bad_batch_sizes(sizes, message):
    with pytest.raises(ValueError, match=message):
        TwoStreamLoader(labeled(3), unlabeled(3), *sizes, TWO)


@pytest.mark.parametrize(
    "num_views",
    [{"labeled": 1}, {"labeled": 1, "unlabelled": 1}, {"labeled": 2, "unlabeled": -1}, {"labeled": 0, "unlabeled": 0}],
)
def test_bad_views(num_views):
    with pytest.raises(ValueError, match=r"num_views.*got"):
        TwoStreamLoader(labeled(3), unlabeled(3), 2, 2, num_views)


def test_too_few_transforms():
    with pytest.raises(ValueError, match=r"2 views.*list of 1"):
        TwoStreamLoader(labeled(3), unlabeled(3), 2, 2, TWO, [BatchRandFlipd("image")])


def test_a_negative_seed():
    with pytest.raises(ValueError, match=r"seed.*-1"):
        TwoStreamLoader(labeled(3), unlabeled(3), 2, 2, TWO, seed=-1)


@pytest.mark.parametrize(
    ("transform", "name"),
    [
        (Compose([ScaleIntensityd("image"), RandFlipd("image")]), "RandFlipd"),
        (Compose([Compose([RandFlipd("image")], map_items=False)]), "RandFlipd"),
        (OneOf([Lambda(lambda x: x), Lambda(lambda x: x)]), "OneOf"),
        (BatchRandFlipd("image"), "BatchRandFlipd"),
    ],
)
def test_random_transforms_in_a_data_set(transform, name):
    pool = ImageDataset(labeled(3), transform, cache_rate=0, progress=False)
    with pytest.raises(InputError, match=f"The labeled data set's preprocessing has the random transform {name},"):
        TwoStreamLoader(pool, unlabeled(3), 2, 2, TWO)


def test_random_transforms_in_a_part_of_a_data_set():
    random = ImageDataset(labeled(3), RandFlipd("image"), cache_rate=0, progress=False)
    with pytest.raises(InputError, match="The unlabeled data set's preprocessing has the random transform RandFlipd"):
        TwoStreamLoader(labeled(3), ConcatDataset([unlabeled(3), random]), 2, 2, TWO)


def test_deterministic_transforms_in_a_data_set():
    nested = Compose([Compose([ScaleIntensityd("image", factor=1.0, minv=None, maxv=None)], map_items=False)])
    pool = ImageDataset(labeled(3), nested, progress=False)
    batch = next(iter(TwoStreamLoader(pool, unlabeled(3), 3, 3, TWO)))
    assert sorted(batch["labeled"][0]["image"][:, 0, 0, 0].tolist()) == [0, 2, 4]  # x * (1 + factor)


def test_images_of_different_shapes():
    pool = [{"image": torch.zeros(1, 8, size)} for size in (8, 9)]
    loader = TwoStreamLoader(labeled(2), pool, 2, 2, TWO)
    with pytest.raises(InputError, match="images of the unlabeled images") as caught:
        next(iter(loader))
    for part in ("(1, 8, 8)", "(1, 8, 9)", "`Resized`"):
        assert part in str(caught.value)


def test_a_labeled_image_without_label():
    with pytest.raises(InputError, match="the labeled images has no 'label'"):
        next(iter(TwoStreamLoader(unlabeled(2), unlabeled(2), 2, 2, TWO)))
