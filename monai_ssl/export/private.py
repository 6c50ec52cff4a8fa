"""What must not leave the machine: the names of its folders."""

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["without_paths"]

# Absolute paths of POSIX and Windows, network shares, home folders and file URLs, where a word begins. As folders may
# have spaces in their names, all that follows is left out, to the next quote or the end of the line.
_PATH = re.compile(r"""(?<![\w.@#)\]/\\~])(?:file:/+|~[\w.-]*[/\\]|/(?=[\w.])|[A-Za-z]:[/\\]|\\\\)[^'"`\n]*""")
_INSTEAD = "(path left out)"


def without_paths(value: Any) -> Any:
    """Replace absolute paths in texts; in mappings and lists, too, at any depth.

    >>> without_paths("0.5 mm/px, read from '/data/Doe, Jane/1.dcm' (CT)")
    "0.5 mm/px, read from '(path left out)' (CT)"
    """
    if isinstance(value, str):
        return _PATH.sub(_INSTEAD, value)
    if isinstance(value, Mapping):
        return {without_paths(key): without_paths(entry) for key, entry in value.items()}
    return [without_paths(entry) for entry in value] if isinstance(value, list | tuple) else value
