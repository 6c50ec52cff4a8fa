"""The images and masks of the chest radiograph sets Montgomery, Shenzhen and JSRT, told by their names."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data_prep.datasets.tree import by_name, stem_of
from data_prep.records import Rejects

__all__ = ["DIAGNOSES", "SETS", "ChestImage", "find_chest_images"]

DIAGNOSES = ("normal", "tuberculosis", "nodule")
"""The three classes, in their order."""
SETS = ("Montgomery", "Shenzhen", "JSRT")
"""What the patients of each set begin with."""

_logger = logging.getLogger("monai_ssl")
_LUNG_SET = re.compile(r"(?P<set>MCUCXR|CHNCXR)_(?P<number>\d{4})_(?P<sick>[01])(?P<mask>_mask)?", re.IGNORECASE)
_JSRT = re.compile(r"JPC(?P<kind>[LN])N(?P<number>\d{3})", re.IGNORECASE)
_SIDE = re.compile(r"(?:(?<![a-z])|(?<=mask|lung)|(?<=masks|lungs))(left|right)(?=mask|lung|[^a-z]|$)")
_ORGAN = re.compile(r"lung|heart|clavicle")
_IMAGES = re.compile(r"cxr|image|img|x-?ray|radiograph")
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


def find_chest_images(folder: Path, files: Sequence[str], rejects: Rejects) -> list[ChestImage]:
    """Find the images and their masks; other files are left alone.

    Args:
        folder: of the data set.
        files: paths of the PNG, IMG and GIF files below the folder.
        rejects: gets masks of one lung whose other lung is missing, and files of one name that differ.

    Returns:
        The images in the order of their paths.

    Raises:
        InputError: when most files have the name of another one and differ from it.
    """
    kinds: dict[str, list[str]] = {"image": [], "whole": [], "left": [], "right": [], "": []}
    for path in files:
        kinds[_kind(path)].append(path)
    images, whole, left, right = (
        by_name(folder, kinds[kind], rejects, _name) for kind in ("image", "whole", "left", "right")
    )
    found = []
    for name, path in images.items():
        parts = [whole[name]] if name in whole else [side[name] for side in (left, right) if name in side]
        if name not in whole and len(parts) == 1:
            rejects.add(parts[0], "the mask of the other lung is missing", "Put it beside this one.")
            parts = []
        found.append(ChestImage(path, _diagnosis(name), _patient(name), tuple(parts)))
    unused = len({*whole, *left, *right} - images.keys())
    if unused:
        _logger.info("%d images of which there are masks are not here.", unused)
    return found


def _kind(path: str) -> str:
    """What a file is: "image", a mask ("whole", "left", "right"), or "" for what is not used."""
    stem, suffix = stem_of(path), path.rpartition(".")[2].lower()
    folders = path.lower().split("/")[-2::-1]  # innermost first: what it says counts more than what is around it
    side = next((match[1] for folder in folders if (match := _SIDE.search(folder))), "whole")
    if _JSRT.fullmatch(stem):
        if suffix == "gif":  # of the SCR database, which has folders of hearts and clavicles as well
            organ = next((match[0] for folder in folders if (match := _ORGAN.search(folder))), "")
            return side if organ == "lung" and side != "whole" else ""
        return "image" if suffix == "img" else ""
    match = _LUNG_SET.fullmatch(stem)
    if match is None or suffix != "png":
        return ""
    return side if match["mask"] or _are_of_masks(folders) else "image"


def _are_of_masks(folders: Sequence[str]) -> bool:
    """Whether folders, innermost first, are of masks. Outer ones often tell of a whole set: "xrays with masks"."""
    for depth, folder in enumerate(folders):
        of_images = _IMAGES.search(folder) is not None
        if "mask" in folder and (depth == 0 or not of_images):
            return True
        if of_images:
            return False
    return False


def _name(path: str) -> str:
    return stem_of(path).upper().removesuffix("_MASK")


def _diagnosis(name: str) -> str:
    if match := _JSRT.fullmatch(name):
        return "nodule" if match["kind"] == "L" else "normal"
    return "tuberculosis" if name.endswith("1") else "normal"


def _patient(name: str) -> str:
    """There is one image a patient in each set."""
    if match := _LUNG_SET.fullmatch(name):
        return f"{_SETS[match['set']]} {match['number']} {match['sick']}"
    return f"{SETS[2]} {name[3:]}"
