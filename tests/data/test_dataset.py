from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from monai.transforms import Compose, Lambdad, Resized
from PIL import Image
from torch.utils.data import DataLoader

from monai_ssl.data import ImageDataset, TwoStreamLoader, list_images
from monai_ssl.errors import InputError, find_input_error
from monai_ssl.transforms import BatchRandFlipd, LoadRadiologyImaged


@pytest.fixture
def entries(tmp_path: Path) -> list[dict[str, Any]]:
    """Pictures of one grey value each: 0, 51, 102, 153."""
    for index in range(4):
        Image.fromarray(np.full((6, 8), 51 * index, dtype=np.uint8)).save(tmp_path / f"{index}.png")
    return [{"image": str(tmp_path / f"{index}.png"), "patient": "p", "label": [index % 2]} for index in range(4)]


def dataset(entries: list[dict[str, Any]], *transforms: Any, cache_rate: float = 1.0) -> ImageDataset:
    return ImageDataset(entries, Compose([LoadRadiologyImaged("image"), *transforms]), cache_rate, progress=False)


def setting(value: float, image: int) -> Lambdad:
    """Put a value into a corner of one image."""

    def change(tensor):
        if round(float(tensor.mean()) * 5) == image:
            tensor[..., -1, -1] = value
        return tensor

    return Lambdad("image", change)


@pytest.mark.parametrize("cache_rate", [0.0, 0.5, 1.0])
def test_items(entries, cache_rate):
    images = dataset(entries, cache_rate=cache_rate)
    assert len(images) == 4
    for index in range(4):
        torch.testing.assert_close(images[index]["image"], torch.full((1, 6, 8), 0.2 * index))
        assert images[index]["label"] == [index % 2]


@pytest.mark.parametrize(("cache_rate", "reads"), [(0.0, [2, 2, 2, 2]), (0.5, [1, 1, 2, 2]), (1.0, [1, 1, 1, 1])])
def test_each_cached_image_is_read_once(entries, cache_rate, reads):
    counts = [0] * 4

    def count(path):
        counts[int(Path(path).stem)] += 1
        return path

    # A `Lambdad` is deterministic for MONAI, so that it is part of what is cached.
    transform = Compose([Lambdad("image", count), LoadRadiologyImaged("image")])
    images = ImageDataset(entries, transform, cache_rate=cache_rate, progress=False)
    for _ in range(2):
        for index in range(4):
            images[index]
    assert counts == reads


def test_cached_items_are_handed_out_without_a_copy(entries):
    images = dataset(entries)
    assert images[1]["image"] is images[1]["image"]


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\nbroken"])
def test_a_damaged_file_is_named(entries, content):
    path = Path(entries[2]["image"])
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        dataset(entries)
    assert str(caught.value).startswith(str(path))
    images = dataset(entries, cache_rate=0)
    assert images[1]["image"].shape == (1, 6, 8)
    with pytest.raises(InputError) as caught:
        images[2]
    assert str(caught.value).startswith(str(path))


def test_the_error_of_a_worker_process(entries):
    Path(entries[2]["image"]).unlink()
    loader = DataLoader(dataset(entries, cache_rate=0), batch_size=None, num_workers=1)
    with pytest.raises(InputError, match=entries[2]["image"]):
        list(loader)


@pytest.mark.parametrize("cache_rate", [0.0, 1.0])
def test_other_errors_keep_their_cause(entries, cache_rate):
    def fail(image):
        raise KeyError("mine")

    with pytest.raises(RuntimeError) as caught:
        dataset(entries, Lambdad("image", fail), cache_rate=cache_rate)[0]
    causes, error = [], caught.value
    while error is not None:
        causes.append(type(error))
        error = error.__cause__
    assert KeyError in causes


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_no_numbers(entries, value):
    with pytest.raises(InputError, match=r"NaN or infinite.*take the image out") as caught:
        dataset(entries, setting(value, 2))
    assert str(caught.value).startswith(entries[2]["image"])
    images = dataset(entries, setting(value, 2), cache_rate=0)
    assert images[1]["image"].isfinite().all()
    with pytest.raises(InputError, match=r"NaN or infinite"):
        images[2]


def test_images_that_are_not_files():
    with pytest.raises(InputError, match=r"^image 1: after the preprocessing"):
        ImageDataset([{"image": np.zeros(3)}, {"image": np.full(3, np.nan)}], Compose([]), progress=False)


def test_find_input_error():
    inner = InputError("inner")
    try:
        try:
            raise inner
        except ValueError as error:
            raise RuntimeError from error
    except RuntimeError as error:
        outer = error
    assert find_input_error(outer) is inner
    assert find_input_error(inner) is inner
    assert find_input_error(RuntimeError("other")) is None


def test_real_images_of_different_shapes(real_images):
    folders = [real_images / "rsna_ich", real_images / "shenzhen" / "CXR_png"]
    entries = [{"image": str(folder / name), "label": [0]} for folder in folders for name in list_images(folder)[:3]]
    views = {"labeled": 1, "unlabeled": 2}
    resized = dataset(entries, Resized("image", (32, 32), mode="area"))
    batch = next(iter(TwoStreamLoader(resized, resized, 6, 6, views, BatchRandFlipd("image"))))
    for stream in batch.values():
        for view in stream:
            assert view["image"].shape == (6, 1, 32, 32)
            assert 0 <= view["image"].min() < view["image"].max() <= 1
    plain = dataset(entries)
    with pytest.raises(InputError, match="different shapes"):
        next(iter(TwoStreamLoader(plain, plain, 6, 6, views)))
