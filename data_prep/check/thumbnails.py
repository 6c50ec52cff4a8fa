"""Small pictures of images, with the outlines of their masks."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.readers import read_image
from monai_ssl.readers.file_kind import kind_of
from monai_ssl.readers.mask import read_mask
from monai_ssl.readers.nifti import nifti_affine

__all__ = ["SIDE", "Thumbnail", "View", "make_thumbnail"]

SIDE = 176
"""Pixels of a thumbnail's side."""

_OBLONG = 1.5  # a volume with slices thicker than this is seen in the plane of its slices


@dataclass(frozen=True, slots=True)
class View:
    """What is to be seen of an image.

    Args:
        images: its files, of which the first is shown.
        mask: the file of its mask.
        regions: the values of the mask in each region that gets an outline.
        focus: the region to look for in a volume: the slice with the most of it is shown, else the middle one.
    """

    images: tuple[Path, ...]
    mask: Path | None = None
    regions: tuple[tuple[int, ...], ...] = ()
    focus: int | None = None


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture.

    Args:
        pixels: (SIDE, SIDE, 3), uint8; white around the image.
        regions: (R, SIDE, SIDE), how much of a pixel is of each region, from 0 to 255.
        height: rows of pixels that the image takes, in the middle.
    """

    pixels: NDArray[np.uint8]
    regions: NDArray[np.uint8]
    height: int


def make_thumbnail(view: View) -> Thumbnail:
    """Read an image and its mask and make them small; of several channels the first is shown, of RGB all.

    Patients lie as radiologists see them: their right is to the left of the picture.

    Raises:
        InputError: when a file cannot be read.
    """
    nifti = kind_of(view.images[0]) == "nifti"
    image = _read(view.images[0])
    image = image if image.shape[0] == 3 and not nifti else image[:1]
    masks = []
    if view.mask is not None:
        mask = read_mask(view.mask)
        masks = [np.isin(mask, values) for values in view.regions]
    spacing = np.ones(image.ndim - 1)
    if image.ndim == 4:
        if nifti:
            spacing = np.linalg.norm(nifti_affine(view.images[0])[:3, :3], axis=0)
        axis = 2 if spacing.max() <= _OBLONG * spacing[2] else int(spacing.argmax())
        place = image.shape[1 + axis] // 2
        if masks and view.focus is not None:
            others = tuple(other for other in range(3) if other != axis)
            place = int(masks[view.focus].sum(axis=others).argmax())
        image = image.take(place, axis=1 + axis)
        masks = [region.take(place, axis=axis) for region in masks]
        spacing = np.delete(spacing, axis)
    layers = [*image, *masks]
    if nifti:  # axes go to the right, to the front and up, and the first one is the rows
        layers, spacing = [layer.T[::-1, ::-1] for layer in layers], spacing[::-1]
    size = np.array(layers[0].shape) * spacing
    height, width = np.maximum(1, np.rint(size * (SIDE / size.max()))).astype(int).tolist()
    small = [_fit(layer, height, width, fill=255 if index < len(image) else 0) for index, layer in enumerate(layers)]
    channels, regions = small[: len(image)], small[len(image) :]
    pixels = np.stack(channels * (3 // len(channels)), axis=-1)
    return Thumbnail(pixels, np.array(regions, dtype=np.uint8).reshape(-1, SIDE, SIDE), height)


def _read(path: Path) -> NDArray[np.float32]:
    try:
        return read_image(path)
    except InputError:  # CT whose header has no window
        return read_image(path, windows=("full",))


def _fit(layer: NDArray[np.float32], height: int, width: int, fill: int) -> NDArray[np.uint8]:
    """A layer with values in [0, 1], made small, in the middle of a thumbnail."""
    picture = Image.fromarray(np.rint(layer.astype(np.float32) * 255).astype(np.uint8))
    whole = Image.new("L", (SIDE, SIDE), fill)
    whole.paste(picture.resize((width, height), Image.Resampling.BICUBIC), ((SIDE - width) // 2, (SIDE - height) // 2))
    return np.asarray(whole)
