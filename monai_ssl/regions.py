"""Names for the values of masks."""

from collections.abc import Iterable

from monai_ssl.errors import InputError

__all__ = ["name_values", "parse_regions"]


def parse_regions(text: str) -> dict[str, list[int]]:
    """Read names of regions and the mask values that make them up, as they are given on a command line.

    Args:
        text: such as ``"whole=1+2+4,core=1+4"``.

    Raises:
        InputError: for anything else, and a name that is there twice.
    """
    regions: dict[str, list[int]] = {}
    for part in text.split(","):
        name, _, values = part.partition("=")
        numbers = [number.strip() for number in values.split("+")]
        if not name.strip() or not all(number.isascii() and number.isdigit() and int(number) for number in numbers):
            raise InputError(
                f"{part!r} is no region. Give a name and whole numbers above 0, such as lung=255 or tumor=1+4."
            )
        if name.strip() in regions:
            raise InputError(
                f"The region {name.strip()!r} is named twice. Give all its values at once, such as tumor=1+4."
            )
        regions[name.strip()] = [int(number) for number in numbers]
    return regions


def name_values(values: Iterable[int]) -> dict[str, list[int]]:
    """Name the values of masks that nobody has named: one value is ``"mask"``, several are ``"label 1"``...; 0 is none.

    Args:
        values: all that there are, which may be repeated.
    """
    known = sorted(set(values) - {0})
    return {"mask": known} if len(known) == 1 else {f"label {value}": [value] for value in known}
