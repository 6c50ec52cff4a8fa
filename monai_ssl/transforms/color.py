"""Brightness, contrast, saturation and hue of color images, in place, an amount for each image.

Images are ``(B, C, *spatial)`` of floats in [0, 1]; three channels are red, green and blue, one is grey, which is
treated as three equal ones would be. Amounts are ``(B,)`` and of the images' type. The results are clipped to [0, 1].
The definitions are those of torchvision's ``ColorJitter``, except that its grey has a weight of 0.2989 for red.
"""

import torch
from torch import Tensor

__all__ = ["adjust_brightness_", "adjust_contrast_", "adjust_hue_", "adjust_saturation_", "luma"]

GREY_WEIGHTS = (0.299, 0.587, 0.114)
"""Of red, green and blue: ITU-R BT.601-7, section 2.5.1. They add up to 1, so that grey stays as it is."""


def luma(images: Tensor) -> Tensor:
    """Return the grey images ``(B, 1, *spatial)``: ``0.299 R + 0.587 G + 0.114 B``; grey ones as they are."""
    if images.shape[1] == 1:
        return images
    red, green, blue = images.split(1, dim=1)
    return (GREY_WEIGHTS[0] * red).add_(green, alpha=GREY_WEIGHTS[1]).add_(blue, alpha=GREY_WEIGHTS[2])


def adjust_brightness_(images: Tensor, factors: Tensor) -> Tensor:
    """Blend with black: ``clip(f x, 0, 1)``."""
    return images.mul_(_spread(factors, images)).clamp_(0.0, 1.0)


def adjust_contrast_(images: Tensor, factors: Tensor) -> Tensor:
    """Blend with each image's mean grey: ``clip(f x + (1 - f) mean(luma(x)), 0, 1)``."""
    # The mean of the luma is the luma of the means, which is of few numbers.
    mean = luma(images.flatten(2).mean(-1, keepdim=True)).flatten()
    shifts = _spread((1 - factors) * mean, images)
    return torch.addcmul(shifts, images, _spread(factors, images), out=images).clamp_(0.0, 1.0)


def adjust_saturation_(images: Tensor, factors: Tensor) -> Tensor:
    """Blend with the grey image: ``clip(f x + (1 - f) luma(x), 0, 1)``; grey images stay as they are."""
    if images.shape[1] == 1:
        return images
    return torch.lerp(luma(images), images, _spread(factors, images), out=images).clamp_(0.0, 1.0)


def adjust_hue_(images: Tensor, shifts: Tensor) -> Tensor:
    """Turn the hue of HSV by a part of the circle; value and saturation stay, and so do grey images.

    With ``m = min(R, G, B)``, ``c = max(R, G, B) - m`` and r = ``(R - m) / c``, g and b alike, one of the three is 1
    and one is 0. So in every sector the hue, in sixths of the circle, is ``h = sign(g - b) (1 + g + b - r)``; and back,
    with h in [0, 6), R = ``m + c clip(|h - 3| - 1, 0, 1)``, G = ``m + c clip(2 - |h - 2|, 0, 1)`` and
    B = ``m + c clip(2 - |h - 4|, 0, 1)``. These are the conversions of A. R. Smith, "Color gamut transform pairs",
    1978, without their case distinctions, which would be made pixel by pixel.

    Args:
        images: changed in place.
        shifts: in [-1, 1]; from red, 1/3 leads to green.
    """
    if images.shape[1] == 1:
        return images
    red, green, blue = images.unbind(1)
    low = torch.minimum(torch.minimum(red, green), blue)
    chroma = torch.maximum(torch.maximum(red, green), blue).sub_(low)
    # Where there is no chroma any hue will do, as long as it is a number.
    divisor = chroma.clamp(min=torch.finfo(images.dtype).tiny)
    hue = (green - red).add_(blue - low).div_(divisor).add_(1.0)
    hue = torch.copysign(hue, green - blue).add_(_spread(6 * shifts, hue))
    hue.sub_(torch.floor(hue / 6), alpha=6)
    torch.sub(hue, 3.0, out=red).abs_().sub_(1.0)
    for centre, channel in ((2.0, green), (4.0, blue)):
        torch.sub(hue, centre, out=channel).abs_().neg_().add_(2.0)
    return images.clamp_(0.0, 1.0).mul_(chroma.unsqueeze(1)).add_(low.unsqueeze(1))


def _spread(amounts: Tensor, images: Tensor) -> Tensor:
    return amounts.view(-1, *[1] * (images.ndim - 1))
