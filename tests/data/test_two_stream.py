import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import Compose, RandFlip, RandFlipd

from monai_ssl.data import TwoStreamLoader
from monai_ssl.transforms import (
    BatchRandAffined,
    BatchRandFlipd,
    BatchRandGaussianNoised,
    BatchRandScaleShiftd,
    EachImage,
)

TWO = {"labeled": 2, "unlabeled": 2}


def labeled(count: int) -> list[dict[str, Any]]:
    """Image ``i`` is full of ``i`` and has the label ``[i]``."""
    return [{"image": torch.full((1, 8, 8), float(i)), "label": torch.tensor([i])} for i in range(count)]


def unlabeled(count: int) -> list[dict[str, Any]]:
    """Image ``i`` is full of ``-1 - i``."""
    return [{"image": torch.full((1, 8, 8), -1.0 - i)} for i in range(count)]


def noise_images(count: int, with_label: bool) -> list[dict[str, Any]]:
    generator = torch.Generator().manual_seed(int(with_label))
    label = {"label": torch.tensor([1.0])} if with_label else {}
    return [{"image": torch.rand(1, 8, 8, generator=generator), **label} for _ in range(count)]


def augmentation() -> Compose:
    return Compose(
        [
            BatchRandFlipd("image"),
            BatchRandAffined("image", rotate=0.5, scale=0.1, translate=0.1),
            EachImage(RandFlipd("image", prob=0.5, spatial_axis=0)),
            BatchRandScaleShiftd("image", contrast=0.2, brightness=0.1),
            BatchRandGaussianNoised("image"),
        ]
    )


def augmented(num_workers: int = 0, seed: int = 0) -> TwoStreamLoader:
    pools = noise_images(7, True), noise_images(10, False)
    return TwoStreamLoader(*pools, 3, 3, TWO, augmentation(), seed=seed, num_workers=num_workers)


def flat(batches: list[Any]) -> torch.Tensor:
    return torch.stack([torch.cat([view["image"] for views in b.values() for view in views]) for b in batches])


def values(batches: list[Any], stream: str) -> list[float]:
    """The first pixel of every image."""
    return [pixel for b in batches for pixel in b[stream][0]["image"][:, 0, 0, 0].tolist()]


def test_form_of_a_batch():
    batch = next(iter(TwoStreamLoader(labeled(5), unlabeled(9), 2, 3, {"labeled": 1, "unlabeled": 2})))
    assert {name: len(views) for name, views in batch.items()} == {"labeled": 1, "unlabeled": 2}
    assert {key: tuple(value.shape) for key, value in batch["labeled"][0].items()} == {
        "image": (2, 1, 8, 8),
        "label": (2, 1),
    }
    assert {key: tuple(value.shape) for key, value in batch["unlabeled"][1].items()} == {"image": (3, 1, 8, 8)}


@pytest.mark.parametrize(
    ("counts", "batch_sizes", "expected"),
    [((5, 12), (4, 4), 3), ((5, 12), (2, 5), 3), ((12, 5), (5, 5), 3), ((1, 1), (9, 9), 1), ((4, 12), (1, 4), 4)],
)
def test_an_epoch_ends_with_the_longer_stream(counts, batch_sizes, expected):
    loader = TwoStreamLoader(labeled(counts[0]), unlabeled(counts[1]), *batch_sizes, TWO)
    assert len(loader) == len(list(loader)) == expected


def test_an_epoch_counts_joint_batches(monkeypatch):
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 1)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    assert len(TwoStreamLoader(labeled(3), unlabeled(17), 4, 4, TWO)) == 3  # 17 in joint batches of 8


def test_the_shorter_stream_goes_on_where_it_was():
    loader = TwoStreamLoader(labeled(5), unlabeled(12), 4, 4, TWO, seed=1)
    batches = []
    for epoch in range(5):
        loader.set_epoch(epoch)
        batches += list(loader)
    drawn = values(batches, "labeled")
    assert [sorted(drawn[start : start + 5]) for start in range(0, 60, 5)] == [[0, 1, 2, 3, 4]] * 12
    assert Counter(values(batches, "unlabeled")) == {-1.0 - i: 5 for i in range(12)}


def test_labeled_batches_hold_labeled_images_with_their_labels():
    for batch in TwoStreamLoader(labeled(5), unlabeled(12), 4, 4, TWO):
        for view in batch["labeled"]:
            assert torch.equal(view["image"][:, 0, 0, 0], view["label"][:, 0].float())
        assert all((view["image"] < 0).all() for view in batch["unlabeled"])


def test_a_smaller_pool_than_batch_and_images_of_three_dimensions(caplog):
    pool = [{"image": torch.full((2, 4, 3, 5), float(i)), "label": torch.tensor([i])} for i in range(2)]
    (batch,) = TwoStreamLoader(pool, pool, 5, 2, TWO)
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "There are only 2 labeled images for batches of 5"
    ]
    assert batch["labeled"][0]["image"].shape == (5, 2, 4, 3, 5)
    assert sorted(Counter(batch["labeled"][0]["image"][:, 1, 3, 2, 4].tolist()).values()) == [2, 3]


def test_the_same_epoch_twice_without_set_epoch_and_another_with():
    loader = augmented()
    first, again = flat(list(loader)), flat(list(loader))
    loader.set_epoch(1)
    assert torch.equal(first, again)
    assert not torch.equal(first, flat(list(loader)))


@pytest.mark.parametrize("num_workers", [0, 2])
def test_starting_at_an_epoch_continues_the_order(num_workers):
    through, straight = augmented(), []
    for epoch in range(3):
        through.set_epoch(epoch)
        straight.append(flat(list(through)))
    resumed = augmented(num_workers)
    for epoch in (1, 2):
        resumed.set_epoch(epoch)
        assert torch.equal(flat(list(resumed)), straight[epoch])


