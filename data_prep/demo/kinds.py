"""The kinds of demo data sets."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_prep.demo import content, dermoscopy

__all__ = ["KINDS", "Kind"]


@dataclass(frozen=True)
class Kind:
    """One kind of phantom, and what its data set is by default.

    Args:
        text: what the images are.
        folder: name of the folder beside the others, below ``data/``.
        unit: what is counted and split: the name of the argument.
        count: how many of them.
        image_size: rows and columns.
        least_size: the fewest rows and columns.
        generator: to be raised with every change of the images, so that an older set is not taken for this one.
        named: whether the parameters name the phantom; those of the first kind do not.
        write: writes the data set into a folder, from its parameters, with or without a progress bar.
    """

    text: str
    folder: str
    unit: str
    count: int
    image_size: int
    least_size: int
    generator: int
    named: bool
    write: Callable[[Path, dict[str, Any], bool], None]


KINDS = {
    "head": Kind(
        text="simulated head CT",
        folder="demo",
        unit="patients",
        count=60,
        image_size=128,
        least_size=32,
        generator=1,
        named=False,
        write=content.write_content,
    ),
    "dermoscopy": Kind(
        text="simulated dermoscopy",
        folder="demo_dermoscopy",
        unit="lesions",
        count=740,
        image_size=96,
        least_size=32,
        generator=1,
        named=True,
        write=dermoscopy.write_content,
    ),
}
"""Every kind, by the name of its phantom."""
