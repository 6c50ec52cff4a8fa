"""What handlers that collect image by image share."""

from collections.abc import Iterator
from typing import Any, TypeVar, cast

from ignite import distributed as idist
from ignite.engine import Engine

from monai_ssl.errors import InputError

__all__ = ["decollated_items", "gather_rows", "item_value"]

Row = TypeVar("Row")


def decollated_items(engine: Engine) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Give the batch's part and the output of each image of an evaluator's iteration.

    Raises:
        InputError: when the batch is not decollated.
    """
    batch, output = engine.state.batch, engine.state.output
    if not isinstance(batch, list) or not isinstance(output, list):
        raise InputError("the evaluator gives whole batches. Set decollate=True, so that it gives single images.")
    return zip(batch, output, strict=True)


def item_value(item: dict[str, Any], key: str) -> Any:
    """Give ``item[key]``.

    Raises:
        InputError: when there is no such key.
    """
    if key not in item:
        raise InputError(f"an image comes without {key!r}, only with {', '.join(item)}. Check keys and transforms.")
    return item[key]


def gather_rows(rows: list[Row]) -> list[Row]:
    """Give the rows of all processes, those of the first process first.

    Raises:
        InputError: when there is none.
    """
    if idist.get_world_size() > 1:
        gathered = cast(list[list[Row]], idist.all_gather(rows))
        rows = [row for process in gathered for row in process]
    if not rows:
        raise InputError("the evaluation had no images. Check the data list.")
    return rows
