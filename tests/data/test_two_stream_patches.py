"""Patches, shared transforms and pseudo-labels of a two-stream loader."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import (
    CenterSpatialCropd,
    Compose,
    RandCropByPosNegLabeld,
    RandFlipd,
    RandScaleIntensityd,
    RandSpatialCropd,
    RandSpatialCropSamplesd,
)

from monai_ssl.data import TwoStreamLoader
from monai_ssl.errors import InputError
from monai_ssl.transforms import BatchRandAffined, BatchRandFlipd, BatchRandGaussianNoised, RandForegroundCropd

TWO = {"labeled": 2, "unlabeled": 2}
SHAPES = [(12, 10), (9, 11, 10)]


def code(image: torch.Tensor) -> torch.Tensor:
    """One number for each place of each image, 0 where an image was padded with 0."""
    weights = torch.tensor([20.0**power for power in range(image.shape[-4 if image.ndim == 5 else -3])])
    return (image * weights.view(-1, *[1] * (image.ndim - 2))).sum(1, keepdim=True)


def coordinates(count: int, spatial: tuple[int, ...], *keys: str, first: int = 1) -> list[dict[str, Any]]:
    """Images with the coordinates, counted from 1, and their own number as channels, and a key that says the same."""
    axes = torch.meshgrid(*(torch.arange(1.0, size + 1) for size in spatial), indexing="ij")
    items = []
    for number in range(first, first + count):
        image = torch.stack([*axes, torch.full(spatial, float(number))])
        items.append({"image": image, **dict.fromkeys(keys, code(image[None])[0])})
    return items


def crops(size: int = 6) -> dict[str, Any]:
    return {
        "labeled": RandForegroundCropd(["image", "label"], "label", size),
        "unlabeled": Compose([RandSpatialCropd(["image", "pseudo_label"], size, random_size=False)]),
    }


def shared() -> Compose:
    keys = ["image", "label", "pseudo_label"]
    return Compose(
        [
            BatchRandFlipd(keys, spatial_axis=0, allow_missing_keys=True),
            BatchRandAffined(keys, rotate=1, scale=0.2, translate=0.1, mode="nearest", allow_missing_keys=True),
        ]
    )


def patches(spatial=(9, 11, 10), seed: int = 0, num_workers: int = 0, **options: Any) -> TwoStreamLoader:
    pools = coordinates(5, spatial, "label"), coordinates(7, spatial, "pseudo_label", first=6)
    settings = {"crops": crops(), "shared": shared(), "pseudo_labels": True} | options
    return TwoStreamLoader(*pools, 2, 3, TWO, None, seed, num_workers, **settings)


def flat(batches: Any) -> torch.Tensor:
    return torch.stack(
        [torch.cat([v.flatten() for views in b.values() for view in views for v in view.values()]) for b in batches]
    )


def places(images: torch.Tensor) -> torch.Tensor:
    """Where patches begin, ``(B, D)``, having checked that they are boxes of their images."""
    spatial = images.shape[2:]
    starts = images[:, :-1].flatten(2)[..., 0]
    axes = torch.stack(torch.meshgrid(*(torch.arange(float(size)) for size in spatial), indexing="ij"))
    assert torch.equal(images[:, :-1], starts.view(*starts.shape, *[1] * len(spatial)) + axes)
    return starts


@pytest.mark.parametrize("spatial", SHAPES)
def test_views_are_aligned_voxel_by_voxel(spatial):
    def brighter(view):
        return {**view, "image": view["image"] + 1024}

    pools = coordinates(5, spatial, "label"), coordinates(7, spatial, "pseudo_label", first=6)
    options = {"crops": crops(), "shared": shared(), "pseudo_labels": True}
    moved = 0
    for batch in TwoStreamLoader(*pools, 2, 3, TWO, [lambda view: view, brighter], **options):
        for views, key in ((batch["labeled"], "label"), (batch["unlabeled"], "pseudo_label")):
            assert set(views[0]) == set(views[1]) == {"image", key}
            assert torch.equal(views[1]["image"] - 1024, views[0]["image"])
            for view in views:
                assert torch.equal(view[key], code(views[0]["image"]))
                assert view["image"].shape[2:] == (6,) * len(spatial)
            moved += int((views[0]["image"] == 0).any())
    assert moved  # what the affine transform took in from outside


@pytest.mark.parametrize("spatial", SHAPES)
def test_every_image_has_a_crop_of_its_own(spatial):
    loader = patches(spatial, shared=None)
    drawn = []
    for epoch in range(2):
        loader.set_epoch(epoch)
        for batch in loader:
            for views in batch.values():
                assert torch.equal(places(views[0]["image"]), places(views[1]["image"]))
                drawn += places(views[0]["image"]).tolist()
    assert len({tuple(place) for place in drawn}) > len(drawn) / 3
    for places_of_axis, size in zip(zip(*drawn, strict=True), spatial, strict=True):
        assert set(places_of_axis) == set(range(1, size - 6 + 2))


def test_the_same_image_twice_in_a_batch_has_two_crops():
    pool = coordinates(1, (30, 30), "label")
    (batch,) = TwoStreamLoader(
        pool,
        pool,
        4,
        4,
        TWO,
        crops={name: RandSpatialCropd("image", 4, random_size=False) for name in TWO}
        | {"labeled": RandForegroundCropd(["image", "label"], "label", 4)},
    )
    starts = [tuple(place) for views in batch.values() for place in places(views[0]["image"]).tolist()]
    assert len(set(starts)) == 8


def test_epochs_seeds_and_ranks_differ(monkeypatch):
    loader, other = patches(), patches(seed=1)
    first = flat(loader)
    assert torch.equal(first, flat(loader))
    assert not torch.equal(first, flat(other))
    loader.set_epoch(1)
    assert not torch.equal(first, flat(loader))
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    starts = []
    for rank in range(2):
        monkeypatch.setattr(torch.distributed, "get_rank", lambda rank=rank: rank)
        starts.append([places(b["unlabeled"][0]["image"]).tolist() for b in patches(shared=None)])
    assert starts[0] != starts[1]


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_resumed_run_cuts_the_same_patches(num_workers):
    through, straight = patches(), []
    for epoch in range(3):
        through.set_epoch(epoch)
        straight.append(flat(through))
    resumed = patches(num_workers=num_workers)
    for epoch in (1, 2):
        resumed.set_epoch(epoch)
        assert torch.equal(flat(resumed), straight[epoch])


def test_crops_do_not_change_how_views_are_drawn():
    """A crop of the whole image and a shared transform that does nothing leave all as it is without them."""
    pools = coordinates(5, (8, 8), "label"), coordinates(7, (8, 8))
    view = Compose([BatchRandFlipd("image"), BatchRandGaussianNoised("image", value_range=None)])
    whole = RandSpatialCropd("image", 8, random_size=False)
    plain = TwoStreamLoader(*pools, 2, 3, TWO, view)
    cropped = TwoStreamLoader(*pools, 2, 3, TWO, view, crops={"labeled": whole, "unlabeled": whole}, shared=dict)
    assert torch.equal(flat(plain), flat(cropped))


def test_the_labeled_patches_are_those_of_a_supervised_run():
    pools = coordinates(5, (12, 12), "label"), coordinates(7, (12, 12), "pseudo_label")
    options = {"crops": crops(), "shared": shared(), "pseudo_labels": True}
    both, alone = (
        [b["labeled"][0]["image"] for b in TwoStreamLoader(*pools, 2, 3, {"labeled": 1, "unlabeled": count}, **options)]
        for count in (2, 0)
    )
    assert all(torch.equal(a, b) for a, b in zip(both, alone, strict=True))


@pytest.mark.parametrize(
    "crop",
    [
        RandCropByPosNegLabeld(["image", "label"], "label", (4, 4), num_samples=3),
        RandForegroundCropd(["image", "label"], "label", 4, num_samples=3),
        Compose([RandCropByPosNegLabeld(["image", "label"], "label", (4, 4), num_samples=3), RandFlipd("image", 0)]),
    ],
)
def test_several_patches_an_image(crop):
    pools = coordinates(6, (16, 16), "label"), coordinates(6, (16, 16))
    for batch in TwoStreamLoader(*pools, 2, 2, TWO, crops={"labeled": crop}):
        numbers = batch["labeled"][0]["image"][:, -1, 0, 0].tolist()
        assert numbers == [numbers[0]] * 3 + [numbers[3]] * 3
        assert numbers[0] != numbers[3]
        assert batch["labeled"][0]["label"].shape == (6, 1, 4, 4)
        assert len({tuple(place) for place in places(batch["labeled"][0]["image"]).tolist()}) > 1
        assert batch["unlabeled"][0]["image"].shape == (2, 3, 16, 16)


def test_volumes_of_different_shapes():
    unlike = [coordinates(1, spatial, first=number)[0] for number, spatial in enumerate([(9, 8), (7, 12), (6, 6)], 1)]
    crop = RandSpatialCropd("image", 6, random_size=False)
    (batch,) = TwoStreamLoader(coordinates(3, (6, 6), "label"), unlike, 3, 3, TWO, crops={"unlabeled": crop})
    places(batch["unlabeled"][0]["image"])
    assert sorted(batch["unlabeled"][0]["image"][:, -1, 0, 0].tolist()) == [1, 2, 3]


def test_the_batch_has_its_own_memory_and_no_metadata():
    """The pool is not changed, whatever is done to a batch, and a patch does not hold the image that it is of."""
    pools = coordinates(4, (16, 16), "label"), coordinates(4, (16, 16))
    for pool in pools:
        for item in pool:
            item["image"] = MetaTensor(item["image"], affine=torch.eye(4))
    before = [item["image"].clone() for pool in pools for item in pool]
    crop = Compose([RandSpatialCropd("image", 4, random_size=False), RandScaleIntensityd("image", 0.5, prob=1.0)])
    whole = CenterSpatialCropd("image", (16, 16))
    for batch in TwoStreamLoader(*pools, 2, 2, TWO, crops={"labeled": whole, "unlabeled": crop}):
        for views in batch.values():
            assert type(views[0]["image"]) is torch.Tensor
            assert views[0]["image"].untyped_storage().nbytes() == views[0]["image"].nbytes
            views[0]["image"].zero_()
    assert all(torch.equal(a, item["image"]) for a, item in zip(before, pools[0] + pools[1], strict=True))


def test_an_image_is_free_once_its_patch_is_cut():
    """Of images that are not cached not more than one is in memory."""

    class Read:
        def __len__(self):
            return 6

        def __getitem__(self, index):
            return {"image": np.zeros((1, 512, 512), dtype=np.float32)}

    crop = RandSpatialCropd("image", (8, 512), random_size=False)  # contiguous, so that nothing else would copy it
    loader = TwoStreamLoader(coordinates(6, (4, 4), "label"), Read(), 6, 6, TWO, crops={"unlabeled": crop})
    list(loader)
    tracemalloc.start()  # it sees NumPy's memory, not torch's
    try:
        list(loader)
        assert 1 <= tracemalloc.get_traced_memory()[1] / 2**20 < 2
    finally:
        tracemalloc.stop()


def test_shared_is_drawn_once_for_all_views_and_for_each_stream():
    seen = []

    class Noted(BatchRandFlipd):
        def __call__(self, data):
            seen.append((set(data), self.R.random_sample()))
            return super().__call__(data)

    pools = coordinates(2, (4, 4), "label"), coordinates(2, (4, 4))
    list(TwoStreamLoader(*pools, 2, 2, {"labeled": 2, "unlabeled": 3}, shared=Noted("image")))
    assert [keys for keys, _ in seen] == [{"image", "label"}, {"image"}]
    assert seen[0][1] != seen[1][1]


def test_pseudo_labels_are_read_only_when_asked_for():
    pools = coordinates(4, (4, 4), "label"), coordinates(4, (4, 4), "pseudo_label", "label")
    without = next(iter(TwoStreamLoader(*pools, 2, 2, TWO)))
    assert set(without["unlabeled"][0]) == {"image"}
    given = next(iter(TwoStreamLoader(*pools, 2, 2, TWO, pseudo_labels=True)))
    assert set(given["unlabeled"][1]) == {"image", "pseudo_label"}
    assert set(given["labeled"][0]) == {"image", "label"}
    with pytest.raises(InputError, match="unlabeled images has no 'pseudo_label'"):
        next(iter(TwoStreamLoader(pools[0], coordinates(4, (4, 4)), 2, 2, TWO, pseudo_labels=True)))


@pytest.mark.parametrize(
    "crop",
    [
        RandCropByPosNegLabeld("image", "label", (4, 4)),
        Compose([RandCropByPosNegLabeld("image", "label", (4, 4))]),
        RandSpatialCropd(["image", "label"], 4, random_size=False),
        Compose([RandSpatialCropd(["image", "label"], 4, random_size=False)]),
        RandForegroundCropd(["image", "label"], "label", 4),
        lambda data: {"image": data["label"]},
    ],
)
def test_unlabeled_images_cannot_be_cropped_by_a_label(crop):
    pool = coordinates(4, (8, 8), "label")
    loader = TwoStreamLoader(pool, pool, 2, 2, TWO, crops={"unlabeled": crop})
    with pytest.raises(
        InputError, match=r"crop of the unlabeled images.*given image alone: unlabeled images have no label"
    ):
        next(iter(loader))


def test_without_a_label_patches_are_anywhere():
    pool = coordinates(4, (8, 8), "label")
    crop = RandForegroundCropd(["image", "label"], "label", 4, allow_missing_keys=True)
    batch = next(iter(TwoStreamLoader(pool, pool, 2, 2, TWO, crops={"labeled": crop, "unlabeled": crop})))
    assert set(batch["unlabeled"][0]) == {"image"}
    places(batch["unlabeled"][0]["image"])


def test_an_unknown_key_of_the_labeled_crop_is_named():
    crop = RandSpatialCropd(["image", "mask"], 4, random_size=False)
    loader = TwoStreamLoader(
        coordinates(3, (8, 8), "label"), coordinates(3, (8, 8)), 2, 2, TWO, crops={"labeled": crop}
    )
    with pytest.raises(InputError, match=r"crop of the labeled images.*`mask`.*given image and label\. Choose"):
        next(iter(loader))


@pytest.mark.parametrize("wrap", [lambda crop: crop, lambda crop: Compose([crop])])
def test_an_image_smaller_than_its_patch_is_named(wrap):
    pool = coordinates(1, (8, 8), "label")
    crop = wrap(RandForegroundCropd(["image", "label"], "label", (9, 8)))
    with pytest.raises(InputError, match=r"^Item 0 of the labeled images: .*8 x 8.*9 x 8.*SpatialPadd"):
        next(iter(TwoStreamLoader(pool, pool, 1, 1, TWO, crops={"labeled": crop})))


def test_other_errors_of_a_crop_stay_what_they_are():
    pool = coordinates(2, (8, 8), "label")
    crop = RandCropByPosNegLabeld(["image", "label"], "label", (9, 9))
    with pytest.raises(ValueError, match="larger than the image size"):
        next(iter(TwoStreamLoader(pool, pool, 2, 2, TWO, crops={"labeled": crop})))


def test_patches_of_different_shapes_say_what_to_do():
    pool = [coordinates(1, (size, 8), "label")[0] for size in (4, 8)]
    crop = RandSpatialCropd(["image", "label"], 6, random_size=False)
    with pytest.raises(InputError, match=r"\(3, [46], 6\) and \(3, [46], 6\).*`crops`.*`SpatialPadd`"):
        next(iter(TwoStreamLoader(pool, pool, 2, 2, TWO, crops={"labeled": crop})))


@pytest.mark.parametrize("counts", [(1, 2), (0, 0)])
def test_unequal_numbers_of_patches(counts):
    numbers = iter(counts)
    crop = lambda data: [data] * next(numbers)  # noqa: E731
    pool = coordinates(2, (8, 8), "label")
    with pytest.raises(ValueError, match="equally many patches of all labeled images"):
        next(iter(TwoStreamLoader(pool, pool, 2, 2, TWO, crops={"labeled": crop})))


def test_crops_of_an_unknown_stream():
    pool = coordinates(2, (8, 8), "label")
    with pytest.raises(ValueError, match=r"`crops`.*unlabelled"):
        TwoStreamLoader(pool, pool, 2, 2, TWO, crops={"unlabelled": RandSpatialCropSamplesd("image", 4, 2)})
