"""Finding the masks of images in a folder, and what their values stand for."""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from data_prep.records import Rejects
from monai_ssl.errors import InputError
from monai_ssl.readers.listing import list_images, split_name
from monai_ssl.readers.mask import read_mask

__all__ = ["find_masks", "guess_regions"]

_ENDINGS = re.compile(r"[-_. ]?(mask|masks|seg|segmentation|label|labels|gt|annotation)$", re.IGNORECASE)
_LOOKED_AT = 20


def find_masks(folder: Path, names: Sequence[str], rejects: Rejects) -> dict[str, Path]:
    """Find the mask of each image that has one.

    A mask is called as its image is, with another suffix or with an ending such as ``_mask`` or ``_segmentation``: by
    its path below the folder where that fits an image, else by its file name where it is that of one image only.

    Args:
        folder: of masks.
        names: paths of the images below their own folder.
        rejects: gets masks without an image, and second masks of an image.

    Raises:
        InputError: when the folder holds no mask of any image.
    """
    by_path = {split_name(name)[0]: name for name in names}
    by_stem: dict[str, list[str]] = defaultdict(list)
    for name in names:
        by_stem[PurePosixPath(split_name(name)[0]).name].append(name)
    masks: dict[str, Path] = {}
    for mask in list_images(folder):
        stem = split_name(mask)[0]
        found: list[str] = []
        for tried in (stem, _ENDINGS.sub("", stem)):
            found = found or ([by_path[tried]] if tried in by_path else by_stem.get(PurePosixPath(tried).name, []))
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
    if len(values) == 1:
        return {"mask": [*values]}
    return {f"label {value}": [value] for value in sorted(values)}
