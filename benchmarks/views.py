"""Time to make a view of a batch: on the batch at once, image by image, in plain PyTorch, with MONAI's transforms.

Run with ``python -m benchmarks.views``. A view is a random resized crop, a flip, color jitter, grey images and
ImageNet's normalization, with the settings of SimCLR. Each step and the whole chain are timed in four ways in turn:
this project's transforms on the batch; the same on batches of one image; plain PyTorch image by image, as torchvision
does it; and MONAI's per-image transforms, for the steps that it has. ``--device cuda`` compares making views before and
after the copy to the device as well.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from monai.transforms import Compose, NormalizeIntensityd, RandFlipd, RandSpatialCropd, Resized
from torch import Tensor

from benchmarks import plain_views
from benchmarks.timing import add_arguments, alternate, conditions
from monai_ssl.transforms import (
    BatchNormalized,
    BatchRandColorJitterd,
    BatchRandFlipd,
    BatchRandGrayscaled,
    BatchRandResizedCropd,
    EachImage,
)

STEPS = ("crop", "flip", "jitter", "gray", "normalize", "all")
SCALE, RATIO = (0.2, 1.0), (3 / 4, 4 / 3)
JITTER_PROB, GRAY_PROB = 0.8, 0.2
JITTER: dict[str, Any] = {"brightness": 0.8, "contrast": 0.8, "saturation": 0.8, "hue": 0.2}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def batch_steps() -> dict[str, Any]:
    return {
        "crop": BatchRandResizedCropd("image", scale=SCALE, ratio=RATIO),
        "flip": BatchRandFlipd("image"),
        "jitter": BatchRandColorJitterd("image", prob=JITTER_PROB, **JITTER),
        "gray": BatchRandGrayscaled("image", prob=GRAY_PROB),
        "normalize": BatchNormalized("image", MEAN, STD),
    }


def plain_steps() -> dict[str, Callable[[Tensor], Tensor]]:
    return {
        "crop": partial(plain_views.crop, scale=SCALE, ratio=RATIO),
        "flip": plain_views.flip,
        "jitter": partial(plain_views.color_jitter, prob=JITTER_PROB, **JITTER),
        "gray": partial(plain_views.gray, prob=GRAY_PROB),
        "normalize": partial(plain_views.normalize, mean=MEAN, std=STD),
    }


def monai_steps(size: int) -> dict[str, Any]:
    """MONAI has no color jitter, no grey images, and no crop of a drawn area: sides of up to the whole come nearest."""
    smallest = round(size * SCALE[0] ** 0.5)
    crop = RandSpatialCropd("image", (smallest, smallest), max_roi_size=(size, size), random_size=True)
    return {
        "crop": Compose([crop, Resized("image", (size, size), mode="bilinear")]),
        "flip": RandFlipd("image", prob=0.5, spatial_axis=1),
        "normalize": NormalizeIntensityd("image", subtrahend=np.array(MEAN), divisor=np.array(STD), channel_wise=True),
    }


def one_by_one(step: Callable[[dict[str, Tensor]], Any], images: Tensor) -> Tensor:
    return torch.cat([step({"image": image[None]})["image"] for image in images])


def in_plain_torch(steps: Sequence[Callable[[Tensor], Tensor]], images: Tensor) -> Tensor:
    views = []
    for image in images:
        view = image
        for step in steps:
            view = step(view)
        views.append(view)
    return torch.stack(views)


def measure(images: Tensor, repeats: int) -> None:
    """Print a row a step and one of all."""
    size = images.shape[-1]
    ours, plain, theirs = batch_steps(), plain_steps(), monai_steps(size)
    print(f"\n{len(images)} x 3 x {size} x {size}: ms a batch, and times the batch's")
    print(f"{'':10s}{'batch':>8s}{'one by one':>20s}{'plain':>20s}{'MONAI':>20s}")
    for name in STEPS:
        chain = Compose(list(ours.values())) if name == "all" else ours[name]
        functions = list(plain.values()) if name == "all" else [plain[name]]
        ways: dict[str, Callable[[], object]] = {
            "batch": partial(chain, {"image": images}),
            "one by one": partial(one_by_one, chain, images),
            "plain": partial(in_plain_torch, functions, images),
        }
        if name in theirs:
            ways["MONAI"] = partial(EachImage(theirs[name]), {"image": images})
        medians = alternate(ways, repeats)
        first = medians.pop("batch")
        cells = "".join(f"{1000 * time:11.2f} x {time / first:6.2f}" for time in medians.values())
        print(f"{name:10s}{1000 * first:8.2f}{cells}")


def measure_device(images: Tensor, device: torch.device, repeats: int) -> None:
    """Print what a view takes until it lies on ``device``, made before and after the copy."""
    chain = Compose(list(batch_steps().values()))

    def finished(make: Callable[[], object]) -> None:
        make()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    medians = alternate(
        {
            "made, then copied": partial(finished, lambda: chain({"image": images})["image"].to(device)),
            "copied, then made": partial(finished, lambda: chain({"image": images.to(device)})),
        },
        repeats,
    )
    for name, time in medians.items():
        print(f"{name} to {device}: {1000 * time:8.2f} ms, x {time / medians['copied, then made']:.2f}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Time to make a view of a batch.")
    add_arguments(parser, repeats=15)
    parser.add_argument("--batch_sizes", type=int, nargs="+", default=[16, 20], help="images (16 20)")
    parser.add_argument("--image_sizes", type=int, nargs="+", default=[64, 224], help="pixels a side of each (64 224)")
    parser.add_argument("--device", default="cpu", help="compare with making views on this device (%(default)s)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    print(f"median of {options.repeats}")
    print(conditions())
    for batch_size, size in zip(options.batch_sizes, options.image_sizes, strict=True):
        images = torch.rand(batch_size, 3, size, size, generator=torch.Generator().manual_seed(0))
        measure(images, options.repeats)
        if device.type != "cpu":
            measure_device(images, device, options.repeats)


if __name__ == "__main__":
    main()
