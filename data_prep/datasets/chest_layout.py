"""The images and masks of the chest radiograph sets Montgomery, Shenzhen and JSRT, told by their names."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass

from data_prep.datasets.tree import by_stem, stem_of
from data_prep.records import Rejects

__all__ = ["DIAGNOSES", "SETS", "ChestImage", "find_chest_images"]

DIAGNOSES = ("normal", "tuberculosis", "nodule")
"""The three classes, in their order."""
SETS = ("Montgomery", "Shenzhen", "JSRT")
"""What the patients of each set begin with."""

_logger = logging.getLogger("monai_ssl")
_LUNG_SET = re.compile(r"(?P<set>MCUCXR|CHNCXR)_(?P<number>\d{4})_(?P<sick>[01])(?P<mask>_mask)?", re.IGNORECASE)
_JSRT = re.compile(r"JPC(?P<kind>[LN])N(?P<number>\d{3})", re.IGNORECASE)
_SETS = dict(zip(("MCUCXR", "CHNCXR"), SETS[:2], strict=True))


@dataclass(frozen=True)
class ChestImage:
    """An image: its path, its class, whose it is, and the files of its mask: none, one, or the left and the right lung.

    Paths are below the data set's folder.
    """

    path: str
    diagnosis: str
    patient: str
    masks: tuple[str, ...]


def find_chest_images(files: Sequence[str], rejects: Rejects) -> list[ChestImage]:
    """Find the images and their masks; other files are left alone.

    Args:
        files: paths of the PNG, IMG and GIF files below the data set's folder.
        rejects: gets masks of one lung whose other lung is missing.

    Returns:
        The images in the order of their paths.
    """
    images: list[str] = []
    masks: dict[str, list[str]] = {"whole": [], "left": [], "right": []}
    for path in files:
        kind = _kind(path)
        if kind == "image":
            images.append(path)
        elif kind:
            masks[kind].append(path)
    whole, left, right = (
        {_name(stem): path for stem, path in by_stem(masks[kind]).items()} for kind in ("whole", "left", "right")
    )
    found = []
    for stem, path in by_stem(images).items():
        name = _name(stem)
        parts = [whole[name]] if name in whole else [side[name] for side in (left, right) if name in side]
        if name not in whole and len(parts) == 1:
            rejects.add(parts[0], "the mask of the other lung is missing", "Put it beside this one.")
            parts = []
        found.append(ChestImage(path, _diagnosis(name), _patient(name), tuple(parts)))
    unused = len({*whole, *left, *right} - {_name(stem_of(image.path)) for image in found})
    if unused:
        _logger.info("%d images of which there are masks are not here.", unused)
    return found


def _kind(path: str) -> str:
    """What a file is: "image", a mask ("whole", "left", "right"), or "" for what is not used."""
    stem, suffix = stem_of(path), path.rpartition(".")[2].lower()
    folder = path.rpartition("/")[0].rpartition("/")[2].lower()
    side = next((side for side in ("left", "right") if side in folder), "whole")
    if _JSRT.fullmatch(stem):
        if suffix == "gif":  # of the SCR database, which has folders of hearts and clavicles as well
            return side if "lung" in folder and side != "whole" else ""
        return "image" if suffix == "img" else ""
    match = _LUNG_SET.fullmatch(stem)
    if match is None or suffix != "png":
        return ""
    return side if match["mask"] or "mask" in folder else "image"


def _name(stem: str) -> str:
    return stem.upper().removesuffix("_MASK")


def _diagnosis(name: str) -> str:
    if match := _JSRT.fullmatch(name):
        return "nodule" if match["kind"] == "L" else "normal"
    return "tuberculosis" if name.endswith("1") else "normal"


def _patient(name: str) -> str:
    """There is one image a patient in each set."""
    if match := _LUNG_SET.fullmatch(name):
        return f"{_SETS[match['set']]} {match['number']} {match['sick']}"
    return f"{SETS[2]} {name[3:]}"
