"""Entries of a data list with the pseudo-labels that are on disk, and the end of those."""

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from monai_ssl.data.datalist_entries import image_paths
from monai_ssl.errors import InputError
from monai_ssl.pseudo_labels.journal import FoundLabel, PseudoLabelRecord
from monai_ssl.pseudo_labels.masks import PseudoMasks
from monai_ssl.pseudo_labels.names import entry_key
from monai_ssl.pseudo_labels.table import PseudoTable

__all__ = ["label_entries", "refuse_corrected", "refuse_unlabeled", "without_label"]

_logger = logging.getLogger("monai_ssl")
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
    base: str | None,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Copies of entries with pseudo-labels, and of those whose label was corrected by hand.

    Args:
        entries: unlabeled ones.
        found: what is on disk, by key.
        records: what was made.
        kept: checks what is taken.
        base: as in :func:`~monai_ssl.pseudo_labels.names.entry_key`.

    Returns:
        with ``"pseudo_label"``, and with ``"label"``.

    Raises:
        InputError: for an image without a pseudo-label, a corrected one that cannot be used or whose image is not among
            the patient's, a mask that is of no image, and when all were corrected.
    """
    latest = {record.key: record for record in records}
    keys = [entry_key(entry, base) for entry in entries]
    listed = set(keys)
    unlisted = [latest[key] for key, label in found.items() if label.corrected and key not in listed]
    _refuse_unlisted(unlisted, {entry["patient"] for entry in entries}, kept)
    refuse_unlabeled(entries, [key in latest for key in keys])
    kept.check_folder(records)
    pseudo, corrected = [], []
    for entry, key in zip(entries, keys, strict=True):
        if key not in found:
            raise InputError(f"{kept.describe(latest[key])}: this pseudo-label is missing. Put it back, or: {_AGAIN}")
        kept.check(entry, found[key])
        if found[key].corrected:
            corrected.append({**without_label(entry), "label": found[key].value})
        else:
            pseudo.append({**without_label(entry), "pseudo_label": found[key].value})
    if corrected and not pseudo:
        raise InputError(
            f"{kept.describe(latest[keys[0]])}: this and every other pseudo-label was corrected by hand, nothing is "
            "left for the robust loss. Leave one as the teacher made it, or make a data list with what was corrected "
            "as labels and train the bundle `supervised`."
        )
    return pseudo, corrected


def refuse_unlabeled(entries: Sequence[Mapping[str, Any]], labeled: Sequence[bool]) -> None:
    """Make sure that every image has a pseudo-label.

    Args:
        entries: of a data list.
        labeled: whether each has one.

    Raises:
        InputError: when one has none.
    """
    without = [entry for entry, has in zip(entries, labeled, strict=True) if not has]
    if without:
        raise InputError(
            f"{image_paths(without[0])[0]}: this image has no pseudo-label ({len(without)} of {len(entries)} have "
            f"none). {_AGAIN}"
        )


def refuse_corrected(records: Sequence[PseudoLabelRecord], kept: Kept, made: str, instead: str = "") -> None:
    """Make sure that pseudo-labels may be removed: that none of them was corrected by hand.

    Args:
        records: of those that would be removed.
        kept: knows what is on disk.
        made: says, for the message, how they were made.
        instead: a sentence, after a space, with what else may be done.

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
            f"{instead}"
        )


def _refuse_unlisted(corrected: Sequence[PseudoLabelRecord], patients: Collection[str], kept: Kept) -> None:
    """Make sure that no correction is lost because its image has moved.

    Args:
        corrected: what was made of images that are not listed, and then corrected by hand.
        patients: those that are listed. The images of others may have got labels.
        kept: gives the name.

    Raises:
        InputError: for one of a listed patient.
    """
    for record in corrected:
        if record.patient in patients:
            raise InputError(
                f"{kept.describe(record)}: this was corrected by hand, but its image is not where it was, or has "
                "changed. Put the image back, or move what was corrected away."
            )
    if corrected:
        _logger.info(
            "%d corrected pseudo-labels are left out, as no unlabeled image is of these patients (the first is %s).",
            len(corrected),
            kept.describe(corrected[0]),
        )