def test_seeds_differ():
    assert not torch.equal(flat(list(augmented(seed=0))), flat(list(augmented(seed=1))))


def test_global_random_states_are_left_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    list(augmented())
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1] == np.random.get_state()[1]).all()  # noqa: NPY002
    assert before[2] == random.getstate()


def test_views_show_the_same_images_differently():
    batch = next(iter(augmented()))
    for views in batch.values():
        assert not torch.equal(views[0]["image"], views[1]["image"])
    plain = TwoStreamLoader(noise_images(7, True), noise_images(10, False), 3, 3, TWO)
    for views in next(iter(plain)).values():
        assert torch.equal(views[0]["image"], views[1]["image"])


def test_one_transform_for_each_view():
    def weak(data):
        return data

    def strong(data):
        return {**data, "image": data["image"] + 100}

    loader = TwoStreamLoader(labeled(4), unlabeled(4), 2, 2, {"labeled": 1, "unlabeled": 2}, [weak, strong])
    batch = next(iter(loader))
    assert len(batch["labeled"]) == 1
    assert torch.equal(batch["unlabeled"][1]["image"], batch["unlabeled"][0]["image"] + 100)


def test_the_pools_are_not_changed():
    pools = noise_images(7, True), noise_images(10, False)
    copies = [[item["image"].clone() for item in pool] for pool in pools]
    list(TwoStreamLoader(*pools, 3, 3, TWO, augmentation()))
    for pool, copy in zip(pools, copies, strict=True):
        assert all(torch.equal(item["image"], image) for item, image in zip(pool, copy, strict=True))


class Poisoned(dict):
    """An item of which nothing but the image may be touched."""

    def __getitem__(self, key):
        assert key == "image", f"{key} was read"
        return super().__getitem__(key)

    def __iter__(self):
        raise AssertionError("all keys were listed")

    get = items = values = keys = copy = __iter__


def test_the_label_of_an_unlabeled_image_is_never_read():
    pool = [Poisoned(image=torch.zeros(1, 8, 8), label=torch.tensor([1.0]), patient="p") for _ in range(5)]
    for batch in TwoStreamLoader(labeled(5), pool, 2, 2, TWO, augmentation()):
        assert all(set(view) == {"image"} for view in batch["unlabeled"])


class Unreadable:
    def __len__(self):
        return 12

    def __getitem__(self, index):
        raise AssertionError("an image was read")


def test_a_stream_without_views_is_not_loaded_but_counts():
    loader = TwoStreamLoader(labeled(5), Unreadable(), 4, 4, {"labeled": 1, "unlabeled": 0})
    batches = list(loader)
    assert len(loader) == len(batches) == 3
    assert all(set(batch) == {"labeled"} for batch in batches)
    assert len(TwoStreamLoader(labeled(5), [], 4, 4, {"labeled": 1, "unlabeled": 0})) == 2


def test_methods_see_the_labeled_images_in_one_order():
    supervised = TwoStreamLoader(labeled(5), unlabeled(12), 4, 4, {"labeled": 1, "unlabeled": 0}, seed=2)
    other = TwoStreamLoader(labeled(5), unlabeled(12), 4, 4, TWO, seed=2)
    assert values(list(supervised), "labeled") == values(list(other), "labeled")


def test_arrays_and_meta_tensors_become_plain_tensors():
    arrays = [{"image": np.full((1, 8, 8), i, dtype=np.float32), "label": [i, 0]} for i in range(3)]
    metas = [{"image": MetaTensor(torch.zeros(1, 8, 8))} for _ in range(3)]
    batch = next(iter(TwoStreamLoader(arrays, metas, 3, 3, {"labeled": 1, "unlabeled": 1})))
    assert type(batch["labeled"][0]["image"]) is type(batch["unlabeled"][0]["image"]) is torch.Tensor
    assert batch["labeled"][0]["image"].dtype == torch.float32
    assert sorted(batch["labeled"][0]["label"].tolist()) == [[0, 0], [1, 0], [2, 0]]


def test_only_random_transforms_are_seeded():
    def transform(data):
        return data

    class Seeded(RandFlip):
        seeds: list = []  # noqa: RUF012

        def set_random_state(self, seed=None, state=None):
            self.seeds.append(state.random_sample())
            return self

        def __call__(self, data):
            return data

    list(TwoStreamLoader(labeled(3), unlabeled(3), 3, 3, {"labeled": 1, "unlabeled": 2}, [Seeded(), transform]))
    assert len(set(Seeded.seeds)) == 2  # the first view of each stream, with a seed of its own


def test_views_on_a_device_are_those_of_the_cpu():
    """The meta device has no values, but says where the transforms were run."""
    seen = []

    def note(view):
        seen.append({key: value.device.type for key, value in view.items()})
        return view

    given = {"labeled": labeled(5), "unlabeled": unlabeled(7), "batch_size": 2, "unlabeled_batch_size": 3}
    settings = given | {"num_views": {"labeled": 1, "unlabeled": 2}, "transforms": note}
    for device, expected in ((None, "cpu"), ("cpu", "cpu"), ("meta", "meta")):
        seen.clear()
        next(iter(TwoStreamLoader(**settings, device=device)))
        assert seen == [{"image": expected, "label": expected}, {"image": expected}, {"image": expected}]
    with pytest.raises(ValueError, match="num_workers"):
        TwoStreamLoader(**settings, device="cpu", num_workers=1)
