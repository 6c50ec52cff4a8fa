"""Time to load random 3D patches: a plain loop with MONAI's transforms, and this project's loader.

Run with ``python -m benchmarks.patches``. Volumes with a labeled box lie in memory. An epoch of patches around the
foreground and anywhere is loaded in turn by MONAI's ``DataLoader``, which collates dictionaries; by the two-stream
loader with the same crop; and by it with ``RandForegroundCropd``. The patches of the second stream, of unlabeled
volumes, are cut anywhere, by MONAI's crop in a loader of its own and by the two-stream loader along with the first.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from monai.data import DataLoader, Dataset, list_data_collate
from monai.transforms import RandCropByPosNegLabeld, RandSpatialCropd

from benchmarks.timing import add_arguments, alternate, conditions
from monai_ssl.data import TwoStreamLoader
from monai_ssl.transforms import RandForegroundCropd

KEYS = ("image", "label")
STREAMS: dict[str, dict[str, int]] = {
    "labeled alone": {"labeled": 1, "unlabeled": 0},
    "both streams": {"labeled": 1, "unlabeled": 1},
}


def make_volumes(count: int, spatial: Sequence[int]) -> list[dict[str, Any]]:
    """Noise, and a label that is 1 in the middle eighth."""
    generator = torch.Generator().manual_seed(0)
    label = torch.zeros(1, *spatial)
    label[(0, *(slice(size // 4, size // 4 + size // 2) for size in spatial))] = 1
    return [{"image": torch.rand(1, *spatial, generator=generator), "label": label.clone()} for _ in range(count)]


def plain_loader(volumes: list[dict[str, Any]], crop: Any, batch_size: int) -> Iterable[Any]:
    """MONAI's data set and loader, as its tutorials have them; ``list_data_collate`` joins the lists of patches."""
    return DataLoader(Dataset(volumes, crop), batch_size=batch_size, shuffle=True, collate_fn=list_data_collate)


def load(*loaders: Iterable[Any]) -> int:
    """Go through loaders side by side; return the number of batches of all of them."""
    return sum(len(batches) for batches in zip(*loaders, strict=True))


def ways_of(views: Mapping[str, int], volumes: list[dict[str, Any]], patch: int, batch_size: int) -> dict[str, Any]:
    """The loaders of each way, by name."""
    by_monai = RandCropByPosNegLabeld(KEYS, "label", (patch,) * 3, pos=1, neg=1)
    anywhere = RandSpatialCropd("image", (patch,) * 3, random_size=False)
    unlabeled = [{"image": volume["image"]} for volume in volumes]
    plain = [plain_loader(volumes, by_monai, batch_size)]
    if views["unlabeled"]:
        plain.append(plain_loader(unlabeled, anywhere, batch_size))
    make = partial(TwoStreamLoader, volumes, unlabeled, batch_size, batch_size, views)
    ours = RandForegroundCropd(KEYS, "label", patch, pos=0.5)
    return {
        "plain loop, MONAI's crop": plain,
        "two streams, MONAI's crop": [make(crops={"labeled": by_monai, "unlabeled": anywhere})],
        "two streams, our crop": [make(crops={"labeled": ours, "unlabeled": anywhere})],
    }


def measure(name: str, volumes: list[dict[str, Any]], patch: int, batch_size: int, repeats: int) -> None:
    """Print a row for each way."""
    ways = ways_of(STREAMS[name], volumes, patch, batch_size)
    medians = alternate({way: partial(load, *loaders) for way, loaders in ways.items()}, repeats)
    plain = medians["plain loop, MONAI's crop"]
    steps = -(-len(volumes) // batch_size)
    print(f"\n{name}")
    for way, seconds in medians.items():
        print(f"  {way:28s}{1000 * seconds / steps:9.2f} ms a step   x {seconds / plain:.2f}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Time to load random 3D patches.")
    add_arguments(parser, repeats=9)
    parser.add_argument("--volumes", type=int, default=16, help="labeled ones, and as many unlabeled (%(default)s)")
    parser.add_argument("--volume_size", type=int, nargs=3, default=[128, 128, 96], help="in voxels (128 128 96)")
    parser.add_argument("--patch_size", type=int, default=64, help="voxels a side (%(default)s)")
    parser.add_argument("--batch_size", type=int, default=4, help="patches of each stream a step (%(default)s)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    volumes = make_volumes(options.volumes, options.volume_size)
    print(
        f"{options.volumes} volumes of {' x '.join(map(str, options.volume_size))}, patches of {options.patch_size} a "
        f"side, {options.batch_size} a batch, median of {options.repeats}"
    )
    print(conditions())
    for name in STREAMS:
        measure(name, volumes, options.patch_size, options.batch_size, options.repeats)


if __name__ == "__main__":
    main()
