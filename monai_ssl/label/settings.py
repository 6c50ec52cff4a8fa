"""What the app is told when the server starts (``--conf KEY VALUE``)."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from monai_ssl.errors import InputError
from monai_ssl.label.catalog import NAMES, ServedModel, find_bundles, served_model
from monai_ssl.readers.listing import split_name
from monai_ssl.regions import parse_regions

__all__ = ["Settings", "read_settings"]

_KEYS = ("models", "bundles", "labels", "regions", "patients", "patient_pattern", "modality")
# MONAI Label and its clients put these there.
_OF_UPSTREAM = ("server_mode", "zoo_source", "zoo_repo", "zoo_auth_token", "sam2")


@dataclass(frozen=True)
class Settings:
    """The app's settings.

    Args:
        models: what is served.
        labels: the class names of classification, in their order; none for those that the labels have.
        regions: the mask values of each region of segmentation; none for those that the masks have.
        patients: the patient of images, by the image's name.
        patient_pattern: finds the patient in the name of an image: the first group, or all that matches.
        modality: of the images, as in DICOM.
    """

    models: tuple[ServedModel, ...]
    labels: tuple[str, ...]
    regions: dict[str, list[int]]
    patients: dict[str, str]
    patient_pattern: re.Pattern[str] | None
    modality: str | None


def read_settings(conf: Mapping[str, str]) -> Settings:
    """Read the settings.

    Args:
        conf: ``models`` (names with commas between, or ``all``), ``bundles`` (a folder), ``labels`` (names with commas
            between), ``regions`` (such as ``"whole=1+2,core=2"``), ``patients`` (a CSV with the columns ``image`` and
            ``patient``), ``patient_pattern`` (a regular expression) and ``modality``.

    Raises:
        InputError: for a key that there is none of, and values that cannot be used.
    """
    odd = [key for key in conf if key not in (*_KEYS, *_OF_UPSTREAM)]
    if odd:
        raise InputError(f"`--conf {odd[0]}` is not known. Give one of {', '.join(_KEYS)}.")
    names = NAMES if conf.get("models") == "all" else _parts(conf.get("models", ""))
    if not names:
        raise InputError(f"No model is named. Give `--conf models` with one or more of {', '.join(NAMES)}, or `all`.")
    labels = _parts(conf.get("labels", ""))
    if len(set(labels)) < len(labels):
        raise InputError(f"`--conf labels {conf['labels']}` has a name twice. Name each class once.")
    bundles = find_bundles(conf.get("bundles"))
    return Settings(
        models=tuple(served_model(name, Path(bundles)) for name in names),
        labels=labels,
        regions=parse_regions(conf["regions"]) if conf.get("regions") else {},
        patients=_read_patients(Path(conf["patients"])) if conf.get("patients") else {},
        patient_pattern=_pattern(conf.get("patient_pattern")),
        modality=conf.get("modality") or None,
    )


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _read_patients(path: Path) -> dict[str, str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            named = {split_name(row["image"].strip())[0]: row["patient"].strip() for row in rows}
    except OSError as error:
        raise InputError(f"{path}: this table cannot be read ({error.strerror}). Check `--conf patients`.") from None
    except (KeyError, AttributeError, UnicodeDecodeError, csv.Error):
        raise InputError(f"{path}: this is no table of patients. Give a CSV with the columns image, patient.") from None
    return named


def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise InputError(f"`--conf patient_pattern {text}` is no regular expression ({error}).") from None
