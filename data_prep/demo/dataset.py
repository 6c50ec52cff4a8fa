"""A demo data set as a folder that is made once and never by halves."""

import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from data_prep.demo.kinds import KINDS, Kind
from monai_ssl.data.datalist import DATALIST_NAME, DataList
from monai_ssl.errors import InputError
from monai_ssl.files import make_folder

__all__ = ["demo_dir", "make_demo"]


def make_demo(
    output_dir: str | os.PathLike[str],
    *,
    phantom: str = "head",
    seed: int = 0,
    patients: int | None = None,
    lesions: int | None = None,
    budget: float | int = 0.1,
    image_size: int | None = None,
    progress: bool = True,
) -> Path:
    """Make a demo data set of simulated images.

    - ``"head"``: head CT as DICOM, labeled for the five types of intracranial hemorrhage (multilabel).
    - ``"dermoscopy"``: color photographs of skin lesions as JPEG, of seven diagnoses (multiclass, imbalanced).

    The folder gets ``images/``, ``labels.csv`` in the form of the RSNA 2019 or the ISIC 2018 challenge, and
    ``datalist.json``. It appears whole or not at all; where it holds the same set already, nothing is done. The same
    arguments give the same bytes.

    Args:
        output_dir: the folder to make.
        phantom: ``"head"`` or ``"dermoscopy"``.
        seed: of the phantoms, the split and the budget.
        patients: for the head, the number of patients, of 12 slices each (by default 60).
        lesions: for dermoscopy, the number of lesions, of one to three images each (by default 740).
        budget: labeled training images, as a fraction (float) or a count (int).
        image_size: rows and columns of an image (by default 128 for the head, 96 for dermoscopy).
        progress: whether to show a progress bar.

    Returns:
        The absolute path of the folder.

    Raises:
        InputError: when an argument is out of range or of another phantom, or the folder holds something else or
            cannot be written.
    """
    kind = _kind(phantom)
    counts = {"patients": patients, "lesions": lesions}
    for unit in counts.keys() - {kind.unit}:
        if counts[unit] is not None:
            raise InputError(f"{unit} are given, but the {phantom} demo is made of {kind.unit}. Give {kind.unit}.")
    if seed < 0:
        raise InputError(f"The seed of the demo is {seed}. Give 0 or more.")
    size = kind.image_size if image_size is None else image_size
    if size < kind.least_size:
        raise InputError(f"Demo images of {size} pixels a side show no findings. Give {kind.least_size} or more.")
    count = counts[kind.unit]
    parameters: dict[str, Any] = {
        **({"phantom": phantom} if kind.named else {}),
        "generator": kind.generator,
        "seed": seed,
        kind.unit: kind.count if count is None else count,
        "budget": budget,
        "image_size": size,
    }
    folder = Path(output_dir).absolute()
    if not _is_made(folder, parameters):
        _make_whole(folder, kind, parameters, progress)
    return folder


def demo_dir(bundle_root: str | os.PathLike[str], phantom: str = "head") -> str:
    """The demo data set next to the bundles; it is made where it is missing.

    Args:
        bundle_root: of a bundle.
        phantom: ``"head"`` for ``<bundle_root>/../../data/demo``, ``"dermoscopy"`` for ``.../data/demo_dermoscopy``.

    Returns:
        The absolute path of the folder.

    Raises:
        InputError: when there is no such phantom, or the folder cannot be written.
    """
    kind = _kind(phantom)
    folder = (Path(bundle_root) / ".." / ".." / "data" / kind.folder).resolve()
    if not (folder / DATALIST_NAME).is_file():
        print(f"No data set is given: making the demo data set ({kind.text}) in {folder}", flush=True)
        make_demo(folder, phantom=phantom)
    return str(folder)


def _kind(phantom: str) -> Kind:
    if phantom not in KINDS:
        raise InputError(f"There is no phantom {phantom!r}. Give one of {', '.join(KINDS)}.")
    return KINDS[phantom]


def _make_whole(folder: Path, kind: Kind, parameters: dict[str, Any], progress: bool) -> None:
    """Write the data set beside the folder, then give it its name."""
    make_folder(folder.parent)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        kind.write(temporary, parameters, progress)
        try:
            temporary.rename(folder)
        except OSError:
            if not _is_made(folder, parameters):  # else another process was faster, with the same files
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


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
