"""Tables of Markdown."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

__all__ = ["table_lines"]


def table_lines(header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Give the lines of a table, whatever is in its cells: names of classes are the user's own."""
    yield _line(header)
    yield _line(["---"] * len(header))
    yield from map(_line, rows)


def _line(cells: Sequence[Any]) -> str:
    texts = (" ".join(str(cell).split("\n")).replace("\\", "\\\\").replace("|", r"\|") for cell in cells)
    return f"| {' | '.join(texts)} |"
