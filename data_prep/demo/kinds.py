"""The kinds of demo data sets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_prep.demo import brain_tumor, chest, content, dermoscopy

__all__ = ["KINDS", "Kind"]


@dataclass(frozen=True)
class Kind:
    """One kind of phantom, and what its data set is by default.

    Args:
        text: what the images are.
        folder: name of the folder beside the others, below ``data/``.
        unit: what is counted and split: the name of the argument.
        count: how many of them.
        budget: labeled training images, as a fraction (float) or a count (int).
        image_size: pixels or voxels along the longest side.
        least_size: the fewest of them.
        release: the parameters that tell its images from others: ``phantom``, which those of the first kind do not
            name, and ``generator``, to be raised with every change of the images, so that an older set is not taken for
            this one.
        write: writes the data set into a folder, from its parameters, with the command in its provenance, with or
            without a progress bar.
    """

    text: str
    folder: str
    unit: str
    count: int
    budget: float | int
    image_size: int
    least_size: int
    release: Mapping[str, Any]
    write: Callable[[Path, dict[str, Any], str, bool], None]

    def command(self, parameters: dict[str, Any]) -> str:
        """The command that makes the data set of these parameters, without what it takes anyway."""
        implied = {"generator": self.release["generator"], "image_size": self.image_size}
        options = [f"--{key} {value}" for key, value in parameters.items() if implied.get(key) != value]
        return " ".join(["python -m data_prep demo", *options])


KINDS = {
    "head": Kind(
        text="simulated head CT",
        folder="demo",
        unit="patients",
        count=60,
        budget=0.1,
        image_size=128,
        least_size=32,
        release={"generator": 1},
        write=content.write_content,
    ),
    "dermoscopy": Kind(
        text="simulated dermoscopy",
        folder="demo_dermoscopy",
        unit="lesions",
        count=740,
        budget=0.1,
        image_size=96,
        least_size=32,
        release={"phantom": "dermoscopy", "generator": 1},
        write=dermoscopy.write_content,
    ),
    "brain_tumor": Kind(
        text="simulated brain MR",
        folder="demo_brain_tumor",
        unit="subjects",
        count=60,
        budget=0.17,
        image_size=72,
        least_size=32,
        release={"phantom": "brain_tumor", "generator": 1},
        write=brain_tumor.write_content,
    ),
    "chest": Kind(
        text="simulated chest radiographs",
        folder="demo_chest",
        unit="radiographs",
        count=600,
        budget=0.33,
        image_size=128,
        least_size=32,
        release={"phantom": "chest", "generator": 1},
        write=chest.write_content,
    ),
}
"""Every kind, by the name of its phantom."""
