"""What is in the chest demo: images, masks, label file and data list."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from data_prep.datasets.chest_layout import DIAGNOSES
from data_prep.demo.chest.cohort import draw_diagnoses, draw_missing, split_by_diagnosis
from data_prep.demo.chest.radiograph import make_radiograph
from data_prep.demo.lists import LABELS_NAME, save_data_list
from data_prep.pipeline.writing import write_png
from monai_ssl.data.budget import sample_budget
from monai_ssl.files import make_folder, write_whole

__all__ = ["write_content"]

_MASKS = {"lung": [255]}
_PROTOCOL = (
    "Simulated chest radiographs, one a patient, 45 % normal, 30 % with tuberculosis, 25 % with a nodule. The patients "
    "of each diagnosis are split 60/20/20 into training, validation and test. Of the training images, {budget} (a "
    "fraction with a point, else a count) are drawn at random, as many of each diagnosis, and keep what is known of "
    "them; the others are unlabeled. Not all is known: one training image in six has no mask, and one in twelve has a "
    "mask but no class (-1) in the list, so that an entry may have both or one of them, and is used for what it has. "
    "Validation and test images all have a class, and nine in ten a mask, which a study with few labels could not "
    "afford. labels.csv has the classes of all images, and masks/ all masks that there are; training reads "
    "datalist.json only."
)


def write_content(folder: Path, parameters: dict[str, Any], command: str, progress: bool) -> None:
    """Write ``images/``, ``masks/``, ``labels.csv`` and ``datalist.json``.

    Args:
        folder: the folder to fill.
        parameters: ``phantom``, ``seed``, ``radiographs``, ``budget`` and ``image_size``; all go into the provenance.
        command: what makes this data set, for the provenance.
        progress: whether to show a progress bar.

    Raises:
        InputError: when there are too few radiographs for three diagnoses in three splits, or the budget is out of
            range.
    """
    seed, budget, size = (parameters[key] for key in ("seed", "budget", "image_size"))
    diagnoses = draw_diagnoses(parameters["radiographs"], seed)
    patients = [f"c{number + 1:04}" for number in range(len(diagnoses))]
    splits = split_by_diagnosis(diagnoses, patients, seed)
    missing = draw_missing(list(zip(diagnoses, splits, strict=True)), seed)
    for name in ("images", "masks"):
        make_folder(folder / name)
    entries: dict[str, list[dict[str, Any]]] = {"training": [], "validation": [], "test": []}
    rows = []
    for number in tqdm(range(len(diagnoses)), desc="demo data", unit="radiograph", disable=not progress):
        name, diagnosis = f"PHANTOM_{number + 1:04}.png", diagnoses[number]
        # From 1, as seeds that end in 0 are those without it: the streams of split, budget and cohort.
        radiograph = make_radiograph(np.random.default_rng([seed, number, 1 + diagnosis]), diagnosis, size)
        write_png(folder / "images" / name, radiograph.image)
        entry: dict[str, Any] = {
            "image": str(folder / "images" / name),
            "patient": patients[number],
            "label": -1 if missing[number] == "class" else diagnosis,
        }
        if missing[number] != "mask":
            write_png(folder / "masks" / name, radiograph.mask)
            entry["mask"] = str(folder / "masks" / name)
        entries[splits[number]].append(entry)
        rows.append((name, patients[number], DIAGNOSES[diagnosis], "yes" if "mask" in entry else "no"))
    _write_labels(folder / LABELS_NAME, rows)

    owners = [entry["patient"] for entry in entries["training"]]
    training = [diagnosis for diagnosis, split in zip(diagnoses, splits, strict=True) if split == "training"]
    drawn = sample_budget(training, owners, budget, seed, class_names=DIAGNOSES, sampling="balanced")
    save_data_list(
        folder,
        entries,
        set(drawn),
        label_files=(LABELS_NAME, "masks/*.png"),
        parameters=parameters,
        command=command,
        protocol=_PROTOCOL.format(budget=budget),
        name="demo_chest",
        task="joint",
        labels=DIAGNOSES,
        masks=_MASKS,
        modality="DX",
        channels=1,
        spatial_dims=2,
    )


def _write_labels(file: Path, rows: list[tuple[str, str, str, str]]) -> None:
    """Write the class of each image, and whether there is a mask of its lungs."""
    with write_whole(file) as temporary, temporary.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(("image", "patient", "class", "has_mask"))
        writer.writerows(rows)
