"""From a datastore to a data list: final labels are labels, all other images are unlabeled."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from monai_ssl.data import DataList
from monai_ssl.errors import InputError
from monai_ssl.label.catalog import Kind
from monai_ssl.label.labels import class_labels, kind_of_label, read_classes
from monai_ssl.label.patients import find_patients, header_value
from monai_ssl.label.settings import Settings
from monai_ssl.readers import read_image
from monai_ssl.readers.mask import read_mask
from monai_ssl.regions import name_values
from monai_ssl.salt import opaque

__all__ = ["Store", "choose_validation", "list_data"]

logger = logging.getLogger(__name__)

_FINAL = "final"


class Store(Protocol):
    """What is needed of MONAI Label's ``Datastore``."""

    def list_images(self) -> list[str]:
        """The names of all images."""

    def get_image_uri(self, image_id: str) -> str:
        """The file of an image."""

    def get_image_info(self, image_id: str) -> dict[str, Any]:
        """What is known of an image."""

    def get_label_by_image_id(self, image_id: str, tag: str) -> str:
        """The name of an image's label; empty where there is none."""

    def get_label_uri(self, label_id: str, label_tag: str) -> str:
        """The file of a label."""


def list_data(
    store: Store,
    kind: Kind,
    settings: Settings,
    *,
    salt: bytes,
    fraction: float,
    former: Collection[str] = (),
) -> DataList:
    """Make the data list of a round of training.

    An image with a final label of the model's kind is labeled; every other image is unlabeled, and no label of it is
    opened. The validation images are the labeled images of some patients, of whom nothing is trained with. Patients
    that were chosen before stay chosen, so that rounds and models can be compared, and nothing of them is trained with
    where they have no label any more.

    Args:
        store: the datastore.
        kind: of the model: class labels, or masks.
        settings: the app's.
        salt: of the pseudonyms.
        fraction: of the labeled patients, for validation.
        former: the pseudonyms of those chosen before.

    Raises:
        InputError: when there are too few labels, or files that cannot be used.
    """
    names = sorted(store.list_images())
    files = {name: store.get_image_uri(name) for name in names}
    finals = {name: _final_label(store, name) for name in names}
    marked = {name: label for name, label in finals.items() if label and kind_of_label(label) == kind}
    told = {
        name: str(store.get_image_info(name).get("patient") or "").strip() or settings.patients.get(name, "")
        for name in names
    }
    patients, unknown = find_patients(files, told, settings.patient_pattern, salt)
    whose = {patients[name] for name in marked}
    if len(whose) < 2:
        raise InputError(
            f"{len(marked)} images have a final label for {kind}, of fewer than two patients. Label images of at least "
            "two: one to train with and one to validate on."
        )
    head, labels = _labels(kind, marked, settings)

    def tells_apart(some: set[str]) -> bool:
        return kind == "segmentation" or _has_both([labels[name] for name in marked if patients[name] in some])

    chosen = choose_validation(whose, fraction, former, salt, tells_apart)

    def entry(name: str) -> dict[str, Any]:
        label = {"label": labels[name]} if name in marked else {}
        return {"image": files[name], "patient": patients[name], **label}

    held_out = chosen | set(former)
    rest = [name for name in names if patients[name] not in held_out]
    lists: dict[str, Any] = {
        "labeled": [entry(name) for name in rest if name in marked],
        "unlabeled": [entry(name) for name in rest if name not in marked],
        "validation": [entry(name) for name in names if name in marked and patients[name] in chosen],
        "test": [],
    }
    first = files[next(iter(marked))]
    shape = read_image(first, windows=("raw",)).shape
    counts = {key: len(entries) for key, entries in lists.items()}
    return DataList(
        name="MONAI Label datastore",
        modality=settings.modality or header_value(first, "Modality") or "OT",
        channels=shape[0],
        spatial_dims=len(shape) - 1,
        provenance={
            "source": {"kind": "MONAI Label datastore"},
            "protocol": f"at least {fraction:g} of the labeled patients are validated on, the same in all rounds; "
            f"the patient of {unknown} of {len(names)} images is not known: each counts as a patient of its own",
            "counts": counts,
        },
        **head,
        **lists,
    )


def choose_validation(
    patients: Collection[str],
    fraction: float,
    former: Collection[str],
    salt: bytes,
    suffices: Callable[[set[str]], bool] = lambda _: True,
) -> set[str]:
    """Choose the patients to validate on: those that were chosen before, and more until there are enough.

    Args:
        patients: the pseudonyms of those with labels, of at least two.
        fraction: of them; at least one is chosen, and at least one is left.
        former: those chosen before, of whom some may not be among ``patients`` any more.
        salt: decides the order in which others are taken.
        suffices: whether a model can be validated on some patients; more are chosen until it can.

    Raises:
        InputError: for a fraction that is not above 0 and below 1, where it cannot on all of them but one, and where
            all of them were chosen before.
    """
    if not 0 < fraction < 1:
        raise InputError(f"val_split is {fraction!r}. Give a number above 0 and below 1, such as 0.2.")
    wanted = min(max(1, round(fraction * len(patients))), len(patients) - 1)
    order = sorted(patients, key=lambda patient: (patient not in former, opaque(salt, "validation", patient)))
    kept = sum(patient in former for patient in patients)
    if kept == len(patients):
        raise InputError(
            f"All {kept} patients with labels are validated on, so that there is nobody to train with. Label images of "
            "others."
        )
    for count in range(max(wanted, kept), len(patients)):
        if suffices(chosen := set(order[:count])):
            return chosen
    raise InputError(
        f"The images of {len(patients)} patients have a final label, too few to train with some and to validate on "
        "others: no class would have an image with and one without it among the latter. Label more."
    )


def _has_both(labels: Sequence[Any]) -> bool:
    """Whether some class has both an image with it and one without."""
    columns = zip(*labels, strict=True) if labels and isinstance(labels[0], list) else [labels]
    return any(len(set(column)) > 1 for column in columns)


def _final_label(store: Store, name: str) -> str:
    label = store.get_label_by_image_id(name, _FINAL)
    return store.get_label_uri(label, _FINAL) if label else ""


def _labels(kind: Kind, files: Mapping[str, str], settings: Settings) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the head of a data list says of labels, and the label of each image."""
    if kind == "classification":
        read = {name: read_classes(file, settings.labels) for name, file in files.items()}
        task, names, labels = class_labels(read, settings.labels)
        return {"task": task, "labels": names}, labels
    regions = settings.regions or name_values(
        value for file in files.values() for value in set(read_mask(file).ravel().tolist())
    )
    if not regions:
        raise InputError("All masks are empty. Label images where there is something to segment.")
    return {"task": "segmentation", "labels": tuple(regions), "masks": regions}, dict(files)
