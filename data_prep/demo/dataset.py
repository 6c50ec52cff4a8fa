"""A demo data set as a folder that is made once and never by halves."""

import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from data_prep.demo.kinds import KINDS, Kind
from monai_ssl.data.datalist import DATALIST_NAME, DataList
from monai_ssl.data.datalist_file import read_content
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
    subjects: int | None = None,
    radiographs: int | None = None,
    budget: float | int | None = None,
    image_size: int | None = None,
    progress: bool = True,
) -> Path:
    """Make a demo data set of simulated images.

    - ``"head"``: head CT as DICOM, labeled for the five types of intracranial hemorrhage (multilabel).
    - ``"dermoscopy"``: color photographs of skin lesions as JPEG, of seven diagnoses (multiclass, imbalanced).
    - ``"brain_tumor"``: brain MR of gliomas as NIfTI, in four modalities, with masks of three regions (segmentation).
    - ``"chest"``: chest radiographs as PNG: normal, tuberculosis or nodule, with masks of the lungs (joint).

    The folder gets ``images/`` and ``datalist.json``, and ``labels.csv`` in the form of the RSNA 2019 or the ISIC 2018
    challenge; images and masks of brain tumors are laid out as in BraTS 2018; those of chests are in ``images/`` and
    ``masks/`` under the same names, their classes in ``labels.csv``. It appears whole or not at all; where it
    holds the same set already, nothing is done. The same arguments give the same bytes.

    Args:
        output_dir: the folder to make.
        phantom: ``"head"``, ``"dermoscopy"``, ``"brain_tumor"`` or ``"chest"``.
        seed: of the phantoms, the split and the budget.
        patients: for the head, the number of patients, of 12 slices each (by default 60).
        lesions: for dermoscopy, the number of lesions, of one to three images each (by default 740).
        subjects: for brain tumors, the number of subjects, of one study each (by default 60).
        radiographs: for chests, the number of radiographs, of one patient each (by default 600).
        budget: labeled training images, as a fraction (float) or a count (int); by default 0.1, and 0.17 for brain
            tumors, which is 6 of 36.
        image_size: rows and columns of an image (by default 128 for heads and chests, 96 for dermoscopy), or voxels
            along the longest side of a volume (by default 72 for brain tumors).
        progress: whether to show a progress bar.

    Returns:
        The absolute path of the folder.

    Raises:
        InputError: when an argument is out of range or of another phantom, or the folder holds something else or
            cannot be written.
    """
    kind = _kind(phantom)
    counts = {"patients": patients, "lesions": lesions, "subjects": subjects, "radiographs": radiographs}
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
        **kind.release,
        "seed": seed,
        kind.unit: kind.count if count is None else count,
        "budget": kind.budget if budget is None else budget,
        "image_size": size,
    }
    folder = Path(output_dir).absolute()
    if not _is_made(folder, parameters):
        _make_whole(folder, kind, parameters, progress)
    return folder


def demo_dir(bundle_root: str | os.PathLike[str], phantom: str = "head") -> str:
    """The demo data set next to the bundles, or inside one that lies by itself; it is made where it is missing.

    One that was made with other arguments, as a seed or a budget, is taken as it is, but none of other images.

    Args:
        bundle_root: of a bundle, whose demo is in ``<bundle_root>/../../data``; or a bundle's folder that is not in
            one named ``bundles``, as an unpacked archive: its demo is in ``<bundle_root>/data``, for what is two
            folders above it is not known.
        phantom: ``"head"`` for ``data/demo``, ``"dermoscopy"`` for ``data/demo_dermoscopy``, ``"brain_tumor"`` for
            ``data/demo_brain_tumor``, ``"chest"`` for ``data/demo_chest``.

    Returns:
        The absolute path of the folder.

    Raises:
        InputError: when there is no such phantom, the folder holds another or an older data set, or it cannot be
            written.
    """
    kind = _kind(phantom)
    root = Path(bundle_root).resolve()
    alone = (root / "configs" / "metadata.json").is_file() and root.parent.name != "bundles"
    folder = (root if alone else root.parent.parent) / "data" / kind.folder
    if not (folder / DATALIST_NAME).is_file():
        print(f"No data set is given: making the demo data set ({kind.text}) in {folder}", flush=True)
        make_demo(folder, phantom=phantom)
        return str(folder)
    made = _made_with(folder)
    if {key: made[key] for key in ("phantom", "generator") if key in made} != kind.release:
        raise InputError(
            f"{folder}: this is not the demo data set ({kind.text}) of this version: it was made with "
            f"{made or 'another command'}, not with {kind.release}. Remove this folder, and the demo is made anew, or "
            "give a data set with --dataset_dir."
        )
    return str(folder)


def _kind(phantom: str) -> Kind:
    if phantom not in KINDS:
        raise InputError(f"There is no phantom {phantom!r}. Give one of {', '.join(KINDS)}.")
    return KINDS[phantom]


def _made_with(folder: Path) -> dict[str, Any]:
    """The parameters of the data set in a folder; none for one that is no demo."""
    provenance = read_content(folder).get("provenance")
    parameters = provenance.get("parameters") if isinstance(provenance, dict) else None
    return parameters if isinstance(parameters, dict) else {}


def _make_whole(folder: Path, kind: Kind, parameters: dict[str, Any], progress: bool) -> None:
    """Write the data set beside the folder, then give it its name."""
    make_folder(folder.parent)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        kind.write(temporary, parameters, kind.command(parameters), progress)
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
    if json.dumps(made, sort_keys=True) != json.dumps(parameters, sort_keys=True):  # 1 == 1.0, but only one is a count
        raise InputError(f"{folder}: this data set was made with {made}, not with {parameters}. {remedy}")
    return True
