"""What is in the brain tumor demo: images, masks and data list."""

from pathlib import Path
from typing import Any

from tqdm import tqdm

from data_prep.datasets.brats_layouts import LAYOUTS, MODALITIES, REGIONS
from data_prep.demo.brain_tumor.nifti import write_volume
from data_prep.demo.brain_tumor.subject import make_subject
from data_prep.demo.lists import FRACTIONS, save_data_list
from monai_ssl.data.budget import sample_budget
from monai_ssl.data.splits import split_patients
from monai_ssl.files import make_folder

__all__ = ["write_content"]

_MASKS = dict(zip(REGIONS, LAYOUTS[0].values, strict=True))
_PROTOCOL = (
    "Simulated brain MR. Subjects are split 60/20/20 into training, validation and test. Of the training subjects, a "
    "random {budget} (a fraction with a point, else a count) keep their masks, and more where a region would be in "
    "none of them; the others are unlabeled. The validation and the test split are labeled in whole, which a study "
    "with few labels could not afford. images/ has the masks of all subjects, as the challenge's training data have; "
    "training reads datalist.json only."
)


def write_content(folder: Path, parameters: dict[str, Any], command: str, progress: bool) -> None:
    """Write ``images/`` in the layout of BraTS 2018, and ``datalist.json``.

    Args:
        folder: the folder to fill.
        parameters: ``phantom``, ``seed``, ``subjects``, ``budget`` and ``image_size``; all go into the provenance.
        command: what makes this data set, for the provenance.
        progress: whether to show a progress bar.

    Raises:
        InputError: when there are too few subjects for three splits, or the budget is out of range.
    """
    seed, budget = parameters["seed"], parameters["budget"]
    split = split_patients([_pseudonym(index) for index in range(parameters["subjects"])], FRACTIONS, seed)
    entries: dict[str, list[dict[str, Any]]] = {"training": [], "validation": [], "test": []}
    shown: dict[str, list[int]] = {}  # by subject, whether each region is there
    for subject in tqdm(range(len(split)), desc="demo data", unit="subject", disable=not progress):
        entry, regions = _write_subject(folder / "images", subject, seed, parameters["image_size"])
        entries[split[subject]].append(entry)
        shown[entry["patient"]] = regions
    owners = [entry["patient"] for entry in entries["training"]]
    drawn = sample_budget([shown[owner] for owner in owners], owners, budget, seed, class_names=REGIONS)
    save_data_list(
        folder,
        entries,
        set(drawn),
        label_files=("images/*/*_seg.nii.gz",),
        modalities=MODALITIES,
        parameters=parameters,
        command=command,
        protocol=_PROTOCOL.format(budget=budget),
        name="demo_brain_tumor",
        task="segmentation",
        labels=REGIONS,
        masks=_MASKS,
        modality="MR",
        channels=len(MODALITIES),
        spatial_dims=3,
    )


def _write_subject(folder: Path, number: int, seed: int, size: int) -> tuple[dict[str, Any], list[int]]:
    """Write the scans and the mask of one subject; gives its entry, and 0 or 1 for each region."""
    subject, name = make_subject(seed, number, size), f"PHANTOM_{number + 1:04}"
    make_folder(folder / name)
    volumes = {**subject.images, "seg": subject.mask}
    files = {part: folder / name / f"{name}_{part}.nii.gz" for part in volumes}
    for part, volume in volumes.items():
        write_volume(files[part], volume, subject.spacing)
    entry = {
        "image": [str(files[modality]) for modality in MODALITIES],
        "patient": _pseudonym(number),
        "label": str(files["seg"]),
    }
    values = set(subject.mask.ravel().tolist())
    return entry, [int(not values.isdisjoint(region)) for region in _MASKS.values()]


def _pseudonym(subject: int) -> str:
    return f"s{subject + 1:04}"
