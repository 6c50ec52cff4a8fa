"""Flips and rotations that a network is to tell apart: labels that an image without any gives itself."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from monai_ssl.errors import InputError
from monai_ssl.transforms.chosen import on_chosen

__all__ = ["SurrogateTransforms"]

_TRANSFORMS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda images: images,
    "rotate_90": lambda images: images.rot90(1, (-2, -1)),
    "rotate_180": lambda images: images.rot90(2, (-2, -1)),
    "rotate_270": lambda images: images.rot90(3, (-2, -1)),
    "flip_horizontal": lambda images: images.flip(-1),
    "flip_vertical": lambda images: images.flip(-2),
}


class SurrogateTransforms:
    """Transform each image of a batch by one of k transforms, whose number is the image's surrogate class.

    Rotations are counterclockwise, as an image is displayed. They move pixels, and change none.

    Source: Partly Supervised Multitask Learning, section 3.1, "randomly flip (horizontal/vertical) or rotate (0, 90,
    180, etc.)".

    Args:
        names: of ``"identity"``, ``"rotate_90"``, ``"rotate_180"``, ``"rotate_270"``, ``"flip_horizontal"`` and
            ``"flip_vertical"``; all by default.

    Raises:
        InputError: for an unknown name, one that comes twice, or fewer than two, which leave nothing to tell apart.
    """

    def __init__(self, names: Sequence[str] = tuple(_TRANSFORMS)) -> None:
        unknown = [name for name in names if name not in _TRANSFORMS]
        if unknown or len(set(names)) != len(names) or len(names) < 2:
            raise InputError(
                f"Surrogate transforms are two or more of {', '.join(_TRANSFORMS)}, each once, got {list(names)}."
            )
        self.names = tuple(names)

    def __len__(self) -> int:
        return len(self.names)

    def draw(self, count: int) -> Tensor:
        """Draw a surrogate class for each of ``count`` images, by PyTorch's global random state, ``(count,)``."""
        return torch.randint(len(self.names), (count,))

    def __call__(self, images: Tensor, classes: Tensor) -> Tensor:
        """Transform images.

        Args:
            images: ``(B, C, H, W)``, left as they are.
            classes: ``(B,)``, numbers of :attr:`names`.

        Raises:
            InputError: when a quarter turn is among the transforms and the images are not square.
        """
        if images.shape[-2] != images.shape[-1] and {"rotate_90", "rotate_270"} & set(self.names):
            raise InputError(
                f"Images of {images.shape[-2]} x {images.shape[-1]} pixels cannot be turned by a quarter. Give square "
                "images (one `--image_size`), or surrogate transforms without rotate_90 and rotate_270."
            )
        for number, name in enumerate(self.names):
            images = _transformed(images, (classes == number).nonzero().squeeze(1), _TRANSFORMS[name])
        return images


def _transformed(images: Tensor, index: Tensor, transform: Callable[[Tensor], Tensor]) -> Tensor:
    return on_chosen(images, index, lambda chosen, _: transform(chosen))
