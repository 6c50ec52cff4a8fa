"""What a request for training may ask of a bundle: plain values, of which none is evaluated as a configuration is."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from monai_ssl.errors import InputError

__all__ = ["DEFAULTS", "check_device", "read_options"]

DEFAULTS: dict[str, Any] = {"max_epochs": 50, "seed": 0}
"""What is taken for options that a request does not have."""

# Letters and digits alone: MONAI's configurations evaluate values that begin with "$", "@" or "%".
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
_LARGEST = 1e30  # of numbers; NaN is not below it
_LARGEST_SIDE = 4096  # of images and patches, in pixels
_DEVICE = re.compile(r"cpu|cuda(:\d{1,2})?")


def read_options(request: Mapping[str, Any]) -> dict[str, Any]:
    """Take the options of the bundle out of a request.

    Args:
        request: what a client has sent; other keys are other tasks'.

    Returns:
        The options, with the defaults.

    Raises:
        InputError: for a value that an option cannot have.
    """
    given = {name: request[name] for name in _OPTIONS if request.get(name) is not None}
    for name, value in given.items():
        accepts, form = _OPTIONS[name]
        if not accepts(value):
            raise InputError(f"{name} is {str(value)[:80]!r}. Give {form}.")
    return DEFAULTS | given


def check_device(given: Any) -> str:
    """The device to train on: the first GPU unless another is asked for, and the CPU where there is none.

    Raises:
        InputError: for anything that names none.
    """
    name = "cuda" if given is None else given
    if not isinstance(name, str) or not _DEVICE.fullmatch(name):
        raise InputError(f"device is {str(name)[:80]!r}. Give cpu, cuda or cuda:0.")
    if name.startswith("cuda") and not torch.cuda.is_available():
        return "cpu"
    return "cuda:0" if name == "cuda" else name


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**6


def _is_side(value: Any) -> bool:
    return _is_count(value) and value <= _LARGEST_SIDE


def _is_spacing(value: Any) -> bool:
    # In mm. Beyond it an image becomes larger than any memory, or a voxel.
    return _is_number(value) and 0.01 <= value <= 1000


def _are_some(value: Any, accepts: Callable[[Any], bool], most: int = 3) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and 0 < len(value) <= most
        and all(map(accepts, value))
    )


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _is_window(value: Any) -> bool:
    return _is_word(value) or (_are_some(value, _is_number) and len(value) == 2)


_COUNT = _is_count, "a whole number above 0"
_POSITIVE = _is_positive, "a number above 0"
_OPTIONS: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("max_epochs", "teacher_epochs", "pretrain_epochs", "val_interval"), _COUNT),
    **dict.fromkeys(("batch_size", "unlabeled_batch_size"), _COUNT),
    "image_size": (_is_side, f"a whole number from 1 to {_LARGEST_SIDE}"),
    "seed": (
        lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31,
        "a whole number from 0",
    ),
    "learning_rate": _POSITIVE,
    "cache_rate": (lambda value: _is_number(value) and 0 <= value <= 1, "a number from 0 to 1"),
    "patch_size": (
        lambda value: _is_side(value) or _are_some(value, _is_side),
        f"whole numbers from 1 to {_LARGEST_SIDE}, such as [32, 32, 32]",
    ),
    "spacing": (
        lambda value: _is_spacing(value) or _are_some(value, _is_spacing),
        "numbers from 0.01 to 1000, such as [1.0, 1.0, 1.0]",
    ),
    "windows": (
        lambda value: _are_some(value, _is_window, 16),
        'a list of names or of [center, width], such as ["brain"]',
    ),
    "architecture": (_is_word, "the name of a network, such as unet"),
    "mask_form": (_is_word, "classes or regions"),
    "amp": (lambda value: isinstance(value, bool), "true or false"),
}
