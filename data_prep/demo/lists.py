"""The data list that every demo data set ends in."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import monai_ssl
from monai_ssl.data.datalist import DataList

__all__ = ["FRACTIONS", "LABELS_NAME", "save_data_list"]

FRACTIONS = (0.6, 0.2, 0.2)
"""Of training, validation and test."""
LABELS_NAME = "labels.csv"


def save_data_list(
    folder: Path,
    entries: Mapping[str, list[dict[str, Any]]],
    drawn: Collection[int],
    *,
    parameters: Mapping[str, Any],
    command: str,
    protocol: str,
    label_files: Sequence[str] = (LABELS_NAME,),
    modalities: Sequence[str] = (),
    **head: Any,
) -> None:
    """Write ``datalist.json``, with all of how the data set was made in its provenance.

    Args:
        folder: the data set, whose images and label files are there already.
        entries: labeled entries of ``"training"``, ``"validation"`` and ``"test"``.
        drawn: which training entries keep their labels.
        parameters: the arguments of the data set.
        command: what makes it.
        protocol: what was split and drawn, in sentences.
        label_files: patterns of the files in the folder that the labels come from. The checksum of each is that of all
            its files one after the other, in the order of their names.
        modalities: names of the channels, where each is a file.
        **head: name, task, labels, masks, modality, channels and spatial_dims of the :class:`DataList`.

    Raises:
        InputError: when an entry or a file is not in order.
        FileNotFoundError: when there are no label files.
    """
    labeled = [entry for index, entry in enumerate(entries["training"]) if index in drawn]
    unlabeled = [
        {"image": entry["image"], "patient": entry["patient"]}
        for index, entry in enumerate(entries["training"])
        if index not in drawn
    ]
    lists: dict[str, Any] = {
        "labeled": labeled,
        "unlabeled": unlabeled,
        "validation": entries["validation"],
        "test": entries["test"],
    }
    DataList(
        **head,
        **lists,
        provenance={
            "command": command,
            "parameters": parameters,
            "protocol": protocol,
            "counts": {key: len(value) for key, value in lists.items()},
            **({"source": {"modalities": list(modalities)}} if modalities else {}),
            "sha256": {pattern: _checksum(folder, pattern) for pattern in label_files},
            "version": monai_ssl.__version__,
        },
    ).save(folder)


def _checksum(folder: Path, pattern: str) -> str:
    """SHA-256 of the files that match a pattern."""
    files = sorted(folder.glob(pattern))
    if not files:
        raise FileNotFoundError(f"{folder} has no {pattern}.")
    found = hashlib.sha256()
    for file in files:
        found.update(file.read_bytes())
    return found.hexdigest()
