"""How a data list was made, and whether one that is there already may be replaced."""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from data_prep.protocol import PROTOCOL, Division
from data_prep.tables import Roles
from monai_ssl import __version__
from monai_ssl.data import DATALIST_NAME, DataList
from monai_ssl.errors import InputError

__all__ = ["describe", "refuse_overwriting"]

# The options that make the data list what it is; those that only say where things are do not belong to it.
_OPTIONS = (
    "seed",
    "budget",
    "validation_budget",
    "unit",
    "fractions",
    "classes",
    "separator",
    "negative",
    "unlabeled_rest",
    "skip_bad",
    "copy",
    "modality",
)


def describe(
    options: argparse.Namespace,
    roles: Roles,
    *,
    label_format: str,
    images_sha256: str,
    division: Division,
    skipped: int,
) -> dict[str, Any]:
    """What is written under ``"provenance"``.

    Args:
        options: of the command line.
        roles: the columns that were used.
        label_format: of the labels.
        images_sha256: of the names and sizes of all images of the folder.
        division: the lists and their counts.
        skipped: the number of rows and images set aside.
    """
    return {
        "command": "python -m data_prep folder",
        "version": __version__,
        "protocol": PROTOCOL,
        "options": {key: getattr(options, key) for key in _OPTIONS} | {"missing": sorted(options.missing)},
        "columns": {
            "image": roles.image,
            "patient": roles.patient,
            "split": roles.split,
            "labels": list(roles.labels),
        },
        "label_format": label_format,
        "counts": {key: len(places) for key, places in division.lists.items()} | division.counts | {"skipped": skipped},
        "labels_sha256": hashlib.sha256(Path(options.labels).read_bytes()).hexdigest(),
        "images_sha256": images_sha256,
    }


def refuse_overwriting(datalist: DataList, output: Path) -> None:
    """Make sure that no other data list is in the folder.

    Raises:
        InputError: when there is one with another content.
    """
    file = output / DATALIST_NAME
    if not file.exists():
        return
    try:
        same = json.loads(file.read_text(encoding="utf-8")) == json.loads(json.dumps(datalist.content(output)))
    except ValueError:
        same = False
    if not same:
        raise InputError(f"{file}: there is another data list already. Give another --output, or --overwrite.")
