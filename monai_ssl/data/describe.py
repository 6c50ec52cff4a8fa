"""A value, such as a transform with its arguments, as text that tells it from other values."""

from collections.abc import Iterable, Mapping, Set
from types import CodeType, FunctionType
from typing import Any

import torch

__all__ = ["describe"]

_PLAIN = (type(None), bool, int, float, complex, str, bytes)


def describe(value: Any) -> str:
    """Describe a value by what it is made of: alike for equal values in every process, unlike for others.

    Objects are taken apart as :mod:`pickle` does it, and functions, which it only names, down to their code, so that a
    ``lambda`` that does something else is something else. What a function calls goes by name alone.

    Args:
        value: anything made of plain values, containers, arrays, tensors, functions, classes and objects.

    Returns:
        text of no particular form, as long as it needs to be.

    Raises:
        TypeError: for what :mod:`pickle` refuses too, such as an open file.
        RecursionError: for what contains itself.
    """
    if type(value) in _PLAIN:
        return repr(value)
    if isinstance(value, type):
        return _name(value)
    if isinstance(value, Mapping):
        # In their order, which may matter: the regions of a mask become channels in the order of their names.
        return _made(_name(type(value)), (_made("item", map(describe, item)) for item in value.items()))
    if isinstance(value, Set):
        return _made(_name(type(value)), sorted(map(describe, value)))
    return _made(_name(type(value)), map(describe, _parts(value)))


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, (list, tuple)):
        return value
    if isinstance(value, torch.Tensor):
        return str(value.dtype), value.tolist()
    if isinstance(value, FunctionType):
        enclosed = [cell.cell_contents for cell in value.__closure__ or ()]
        return _name(value), value.__code__, value.__defaults__, value.__kwdefaults__, enclosed
    if isinstance(value, CodeType):
        return value.co_code, value.co_consts, value.co_names
    reduced = value.__reduce_ex__(2)
    if isinstance(reduced, str):  # the name of something that there is once
        return value.__module__, reduced
    return [part if index < 3 else list(part or ()) for index, part in enumerate(reduced)]


def _name(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}"


def _made(name: str, parts: Iterable[str]) -> str:
    return f"{name}({','.join(parts)})"
