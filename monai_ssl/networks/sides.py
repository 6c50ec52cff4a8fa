"""Sides of an image that a network can take."""

from collections.abc import Sequence

from monai_ssl.errors import InputError

__all__ = ["check_sides"]


def check_sides(what: str, sides: Sequence[int] | int, multiple: Sequence[int]) -> tuple[int, ...]:
    """Give the sides of an image in pixels, one an axis, if each is a multiple of what the network needs there.

    Args:
        what: what has these sides, for the message: "The patch size of the network 'unet'".
        sides: in pixels; one number stands for all axes.
        multiple: what each side must be a multiple of.

    Raises:
        InputError: if one is not, naming the nearest sides that are.
    """
    given = [sides] * len(multiple) if isinstance(sides, int) else list(sides)
    needs = f"give {len(multiple)} whole numbers, multiples of {list(multiple)} pixels"
    if len(given) != len(multiple) or not all(isinstance(side, int) and side > 0 for side in given):
        raise InputError(f"{what} cannot be {sides!r}: {needs}.")
    if any(side % step for side, step in zip(given, multiple, strict=True)):
        nearest = [-(-side // step) * step for side, step in zip(given, multiple, strict=True)]
        raise InputError(f"{what} cannot be {given}: {needs}, such as {nearest}.")
    return tuple(given)
