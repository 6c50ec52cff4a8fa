"""What is in the dermoscopy demo: images, label file and data list."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from data_prep.datasets.isic2018_tables import DIAGNOSES
from data_prep.demo.dermoscopy.camera import take_photograph
from data_prep.demo.dermoscopy.lesion import make_lesion
from data_prep.demo.lists import FRACTIONS, LABELS_NAME, save_data_list
from data_prep.demo.shares import apportion, draw_labeled
from monai_ssl.data.splits import split_patients
from monai_ssl.errors import InputError
from monai_ssl.files import make_folder, write_whole

__all__ = ["write_content"]

_FREQUENCIES = {"MEL": 0.111, "NV": 0.669, "BCC": 0.051, "AKIEC": 0.033, "BKL": 0.110, "DF": 0.012, "VASC": 0.014}
_LEAST_OF_EACH = 5  # three for training, one each for validation and test
_LEAST_LESIONS = 50  # so that NV is still the most frequent
_VIEWS = (0.74, 0.18, 0.08)  # how often a lesion has one, two or three photographs
_STREAM = 3  # not 1 or 2, as split and budget; but lesions 1 to 3, from 0, have the streams 1 to 3 if they are MEL
_PROTOCOL = (
    "Simulated dermoscopy. The diagnoses of the lesions are as frequent as in ISIC 2018, but none has fewer than "
    "{least} lesions. The lesions of each diagnosis are split 60/20/20 into training, validation and test; all "
    "photographs of a lesion are in one split. Of the training images of each diagnosis, a random {budget} (a fraction "
    "with a point, else its share of a count) keep their labels, and at least one; the others are unlabeled. The "
    "validation and the test split are labeled in whole, which a study with few labels could not afford. labels.csv "
    "has the labels of all images, as the challenge's file does; training reads datalist.json only."
)


def write_content(folder: Path, parameters: dict[str, Any], command: str, progress: bool) -> None:
    """Write ``images/``, ``labels.csv`` and ``datalist.json``.

    Args:
        folder: the folder to fill.
        parameters: ``phantom``, ``seed``, ``lesions``, ``budget`` and ``image_size``; all go into the provenance.
        command: what makes this data set, for the provenance.
        progress: whether to show a progress bar.

    Raises:
        InputError: when there are too few lesions for seven diagnoses in three splits, or the budget is out of range.
    """
    seed, budget = parameters["seed"], parameters["budget"]
    diagnoses = _draw_diagnoses(parameters["lesions"], seed)
    split = _split_by_diagnosis(diagnoses, seed)
    make_folder(folder / "images")
    entries: dict[str, list[dict[str, Any]]] = {"training": [], "validation": [], "test": []}
    for lesion, diagnosis in enumerate(tqdm(diagnoses, desc="demo data", unit="lesion", disable=not progress)):
        for file in _write_lesion(folder / "images", lesion, diagnosis, seed, parameters["image_size"]):
            entries[split[lesion]].append({"image": str(file), "patient": _pseudonym(lesion), "label": diagnosis})
    _write_labels(folder / LABELS_NAME, [entry for part in entries.values() for entry in part])

    training = entries["training"]
    labels, owners = ([entry[key] for entry in training] for key in ("label", "patient"))
    save_data_list(
        folder,
        entries,
        set(draw_labeled(labels, owners, budget, seed)),
        parameters=parameters,
        command=command,
        protocol=_PROTOCOL.format(budget=budget, least=_LEAST_OF_EACH),
        name="demo_dermoscopy",
        task="multiclass",
        labels=DIAGNOSES,
        modality="XC",
        channels=3,
        spatial_dims=2,
    )


def _draw_diagnoses(lesions: int, seed: int) -> list[int]:
    """The diagnosis of each lesion: counts as they are frequent, in a random order."""
    if lesions < _LEAST_LESIONS:
        raise InputError(
            f"{lesions} lesions are too few for {len(DIAGNOSES)} diagnoses in three splits. Give {_LEAST_LESIONS} or "
            "more."
        )
    counts = apportion(lesions, [_FREQUENCIES[name] for name in DIAGNOSES], _LEAST_OF_EACH)
    ordered = np.repeat(np.arange(len(DIAGNOSES)), counts)
    return np.random.default_rng([seed, _STREAM]).permutation(ordered).tolist()


def _split_by_diagnosis(diagnoses: list[int], seed: int) -> dict[int, str]:
    """The split of each lesion, drawn for each diagnosis by itself, so that every split has them all."""
    split: dict[int, str] = {}
    for diagnosis in range(len(DIAGNOSES)):
        own = [lesion for lesion, other in enumerate(diagnoses) if other == diagnosis]
        split.update(zip(own, split_patients([_pseudonym(lesion) for lesion in own], FRACTIONS, seed), strict=True))
    return split


def _write_lesion(folder: Path, lesion: int, diagnosis: int, seed: int, size: int) -> list[Path]:
    """Write the photographs of one lesion, which depend on the seed, its number and its diagnosis alone."""
    rng = np.random.default_rng([seed, lesion, diagnosis])
    surface = make_lesion(rng, diagnosis, 2 * size)
    hairy = max(0.0, rng.normal(0, 0.25))
    files = []
    for view in range(rng.choice(len(_VIEWS), p=_VIEWS) + 1):
        picture = take_photograph(rng, surface, size, hairy)
        file = folder / f"PHANTOM_{lesion + 1:04}_{view + 1}.jpg"
        Image.fromarray(picture).save(file, quality=int(rng.integers(75, 95)))
        files.append(file)
    return files


def _write_labels(file: Path, entries: list[dict[str, Any]]) -> None:
    """Write the labels in the challenge's form: a column of 0.0 and 1.0 for each diagnosis."""
    labels = {Path(entry["image"]).stem: entry["label"] for entry in entries}
    with write_whole(file) as temporary, temporary.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(["image", *DIAGNOSES])
        for image in sorted(labels):
            writer.writerow([image, *(float(index == labels[image]) for index in range(len(DIAGNOSES)))])


def _pseudonym(lesion: int) -> str:
    return f"l{lesion + 1:04}"
