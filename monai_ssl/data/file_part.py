"""What a preprocessing makes of the files of an entry, apart from what it makes of the rest of the entry."""

import copy
import os
import pickle
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.transforms import Compose, CopyItemsd, DeleteItemsd, MapTransform
from monai.transforms.traits import RandomizableTrait
from monai.utils import convert_to_tensor
from torch import Tensor

from monai_ssl.data.describe import describe
from monai_ssl.errors import InputError
from monai_ssl.transforms.missing_mask import MissingMaskd

__all__ = ["FilePart"]

# A label is a file in segmentation only, and so is a pseudo-label.
_FILE_KEYS = ("image", "mask", "label", "pseudo_label")
_REMEMBERED = 1024


class FilePart:
    """A preprocessing taken apart, so that an image comes out the same whether its entry has a label or not.

    The transforms from the first one that works on a file are run twice: on the files of an entry alone, and on the
    rest of it alone. So nothing can get into the one that belongs to the other. Only what stands in for a missing mask,
    at the end, is run on both together.

    Args:
        transform: deterministic dictionary transforms; what they make of an image, a mask or a label that are files
            are tensors under the same key.

    Raises:
        InputError: for a transform that is random or none of dictionaries, or whose arguments cannot be described.
    """

    def __init__(self, transform: Compose) -> None:
        whole = transform.flatten()
        for part in whole.transforms:
            if isinstance(part, RandomizableTrait) or not isinstance(part, MapTransform):
                raise _unfit(type(part).__name__, "is random or no dictionary transform")
        works = [not isinstance(part, CopyItemsd | DeleteItemsd) and _names_file(part) for part in whole.transforms]
        start = works.index(True) if any(works) else len(works)
        end = len(whole.transforms)
        while end > start and isinstance(whole.transforms[end - 1], MissingMaskd):
            end -= 1
        self._before, after, self._last = (
            whole.transforms[:start],
            whole.transforms[start:end],
            whole.transforms[end:],
        )
        try:
            self.description = describe([after, whole.lazy, whole.overrides])
        except (TypeError, ValueError, RecursionError) as error:
            raise _unfit("a transform", f"cannot be told from others by its arguments ({error})") from error
        self._keys = list(dict.fromkeys(key for part in after for key in part.keys))
        self._after = [_allow_missing_keys(part) for part in after]
        # A shallow copy keeps how the transforms are composed (lazily, say).
        self._make = copy.copy(whole)
        self._make.transforms = tuple(self._after)
        self._converted: dict[bytes, dict[Hashable, Any]] = {}

    def split(self, entry: Mapping[Hashable, Any]) -> tuple[dict[str, Any], dict[Hashable, Any]]:
        """Take an entry of a data list apart.

        Returns:
            the paths that :meth:`make` makes tensors of, by key, and the rest, preprocessed. Equal labels may be one
            tensor.
        """
        rest: Any = dict(entry)
        for part in self._before:
            rest = part(rest)
        files = {key: rest.pop(key) for key in _FILE_KEYS if key in self._keys and _is_path(rest.get(key))}
        worked_on = {key: rest.pop(key) for key in self._keys if key in rest}
        return files, rest | self._convert(worked_on)

    def make(self, files: Mapping[str, Any]) -> dict[str, Tensor]:
        """Preprocess files.

        Args:
            files: paths, as :meth:`split` gives them.

        Returns:
            plain tensors, by key.

        Raises:
            InputError: when the preprocessing leaves something else than tensors, or adds keys.
        """
        made = self._make(dict(files))
        for key, value in made.items():
            if key not in files or not isinstance(value, (Tensor, np.ndarray)):
                raise _unfit(f"{key!r}, made of {' and '.join(files)},", "is no tensor or a key of its own")
        return {
            key: convert_to_tensor(value, track_meta=False).contiguous(memory_format=torch.contiguous_format)
            for key, value in made.items()
        }

    def finish(self, item: dict[Hashable, Any]) -> dict[Hashable, Any]:
        """Stand in for what is missing in an entry whose parts are together again."""
        for part in self._last:
            item = part(item)
        return item

    def _convert(self, values: Any) -> dict[Hashable, Any]:
        """Preprocess labels, of which few are different: to convert one takes as long as to read an image."""
        given = pickle.dumps(values)
        converted = self._converted.get(given)
        if converted is None:
            converted = values
            for part in self._after:
                if not converted.keys().isdisjoint(part.keys):
                    converted = part(converted)
            if len(self._converted) >= _REMEMBERED:
                self._converted.clear()
            self._converted[given] = converted
        return converted


def _names_file(part: MapTransform) -> bool:
    return not set(part.keys).isdisjoint(_FILE_KEYS)


def _is_path(value: Any) -> bool:
    values = value if isinstance(value, (list, tuple)) else [value]
    return bool(values) and all(isinstance(part, (str, os.PathLike)) for part in values)


def _allow_missing_keys(part: MapTransform) -> MapTransform:
    changed = copy.copy(part)
    changed.allow_missing_keys = True
    return changed


def _unfit(what: str, why: str) -> InputError:
    return InputError(
        f"cache_dir: in the preprocessing, {what} {why}. Change the preprocessing, or do without a cache on disk."
    )
