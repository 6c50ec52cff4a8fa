"""What is in the head demo: images, label file and data list."""

import hashlib
from pathlib import Path
from typing import Any

from tqdm import tqdm

from data_prep.datasets.rsna_labels import HEMORRHAGE_TYPES, read_labels, write_labels
from data_prep.demo.dicom import write_slice
from data_prep.demo.lists import FRACTIONS, LABELS_NAME, save_data_list
from data_prep.demo.phantom import make_phantom
from data_prep.demo.scanners import scanner_of
from monai_ssl.data.budget import sample_budget
from monai_ssl.data.splits import split_patients
from monai_ssl.files import make_folder

__all__ = ["write_content"]

_SLICES = 12
_PROTOCOL = (
    "Simulated head CT. Patients are split 60/20/20 into training, validation and test. Of the training images, a "
    "random {budget} (a fraction with a point, else a count) keep their labels, and more where a type would have no "
    "positive; the others are unlabeled. The validation and the test split are labeled in whole, which a study with "
    "few labels could not afford. labels.csv has the labels of all images, as the challenge's file does; training "
    "reads datalist.json only."
)


def write_content(folder: Path, parameters: dict[str, Any], command: str, progress: bool) -> None:
    """Write ``images/``, ``labels.csv`` and ``datalist.json``; the data list is built from the label file.

    Args:
        folder: the folder to fill.
        parameters: ``seed``, ``patients``, ``budget`` and ``image_size``; all of it goes into the provenance.
        command: what makes this data set, for the provenance.
        progress: whether to show a progress bar.

    Raises:
        InputError: when there are too few patients for three splits, or the budget is out of range.
    """
    seed, budget = parameters["seed"], parameters["budget"]
    split = split_patients([_pseudonym(index) for index in range(parameters["patients"])], FRACTIONS, seed)
    make_folder(folder / "images")
    owner: dict[str, int] = {}  # the patient of each image
    labels: dict[str, list[int]] = {}
    for patient in tqdm(range(len(split)), desc="demo data", unit="patient", disable=not progress):
        for image, label in _write_patient(folder / "images", patient, seed, parameters["image_size"]).items():
            owner[image], labels[image] = patient, label
    write_labels(folder / LABELS_NAME, {image: labels[image] for image in sorted(labels)})

    entries: dict[str, list[dict[str, Any]]] = {"training": [], "validation": [], "test": []}
    for image, vector in read_labels(folder / LABELS_NAME).items():
        path = folder / "images" / f"{image}.dcm"
        entry = {"image": str(path), "patient": _pseudonym(owner[image]), "label": list(vector)}
        entries[split[owner[image]]].append(entry)
    training = entries["training"]
    drawn = sample_budget(
        [entry["label"] for entry in training], [entry["patient"] for entry in training], budget, seed
    )
    save_data_list(
        folder,
        entries,
        set(drawn),
        parameters=parameters,
        command=command,
        protocol=_PROTOCOL.format(budget=budget),
        name="demo",
        task="multilabel",
        labels=HEMORRHAGE_TYPES,
        modality="CT",
        channels=1,
        spatial_dims=2,
    )


def _write_patient(folder: Path, patient: int, seed: int, size: int) -> dict[str, list[int]]:
    """Write the slices of one patient; gives the labels of each image."""
    phantom, scanner = make_phantom(seed, patient, size, _SLICES), scanner_of(patient)
    series = (f"DEMO{patient + 1:04}", f"seed {seed}", f"size {size}")
    labels = {}
    for index, pixels in enumerate(scanner.store(phantom.hu)):
        digest = hashlib.sha256("/".join((*series, str(index))).encode()).hexdigest()
        image = f"ID_{digest[:9]}"
        write_slice(
            folder / f"{image}.dcm",
            pixels,
            scanner,
            series=series,
            number=index + 1,
            level=phantom.levels[index],
            spacing=phantom.spacing,
        )
        labels[image] = phantom.labels[index].tolist()
    return labels


def _pseudonym(patient: int) -> str:
    return f"p{patient + 1:04}"
