"""Which images, and which of their classes, saliency maps are drawn of."""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from monai.utils import ensure_tuple

from monai_ssl.data.datalist_entries import absolute_path, image_paths
from monai_ssl.errors import InputError

__all__ = ["choose_images"]

logger = logging.getLogger(__name__)

_EXAMPLES = 3


def choose_images(
    entries: Sequence[Mapping[str, Any]],
    class_names: Sequence[str],
    images: str | Sequence[str] | None = None,
    folder: str | os.PathLike[str] = ".",
    per_class: int = 1,
    seed: int = 0,
) -> list[tuple[int, int]]:
    """Choose images of each class at random, or those that are named with all classes that they show.

    Classes are true ones, by the labels. A class that no image shows is left out, which the log says. What is chosen of
    one class does not depend on the others.

    Args:
        entries: the test images of a data list.
        class_names: C names.
        images: files of the images wanted, as in the data list: absolute, or relative to ``folder``.
        folder: the data list's folder.
        per_class: how many images of each class, where there are as many; 0 for none at all. It does not matter with
            ``images``.
        seed: of the draw.

    Returns:
        pairs of an index into ``entries`` and a class index: class by class, or in the order of ``images``.

    Raises:
        InputError: for an image that is not in the list or shows no class, for ``images`` that are no names, for a
            negative number, for labels that are masks, and when no image shows any class.
    """
    shown = [_classes(entry) for entry in entries]
    if images is not None:
        return _named(ensure_tuple(images), entries, shown, Path(folder))
    if not isinstance(per_class, int) or per_class < 0:
        raise InputError(f"per_class is {per_class!r}. Give a number of images a class, or 0 for no saliency maps.")
    if per_class == 0:
        return []
    chosen: list[tuple[int, int]] = []
    for index, name in enumerate(class_names):
        candidates = [place for place, classes in enumerate(shown) if index in classes]
        if not candidates:
            logger.warning("No test image shows %r, so there is no saliency map of this class.", name)
            continue
        generator = np.random.default_rng((seed, index))
        drawn = generator.choice(candidates, size=min(per_class, len(candidates)), replace=False)
        chosen += [(int(place), index) for place in drawn]
    if not chosen:
        raise InputError("no test image shows any class, by the labels. Give more labeled test images.")
    return chosen


def _named(
    names: Sequence[str], entries: Sequence[Mapping[str, Any]], shown: Sequence[Sequence[int]], folder: Path
) -> list[tuple[int, int]]:
    places = {absolute_path(folder, path): place for place, entry in enumerate(entries) for path in image_paths(entry)}
    if not names:
        raise InputError("images is empty. Name some test images, or give null to have them chosen.")
    if not all(isinstance(name, str) for name in names):
        raise InputError(f"images is {', '.join(map(repr, names))}. Give names of files, such as ['a.png', 'b.png'].")
    chosen: list[tuple[int, int]] = []
    for name in names:
        place = places.get(absolute_path(folder, name))
        if place is None:
            inside = str(folder.absolute()) + os.sep
            some = ", ".join(path.removeprefix(inside) for path in list(places)[:_EXAMPLES])
            raise InputError(f"{name}: this image is not in the test list. Name images of that list, such as {some}.")
        if not shown[place]:
            raise InputError(f"{name}: by its label this image shows no class. Name images that show one.")
        chosen += [(place, index) for index in shown[place]]
    return chosen


def _classes(entry: Mapping[str, Any]) -> list[int]:
    """The classes that an image shows, by its label (-1 is missing)."""
    label = entry.get("label", -1)
    if isinstance(label, str):
        raise InputError("the labels of these images are masks. Saliency maps are for classifiers only.")
    if isinstance(label, int):
        return [label] if label >= 0 else []
    return [index for index, value in enumerate(label) if value == 1]
