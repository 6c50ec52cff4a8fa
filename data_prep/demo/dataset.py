"""The demo data set as a folder that is made once and never by halves."""

import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from data_prep.demo.content import write_content
from monai_ssl.data.datalist import DATALIST_NAME, DataList
from monai_ssl.errors import InputError
from monai_ssl.files import make_folder

__all__ = ["demo_dir", "make_demo"]

_GENERATOR = 1  # to be raised with every change of the images, so that an older set is not taken for this one


def make_demo(
    output_dir: str | os.PathLike[str],
    *,
    seed: int = 0,
    patients: int = 60,
    budget: float | int = 0.1,
    image_size: int = 128,
    progress: bool = True,
) -> Path:
    """Make the demo data set: head-CT phantoms as DICOM, labeled for the five types of intracranial hemorrhage.

    The folder gets ``images/ID_*.dcm``, ``labels.csv`` in the form of the RSNA 2019 challenge and ``datalist.json``.
    It appears whole or not at all; where it holds the same set already, nothing is done. The same arguments give the
    same bytes.

    Args:
        output_dir: the folder to make.
        seed: of the phantoms, the split and the budget.
        patients: number of patients, of 12 slices each.
        budget: labeled training images, as a fraction (float) or a count (int).
        image_size: rows and columns of an image.
        progress: whether to show a progress bar.

    Returns:
        The absolute path of the folder.

    Raises:
        InputError: when an argument is out of range, or the folder holds something else or cannot be written.
    """
    if seed < 0:
        raise InputError(f"The seed of the demo is {seed}. Give 0 or more.")
    if image_size < 32:
        raise InputError(f"Demo images of {image_size} pixels a side show no bleeds. Give 32 or more.")
    folder = Path(output_dir).absolute()
    parameters = {
        "generator": _GENERATOR,
        "seed": seed,
        "patients": patients,
        "budget": budget,
        "image_size": image_size,
    }
    if _is_made(folder, parameters):
        return folder
    make_folder(folder.parent)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        write_content(temporary, parameters, progress)
        try:
            temporary.rename(folder)
        except OSError:
            if not _is_made(folder, parameters):  # else another process was faster, with the same files
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def demo_dir(bundle_root: str | os.PathLike[str]) -> str:
    """The demo data set next to the bundles, ``<bundle_root>/../../data/demo``; it is made where it is missing.

    Returns:
        The absolute path of the folder.
    """
    folder = (Path(bundle_root) / ".." / ".." / "data" / "demo").resolve()
    if not (folder / DATALIST_NAME).is_file():
        print(f"No data set is given: making the demo data set (simulated head CT) in {folder}", flush=True)
        make_demo(folder)
    return str(folder)


def _is_made(folder: Path, parameters: dict[str, Any]) -> bool:
    """Whether the folder holds this very data set; anything else in it is an error."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    remedy = "Remove it, or choose another folder."
    if not (folder / DATALIST_NAME).is_file():
        raise InputError(f"{folder}: this is not a demo data set, and nothing is written over it. {remedy}")
    made = DataList.load(folder).provenance.get("parameters")
    if made != parameters:
        raise InputError(f"{folder}: this data set was made with {made}, not with {parameters}. {remedy}")
    return True
