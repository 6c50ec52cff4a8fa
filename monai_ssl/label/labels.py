"""Labels as they come from annotators: the classes of an image as JSON, or a mask; checked before they are kept."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from monai_ssl.errors import InputError
from monai_ssl.label.catalog import Kind
from monai_ssl.readers import read_image
from monai_ssl.readers.grids import check_one_grid
from monai_ssl.readers.listing import split_name
from monai_ssl.readers.mask import read_mask

__all__ = ["LABEL_SUFFIX", "check_mask", "class_labels", "kind_of_label", "read_classes"]

LABEL_SUFFIX = ".json"
"""Of files with the classes of an image; all other labels are masks."""

_FORM = 'Give {"label": "a class"}, or {"labels": ["a class", ...]} where an image may have several or none.'
_SHOWN = 5
_MOST_VALUES = 256  # of masks whose regions nobody has named


def kind_of_label(path: str | Path) -> Kind:
    """The kind of model that a label is for, by its suffix."""
    return "classification" if str(path).lower().endswith(LABEL_SUFFIX) else "segmentation"


def read_classes(path: str | Path, known: Sequence[str] = ()) -> tuple[str, ...] | str:
    """Read the classes of an image.

    Args:
        path: a JSON file: ``{"label": name}``, or ``{"labels": [name, ...]}``, which may be empty; other keys are not
            looked at.
        known: the class names; none for any.

    Returns:
        The one class, or a tuple of those that the image has.

    Raises:
        InputError: for another form, and a class that is not known.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: this label is no JSON ({type(error).__name__}). {_FORM}") from None
    given = [key for key in ("label", "labels") if isinstance(content, dict) and key in content]
    names: Any = [content["label"]] if given == ["label"] else content["labels"] if given == ["labels"] else None
    sound = isinstance(names, list) and all(isinstance(name, str) and name.strip() for name in names)
    if not sound or len(set(names)) < len(names):
        raise InputError(f"{path}: this label has another form. {_FORM}")
    odd = [name for name in names if known and name not in known]
    if odd:
        raise InputError(f"{path}: the class {odd[0]!r} is not known. Give one of {', '.join(known)}.")
    return names[0] if given == ["label"] else tuple(names)


def class_labels(
    read: Mapping[str, tuple[str, ...] | str], known: Sequence[str] = ()
) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    """Make labels of a data list of the classes of images.

    Args:
        read: by image, what :func:`read_classes` gives.
        known: the class names in their order; none for those that occur, sorted.

    Returns:
        The task, the class names, and the label of each image: an index for ``"multiclass"``, where every image has
        one class, and 0 or 1 for each class for ``"multilabel"``.

    Raises:
        InputError: when some labels are of one form and some of the other, or there are fewer than two classes to tell
            apart.
    """
    single = {isinstance(names, str) for names in read.values()}
    if len(single) > 1:
        forms = [isinstance(names, str) for names in read.values()]
        rare = forms.count(True) < forms.count(False)
        few = next(image for image, names in read.items() if isinstance(names, str) == rare)
        raise InputError(f"{few}: most labels have the other form. {_FORM} Give all images of a data set the same.")
    occurring = {name for names in read.values() for name in ((names,) if isinstance(names, str) else names)}
    names = tuple(known) or tuple(sorted(occurring))
    if single == {True}:
        if len(names) < 2:
            raise InputError(f"All labels are {names[0]!r}. Label images of other classes, too.")
        return "multiclass", names, {image: names.index(str(one)) for image, one in read.items()}
    if not names:
        raise InputError("No image has any class. Label images that have one, too.")
    return "multilabel", names, {image: [int(name in some) for name in names] for image, some in read.items()}


def check_mask(path: str | Path, image: str | Path, regions: Mapping[str, Sequence[int]]) -> None:
    """Check that a mask lies on its image and has the values of regions only.

    Args:
        path: the mask.
        image: the file of its image.
        regions: the values of each region; none for any.

    Raises:
        InputError: when it does not, or cannot be read.
    """
    if str(path).lower().endswith((".jpg", ".jpeg")):
        raise InputError(f"{path}: JPEG does not keep the values of a mask. Save it as PNG, or as NIfTI.")
    if not split_name(str(path))[1]:
        raise InputError(f"{path}: labels of this kind are not taken. Give a mask as PNG or NIfTI, or classes as JSON.")
    mask = read_mask(path)
    shape = read_image(image, windows=("raw",)).shape[1:]
    if mask.shape != shape:
        raise InputError(
            f"{path}: this mask has shape {mask.shape}, but its image has {shape}. Save it on the grid of the image."
        )
    check_one_grid([image, path])
    allowed = {0, *(value for values in regions.values() for value in values)}
    values = np.unique(mask).tolist()
    if not regions and len(values) > _MOST_VALUES:
        raise InputError(
            f"{path}: this mask has {len(values)} values, as images have. Send the mask, or name its regions."
        )
    odd = [value for value in values if regions and value not in allowed]
    if odd or mask.min() < 0:
        listed = ", ".join(map(str, odd[:_SHOWN])) or str(mask.min())
        raise InputError(f"{path}: this mask has values of no region ({listed}). Mend it, or name a region for them.")
