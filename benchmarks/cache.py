"""Time to load a preprocessed image: from its DICOM file, from the cache on disk, from the cache in memory.

Run with ``python -m benchmarks.cache``. It writes synthetic 512 x 512 slices to a temporary folder and asks an
``ImageDataset`` with the bundles' preprocessing for each of them, in each way in turn, several times over. The cache on
disk is filled before, once, so that what is timed is the second epoch; the files, the slices' too, are in the operating
system's memory then.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.transforms import Compose, CopyItemsd, EnsureTyped, Resized

from benchmarks.dicom_slices import write_slice
from benchmarks.timing import add_arguments, alternate, conditions
from monai_ssl.data import ImageDataset
from monai_ssl.transforms import LoadRadiologyImaged


def preprocessing(size: int) -> Compose:
    """As the bundles have it."""
    return Compose(
        [
            CopyItemsd("image", names="source"),
            LoadRadiologyImaged("image"),
            Resized("image", (size, size), mode="area"),
            EnsureTyped(
                ["image", "label"], dtype=torch.float32, track_meta=False, wrap_sequence=True, allow_missing_keys=True
            ),
        ]
    )


def load_all(images: ImageDataset) -> None:
    for index in range(len(images)):
        images[index]


def measure(entries: list[dict[str, Any]], folder: Path, size: int, repeats: int) -> None:
    make = partial(ImageDataset, entries, preprocessing(size), progress=False)
    ways = {
        "decoding": make(cache_rate=0.0),
        "cache on disk": make(cache_dir=folder / f"cache_{size}"),
        "cache in memory": make(),
    }
    start = time.perf_counter()
    load_all(ways["cache on disk"])
    filling = time.perf_counter() - start
    medians = alternate({name: partial(load_all, images) for name, images in ways.items()}, repeats)
    stored = sum(path.stat().st_size for path in (folder / f"cache_{size}").rglob("*") if path.is_file())
    print(f"image_size {size}: {stored / len(entries) / 1024:.0f} KiB an image on disk")
    for name, seconds in {"first epoch, which fills it": filling, **medians}.items():
        rate, ratio = len(entries) / seconds, medians["decoding"] / seconds
        print(f"  {name:28s} {rate:10.0f} images a second   x {ratio:.1f}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Time to load a preprocessed CT slice.")
    parser.add_argument("--files", type=int, default=200, help="number of slices (%(default)s)")
    parser.add_argument("--image_sizes", type=int, nargs="+", default=[64, 224], help="in pixels (64 224)")
    add_arguments(parser, repeats=9)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        entries: list[dict[str, Any]] = []
        for index in range(options.files):
            write_slice(folder / f"{index}.dcm", generator)
            label = generator.integers(0, 2, 5).tolist()
            entries.append({"image": str(folder / f"{index}.dcm"), "patient": f"p{index}", "label": label})
        print(f"{options.files} slices of 512 x 512, median of {options.repeats}")
        print(conditions())
        for size in options.image_sizes:
            measure(entries, folder, size, options.repeats)


if __name__ == "__main__":
    main()
