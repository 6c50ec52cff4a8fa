"""Finding the masks of images in a folder, and what their values stand for."""

import itertools
import os
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from data_prep.records import Rejects
from monai_ssl.errors import InputError
from monai_ssl.readers.listing import list_images, split_name
from monai_ssl.readers.mask import read_mask
from monai_ssl.regions import name_values

__all__ = ["find_masks", "guess_regions"]

_ENDINGS = re.compile(r"[-_. ]?(mask|masks|seg|segmentation|label|labels|gt|annotation)$", re.IGNORECASE)
_LOOKED_AT = 20


def find_masks(folder: Path, names: Sequence[str], rejects: Rejects) -> dict[str, Path]:
    """Find the mask of each image that has one.

    A mask is called as its image is, with another suffix or with an ending such as ``_mask`` or ``_segmentation``, and
    lies in the same folders; those that all masks share, or all images, need not be the same. Where no mask is in a
    folder of its own, the file name is enough if it is that of one image only.

    Args:
        folder: of masks.
        names: paths of the images below their own folder.
        rejects: gets masks without an image, and second masks of an image.

    Raises:
        InputError: when the folder holds no mask of any image.
    """
    masks: dict[str, Path] = {}
    for mask, found in _images_of(list_images(folder), names).items():
        if len(found) != 1:
            reason = "several images have the name of this mask" if found else "no image has the name of this mask"
            rejects.add(f"{folder.name}/{mask}", reason, "Name the mask as its image, in the same folders.")
        elif found[0] in masks:
            rejects.add(f"{folder.name}/{mask}", "another mask has the name of the same image", "Keep one of them.")
        else:
            masks[found[0]] = folder / mask
    if not masks:
        raise InputError(f"{folder}: no mask here has the name of an image. Name each mask as its image.")
    return masks


def _images_of(masks: Sequence[str], names: Sequence[str]) -> dict[str, list[str]]:
    """The images that each mask may be of, with as many leading folders left away as most masks fit with."""
    depths = itertools.product(range(_shared_folders(masks) + 1), range(_shared_folders(names) + 1))
    tried = [_match(masks, names, *depth) for depth in depths]
    if all("/" not in mask for mask in masks):
        by_name = _match(masks, names, 0, None)
        return {mask: found or by_name[mask] for mask, found in tried[0].items()}
    return max(tried, key=lambda found: sum(map(bool, found.values())))


def _match(masks: Sequence[str], names: Sequence[str], mask_depth: int, depth: int | None) -> dict[str, list[str]]:
    """The images of each mask without so many leading folders of both; None: without any folder of images."""
    images: dict[str, list[str]] = defaultdict(list)
    for name in names:
        parts = split_name(name)[0].split("/")
        images["/".join(parts[-1:] if depth is None else parts[depth:])].append(name)
    found = {}
    for mask in masks:
        stem = "/".join(split_name(mask)[0].split("/")[mask_depth:])
        found[mask] = images.get(stem) or images.get(_ENDINGS.sub("", stem), [])
    return found


def _shared_folders(paths: Sequence[str]) -> int:
    """How many leading folders all paths share."""
    return len(PurePosixPath(os.path.commonpath([PurePosixPath(path).parent for path in paths])).parts)


def guess_regions(masks: Sequence[Path], folder: Path) -> dict[str, list[int]]:
    """Name the values of masks that nobody has named: one value is ``"mask"``, several are ``"label 1"``...

    Args:
        masks: the first of them are looked at.
        folder: for messages.

    Raises:
        InputError: when they can be read but are all empty.
    """
    values: set[int] = set()
    for path in masks[:_LOOKED_AT]:
        try:
            values.update(int(value) for value in set(read_mask(path).ravel().tolist()) if value)
        except InputError:  # it is set aside when all files are looked at
            continue
    if not values:
        raise InputError(f"{folder}: the first masks are all empty. Say with --regions what the values stand for.")
    return name_values(values)
