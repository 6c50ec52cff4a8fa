"""Entries of a data list with the pseudo-labels that are on disk, and the end of those."""

from collections.abc import Mapping, Sequence
from typing import Any

from monai_ssl.errors import InputError
from monai_ssl.pseudo_labels.journal import FoundLabel, PseudoLabelRecord
from monai_ssl.pseudo_labels.masks import PseudoMasks
from monai_ssl.pseudo_labels.names import entry_key
from monai_ssl.pseudo_labels.table import PseudoTable

__all__ = ["label_entries", "refuse_corrected", "without_label"]

_LABELS = ("label", "mask", "pseudo_label")
_AGAIN = "Run the pseudo-labeling again, which makes what is missing."

Kept = PseudoMasks | PseudoTable


def without_label(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of an entry without any label."""
    return {key: value for key, value in entry.items() if key not in _LABELS}


def label_entries(
    entries: Sequence[Mapping[str, Any]],
    found: Mapping[str, FoundLabel],
    records: Sequence[PseudoLabelRecord],
    kept: Kept,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Copies of entries with pseudo-labels, and of those whose label was corrected by hand.

    Args:
        entries: unlabeled ones.
        found: what is on disk, by key.
        records: what was made.
        kept: checks what is taken.

    Returns:
        with ``"pseudo_label"``, and with ``"label"``.

    Raises:
        InputError: for an image without a pseudo-label, and a corrected one that cannot be used.
    """
    latest = {record.key: record for record in records}
    keys = [entry_key(entry) for entry in entries]
    without = [entry["image"] for entry, key in zip(entries, keys, strict=True) if key not in latest]
    if without:
        raise InputError(
            f"{without[0]}: this image has no pseudo-label ({len(without)} of {len(entries)} have none). {_AGAIN}"
        )
    pseudo, corrected = [], []
    for entry, key in zip(entries, keys, strict=True):
        if key not in found:
            raise InputError(f"{kept.describe(latest[key])}: this pseudo-label is missing. Put it back, or: {_AGAIN}")
        kept.check(entry, found[key])
        if found[key].corrected:
            corrected.append({**without_label(entry), "label": found[key].value})
        else:
            pseudo.append({**without_label(entry), "pseudo_label": found[key].value})
    return pseudo, corrected


def refuse_corrected(records: Sequence[PseudoLabelRecord], kept: Kept, made: str) -> None:
    """Make sure that pseudo-labels may be removed: that none of them was corrected by hand.

    Args:
        records: of those that would be removed.
        kept: knows what is on disk.
        made: says, for the message, how they were made.

    Raises:
        InputError: when one was corrected.
    """
    names = {record.key: kept.describe(record) for record in records}
    corrected = [names[key] for key, found in kept.read(records).items() if found.corrected]
    if corrected:
        others = f" (and {len(corrected) - 1} others)" if len(corrected) > 1 else ""
        raise InputError(
            f"{corrected[0]}{others}: this was corrected by hand, but the pseudo-labels here were made {made}. New "
            "ones would take its place. Move what was corrected away, choose another folder, or keep what made them."
        )
