"""How a data list was made, and whether one that is there already may be replaced."""

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data_prep.pipeline.protocol import describe_protocol
from data_prep.records import Record, Source
from monai_ssl import __version__
from monai_ssl.data import DATALIST_NAME, DataList
from monai_ssl.errors import InputError
from monai_ssl.files import file_sha256

__all__ = ["describe", "images_digest", "refuse_overwriting"]

# The common options that make the data list what it is; those that only say where things are do not belong to it.
_OPTIONS = ("validation_budget", "unit", "sampling", "fractions", "copy", "strict", "max_bad", "modality")


def describe(
    source: Source,
    digest: str,
    options: argparse.Namespace,
    *,
    budget: float | int,
    seed: int,
    split_seed: int,
    counts: Mapping[str, int],
) -> dict[str, Any]:
    """What is written under ``"provenance"``.

    Args:
        source: the data set.
        digest: of the images that can be used, from :func:`images_digest`.
        options: the common options of the command line.
        budget: of this data list.
        seed: of the budget.
        split_seed: of the splits.
        counts: of images and units.
    """
    return {
        "command": f"python -m data_prep {options.command}",
        "version": __version__,
        "protocol": describe_protocol(options.sampling),
        "options": {"budget": budget, "seed": seed, "split_seed": split_seed}
        | {key: getattr(options, key) for key in _OPTIONS},
        "source": source.details,
        "paths": "copies" if options.copy else "as found or converted; original files must stay where they are",
        "counts": dict(counts),
        "tables_sha256": {path.name: file_sha256(path) for path in source.tables},
        "images_sha256": digest,
    }


def refuse_overwriting(datalist: DataList, folder: Path, base: Path) -> None:
    """Make sure that no other data list is in the folder.

    Raises:
        InputError: when there is one with another content.
    """
    file = folder / DATALIST_NAME
    if not file.exists():
        return
    try:
        same = json.loads(file.read_text(encoding="utf-8")) == json.loads(json.dumps(datalist.content(folder, base)))
    except ValueError:
        same = False
    if not same:
        raise InputError(f"{file}: there is another data list already. Give another --output, or --overwrite.")


def images_digest(records: Sequence[Record]) -> str:
    """SHA-256 of the images' names and sizes."""
    found = hashlib.sha256()
    for record in records:
        found.update(f"{record.name}\t{sum(path.stat().st_size for path in record.images)}\n".encode())
    return found.hexdigest()
