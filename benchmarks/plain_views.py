"""Views as they are made without this project: image by image, in plain PyTorch, with the definitions of torchvision.

torchvision itself has no build for every torch. These are the steps of its ``RandomResizedCrop``,
``RandomHorizontalFlip``, ``ColorJitter``, ``RandomGrayscale`` and ``Normalize`` for one image ``(3, H, W)``, each
drawing its own random numbers.
"""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["color_jitter", "crop", "flip", "gray", "normalize"]

RANDOM = np.random.default_rng(0)


def crop(image: Tensor, scale: tuple[float, float], ratio: tuple[float, float]) -> Tensor:
    """Cut out a random part and enlarge it."""
    height, width = image.shape[1:]
    rows, columns, top, left = height, width, 0, 0
    for _ in range(10):
        area = height * width * RANDOM.uniform(*scale)
        aspect = math.exp(RANDOM.uniform(math.log(ratio[0]), math.log(ratio[1])))
        drawn = round(math.sqrt(area / aspect)), round(math.sqrt(area * aspect))
        if 0 < drawn[0] <= height and 0 < drawn[1] <= width:
            rows, columns = drawn
            top, left = int(RANDOM.integers(height - rows + 1)), int(RANDOM.integers(width - columns + 1))
            break
    part = image[None, :, top : top + rows, left : left + columns]
    return F.interpolate(part, size=(height, width), mode="bilinear", align_corners=False)[0]


def flip(image: Tensor) -> Tensor:
    """Flip every other image."""
    return image.flip(-1) if RANDOM.random() < 0.5 else image


def luma(image: Tensor) -> Tensor:
    """The grey image ``(1, H, W)``."""
    red, green, blue = image.unbind(0)
    return (0.2989 * red + 0.587 * green + 0.114 * blue)[None]


def blend(image: Tensor, other: Tensor | float, factor: float) -> Tensor:
    """``factor`` of the image, the rest of another."""
    return (factor * image + (1 - factor) * other).clamp(0, 1)


def turn_hue(image: Tensor, shift: float) -> Tensor:
    """To HSV and back, case by case."""
    red, green, blue = image.unbind(0)
    high, low = image.max(0).values, image.min(0).values
    grey, chroma = high == low, high - low
    saturation = chroma / torch.where(grey, 1.0, high)
    divisor = torch.where(grey, 1.0, chroma)
    r, g, b = (high - red) / divisor, (high - green) / divisor, (high - blue) / divisor
    in_red = (high == red) * (b - g)
    in_green = ((high == green) & (high != red)) * (2 + r - b)
    in_blue = ((high != green) & (high != red)) * (4 + g - r)
    hue = (torch.fmod((in_red + in_green + in_blue) / 6 + 1, 1) + shift) % 1
    sector = torch.floor(6 * hue)
    rest = 6 * hue - sector
    p = (high * (1 - saturation)).clamp(0, 1)
    q = (high * (1 - saturation * rest)).clamp(0, 1)
    t = (high * (1 - saturation * (1 - rest))).clamp(0, 1)
    mask = (sector.to(torch.int32) % 6)[None] == torch.arange(6)[:, None, None]
    cases = torch.stack(
        [
            torch.stack([high, q, p, p, t, high]),
            torch.stack([t, high, high, q, p, p]),
            torch.stack([p, p, t, high, high, q]),
        ]
    )
    return torch.einsum("ijk,xijk->xjk", mask.to(image.dtype), cases)


def color_jitter(
    image: Tensor, prob: float, brightness: float, contrast: float, saturation: float, hue: float
) -> Tensor:
    """Change brightness, contrast, saturation and hue in random order."""
    if RANDOM.random() >= prob:
        return image
    factors = [RANDOM.uniform(max(0.0, 1 - value), 1 + value) for value in (brightness, contrast, saturation)]
    steps: list[Callable[[Tensor], Tensor]] = [
        partial(blend, other=0.0, factor=factors[0]),
        lambda x: blend(x, luma(x).mean(), factors[1]),
        lambda x: blend(x, luma(x), factors[2]),
        partial(turn_hue, shift=RANDOM.uniform(-hue, hue)),
    ]
    for place in RANDOM.permutation(len(steps)):
        image = steps[place](image)
    return image


def gray(image: Tensor, prob: float) -> Tensor:
    """Make some images grey."""
    return luma(image).expand(3, -1, -1) if RANDOM.random() < prob else image


def normalize(image: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """Normalize each channel."""
    return (image - image.new_tensor(mean)[:, None, None]) / image.new_tensor(std)[:, None, None]
