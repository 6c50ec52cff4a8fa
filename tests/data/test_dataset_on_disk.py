"""``ImageDataset`` with a cache on disk gives what it gives without one, and reads each image once."""

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from monai.transforms import Compose, CopyItemsd, EnsureTyped, Lambdad, RandFlipd, Resized
from PIL import Image
from torch.utils.data import DataLoader

from monai_ssl.data import ImageDataset, TwoStreamLoader
from monai_ssl.errors import InputError
from monai_ssl.readers import read_image
from monai_ssl.transforms import BatchRandFlipd, LoadMaskd, LoadRadiologyImaged, MissingMaskd, load


@pytest.fixture
def entries(tmp_path: Path) -> list[dict[str, Any]]:
    """Pictures of noise."""
    generator = np.random.default_rng(0)
    paths = [tmp_path / "images" / f"PATIENT-{index}.png" for index in range(6)]
    paths[0].parent.mkdir()
    for path in paths:
        Image.fromarray(generator.integers(0, 256, (9, 8), dtype=np.uint8)).save(path)
    return [{"image": str(path), "patient": f"p{index}", "label": [index % 2, 1]} for index, path in enumerate(paths)]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the images that were read in this process, in their order."""
    names: list[str] = []

    def read(path, *arguments):
        names.append(Path(path).name)
        return read_image(path, *arguments)

    monkeypatch.setattr(load, "read_image", read)
    return names


def preprocessing(size: int = 4, *more: Any) -> Compose:
    """As in the bundles."""
    return Compose(
        [
            CopyItemsd("image", names="source"),
            LoadRadiologyImaged("image"),
            *more,
            Resized("image", (size, size), mode="area"),
            EnsureTyped(
                ["image", "label"], dtype=torch.float32, track_meta=False, wrap_sequence=True, allow_missing_keys=True
            ),
        ]
    )


def on_disk(entries: list[dict[str, Any]], tmp_path: Path, transform: Compose | None = None) -> ImageDataset:
    return ImageDataset(entries, transform or preprocessing(), progress=False, cache_dir=tmp_path / "cache")


def stored(tmp_path: Path) -> list[Path]:
    return sorted(path for path in (tmp_path / "cache").rglob("*") if path.is_file())


def assert_equal_items(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert given.keys() == expected.keys()
    for key, value in expected.items():
        assert type(given[key]) is type(value)
        if isinstance(value, torch.Tensor):
            assert given[key].dtype == value.dtype
            assert torch.equal(given[key], value)
        else:
            assert given[key] == value


def test_items_are_as_without(entries, tmp_path, reads):
    expected = ImageDataset(entries, preprocessing(), progress=False)
    del reads[:]
    images = on_disk(entries, tmp_path)
    for _ in range(2):
        for index in range(6):
            assert_equal_items(images[index], expected[index])
    assert_equal_items(images[-1], expected[5])
    assert reads == [f"PATIENT-{index}.png" for index in range(6)]
    assert_equal_items(on_disk(entries, tmp_path)[3], expected[3])
    assert len(reads) == 6


def test_nothing_is_kept_in_memory(entries, tmp_path):
    images = on_disk(entries, tmp_path)
    size = len(pickle.dumps(images))
    held = [images[index] for index in range(6)]
    assert images.cache_num == 0
    assert held[0]["image"] is not images[0]["image"]
    # Three different labels' worth of bytes, and no image.
    assert len(pickle.dumps(images)) - size < 2000


def test_moved_images_are_not_read_again(entries, tmp_path, reads):
    """With a larger budget, images become labeled; their labels are those of the data list."""
    unlabeled = [{key: entry[key] for key in ("image", "patient")} for entry in entries]
    list(on_disk(unlabeled, tmp_path))
    assert len(reads) == 6
    images = on_disk(entries, tmp_path)
    assert [images[index]["label"].tolist() for index in range(6)] == [[0.0, 1.0], [1.0, 1.0]] * 3
    corrected = on_disk([entry | {"label": [1, 0], "patient": "other"} for entry in entries], tmp_path)
    assert corrected[2]["label"].tolist() == [1.0, 0.0]
    assert corrected[2]["patient"] == "other"
    assert len(reads) == 6


def test_other_preprocessings_never_meet(entries, tmp_path, reads):
    small, large = on_disk(entries, tmp_path), on_disk(entries, tmp_path, preprocessing(6))
    for _ in range(2):
        assert small[0]["image"].shape == (1, 4, 4)
        assert large[0]["image"].shape == (1, 6, 6)
    brighter = on_disk(entries, tmp_path, preprocessing(4, Lambdad("image", lambda image: image + 1)))
    torch.testing.assert_close(brighter[0]["image"], small[0]["image"] + 1)
    assert len(reads) == 3
    assert len(stored(tmp_path)) == 3


def test_a_changed_image_is_read_again(entries, tmp_path, reads):
    images = on_disk(entries, tmp_path)
    before = images[0]["image"]
    Image.fromarray(np.full((9, 8), 255, dtype=np.uint8)).save(entries[0]["image"])
    assert (images[0]["image"] == 1).all()
    assert not torch.equal(images[0]["image"], before)
    assert len(reads) == 2


def test_a_damaged_file_is_made_again(entries, tmp_path, reads):
    images = on_disk(entries, tmp_path)
    before = images[0]["image"]
    (file,) = stored(tmp_path)
    for damaged in (b"", file.read_bytes()[:-3], bytes(200)):
        file.write_bytes(damaged)
        assert torch.equal(images[0]["image"], before)
        assert torch.equal(images[0]["image"], before)
    assert len(reads) == 4
    assert stored(tmp_path) == [file]


def test_what_is_handed_out_may_be_changed(entries, tmp_path):
    images = on_disk(entries, tmp_path)
    for _ in range(2):
        images[0]["image"].fill_(7)
    assert images[0]["image"].max() <= 1


def test_values_that_are_no_numbers_are_not_kept(entries, tmp_path):
    spoil = Lambdad("image", lambda image: image * float("nan"))
    images = on_disk(entries, tmp_path, preprocessing(4, spoil))
    for _ in range(2):
        with pytest.raises(InputError, match=r"NaN or infinite.*take the image out") as caught:
            images[2]
        assert str(caught.value).startswith(entries[2]["image"])
    assert stored(tmp_path) == []


def test_an_image_that_is_gone_or_broken_is_named(entries, tmp_path):
    images = on_disk(entries, tmp_path)
    assert images[1]["image"].shape == (1, 4, 4)
    Path(entries[1]["image"]).unlink()
    Path(entries[2]["image"]).write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    for index in (1, 2):
        with pytest.raises(InputError) as caught:
            images[index]
        assert str(caught.value).startswith(entries[index]["image"])


def test_images_that_are_not_files(tmp_path):
    images = ImageDataset(
        [{"image": np.zeros((1, 2, 2), dtype=np.float32)}, {"image": np.full((1, 2, 2), np.nan, dtype=np.float32)}],
        Compose([Resized("image", (4, 4))]),
        cache_dir=tmp_path / "cache",
    )
    assert images[0]["image"].shape == (1, 4, 4)
    with pytest.raises(InputError, match=r"^image 1: after the preprocessing"):
        images[1]
    assert stored(tmp_path) == []


def test_random_transforms_are_refused(entries, tmp_path):
    with pytest.raises(InputError, match="RandFlipd is random"):
        on_disk(entries, tmp_path, preprocessing(4, RandFlipd("image")))


def test_the_folder_tells_nothing_of_its_sources(entries, tmp_path):
    list(on_disk(entries, tmp_path))
    files = stored(tmp_path)
    assert len(files) == 6
    for path in files:
        assert "PATIENT" not in str(path.relative_to(tmp_path))
        assert b"PATIENT" not in path.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"images", "cache", "cache.salt"}


def test_worker_processes_fill_and_read(entries, tmp_path, reads):
    """Two loaders of two workers each fill one folder at once; this process then reads no image."""
    expected = ImageDataset(entries, preprocessing(), progress=False)
    del reads[:]
    loaders = [DataLoader(on_disk(entries, tmp_path), batch_size=None, num_workers=2) for _ in range(2)]
    for items in zip(range(6), *loaders, strict=True):
        for item in items[1:]:
            assert torch.equal(item["image"], expected[items[0]]["image"])
    images = pickle.loads(pickle.dumps(on_disk(entries, tmp_path)))  # as for workers that are started anew
    for index in range(6):
        assert_equal_items(images[index], expected[index])
    assert reads == []
    assert len(stored(tmp_path)) == 6


def test_batches_are_the_same_bit_for_bit(entries, tmp_path):
    batches = []
    for kept in ({}, {"cache_dir": tmp_path / "cache"}, {"cache_dir": tmp_path / "cache"}):
        images = ImageDataset(entries, preprocessing(), progress=False, **kept)
        views = {"labeled": 1, "unlabeled": 2}
        batches.append(list(TwoStreamLoader(images, images, 2, 3, views, BatchRandFlipd("image"), seed=3)))
    for batch, *others in zip(*batches, strict=True):
        for other in others:
            for stream in ("labeled", "unlabeled"):
                for view, other_view in zip(batch[stream], other[stream], strict=True):
                    assert view.keys() == other_view.keys()
                    assert all(torch.equal(view[key], other_view[key]) for key in view)


def test_masks_are_kept_with_their_images(tmp_path, reads):
    for name, value in (("image", 51), ("mask", 255)):
        Image.fromarray(np.full((4, 4), value, dtype=np.uint8)).save(tmp_path / f"{name}.png")
    transform = Compose([LoadRadiologyImaged(["image", "label"], allow_missing_keys=True)])
    labeled = [{"image": str(tmp_path / "image.png"), "label": str(tmp_path / "mask.png"), "patient": "p"}]
    unlabeled = [{key: labeled[0][key] for key in ("image", "patient")}]
    for _ in range(2):
        item = on_disk(labeled, tmp_path, transform)[0]
        assert (item["image"].unique().tolist(), item["label"].unique().tolist()) == ([pytest.approx(0.2)], [1.0])
        assert on_disk(unlabeled, tmp_path, transform)[0].keys() == {"image", "patient"}
    assert sorted(reads) == ["image.png", "image.png", "mask.png"]


def test_images_with_and_without_a_mask(entries, tmp_path, reads):
    """A stand-in for a missing mask is not kept, and does not keep the image from being kept."""
    mask = tmp_path / "mask.png"
    Image.fromarray(np.full((9, 8), 255, dtype=np.uint8)).save(mask)
    entries[1]["mask"] = str(mask)
    parts = [LoadRadiologyImaged("image", track_meta=True), LoadMaskd("mask", {"lung": [255]}, allow_missing_keys=True)]
    parts += [EnsureTyped(["image", "mask"], track_meta=False, allow_missing_keys=True), MissingMaskd("mask")]
    plain = ImageDataset(entries, Compose(parts), progress=False)
    for _ in range(2):
        kept = ImageDataset(entries, Compose(parts), cache_rate=0.0, cache_dir=tmp_path / "cache", progress=False)
        for index in range(2):
            for key in ("image", "mask"):
                assert torch.equal(kept[index][key], plain[index][key])
        assert [kept[index]["mask"].unique().tolist() for index in range(2)] == [[-1.0], [1.0]]
    # By the one without a cache, and once by the others.
    assert reads.count("PATIENT-0.png") == 2


def test_a_folder_that_cannot_be_written(entries, tmp_path):
    (tmp_path / "cache").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        on_disk(entries, tmp_path)


def test_real_images(real_images, tmp_path):
    folder = real_images / "rsna_ich"
    names = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(".dcm"))[:3]
    entries = [{"image": str(folder / name), "patient": "p", "label": [0]} for name in names]
    plain, cached = ImageDataset(entries, preprocessing(32), 0.0), on_disk(entries, tmp_path, preprocessing(32))
    for _ in range(2):
        for index in range(len(entries)):
            assert_equal_items(cached[index], plain[index])
