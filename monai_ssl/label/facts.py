"""What clients send beside files: a JSON object of plain values."""

import json
from typing import Any

from monai_ssl.errors import InputError

__all__ = ["read_plain"]

_DEEPEST = 32  # far below what any reader of the datastore's index takes


def read_plain(given: Any) -> dict[str, Any]:
    """Read a JSON object that can be kept, and be given back, as it came.

    Args:
        given: JSON, or what has been read of it; None, or no text, for an empty object.

    Raises:
        InputError: for anything else: numbers that are not finite, text that is no Unicode, and what is nested deeper
            than any facts are.
    """
    if given is None or given == "":
        return {}
    try:
        content = json.loads(given) if isinstance(given, str) else given
        json.dumps(content, allow_nan=False, ensure_ascii=False).encode("utf-8")
        sound = isinstance(content, dict) and _depth(content) <= _DEEPEST
    except (ValueError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise InputError(f"The parameters are {str(given)[:80]!r}. Give a JSON object of plain values.")
    return content


def _depth(value: Any) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return 1 + max(map(_depth, parts), default=0)
