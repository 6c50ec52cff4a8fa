"""What the images of a data set have in common: dimensions, channels, modality."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from data_prep.inspection.images import Inspected
from data_prep.records import Record, Rejects, Source
from monai_ssl.errors import InputError

__all__ = ["Kind", "choose_kind", "unlike"]

_logger = logging.getLogger("monai_ssl")


@dataclass(frozen=True)
class Kind:
    """What a data list says of all its images."""

    spatial_dims: int
    channels: int
    modality: str


def choose_kind(source: Source, seen: Sequence[Inspected], modality: str | None) -> Kind:
    """Take what the data set says, else what most of the images are.

    Args:
        source: the data set.
        seen: the images that can be read.
        modality: the user's word for it.

    Raises:
        InputError: when no image can be read, or the DICOM headers name several modalities.
    """
    if not seen:
        raise InputError(f"{source.name}: no image of this data set can be used. See what was set aside, and mend it.")
    dims = source.spatial_dims or Counter(look.spatial_dims for look in seen).most_common(1)[0][0]
    alike = [look for look in seen if look.spatial_dims == dims] or list(seen)
    modalities = sorted({look.modality for look in alike if look.modality})
    named = modality or source.modality
    if len(modalities) > 1 and named is None:
        raise InputError(
            f"{source.name}: the DICOM headers name several modalities ({', '.join(modalities)}). Give --modality."
        )
    unwindowed = sum(not look.windowed for look in alike)
    if unwindowed:
        _logger.warning(
            "%d CT images (of %d images) have no window in their header: train with windows in HU, such as brain.",
            unwindowed,
            len(alike),
        )
    channels = source.channels or _channels(alike)
    return Kind(dims, channels, named or (modalities[0] if modalities else "OT"))


def unlike(records: Sequence[Record], seen: Sequence[Inspected], kind: Kind, rejects: Rejects) -> list[int]:
    """The places of the images that are of the kind; the others are set aside."""
    kept = []
    for index, (record, look) in enumerate(zip(records, seen, strict=True)):
        if look.spatial_dims != kind.spatial_dims:
            rejects.add(
                record.name,
                f"this image has {look.spatial_dims} dimensions, where most have {kind.spatial_dims}",
                "Make a data list of its own for such images.",
            )
        elif look.channels != kind.channels and {look.channels, kind.channels} != {1, 3}:
            rejects.add(
                record.name,
                f"this image has {look.channels} channels, where most have {kind.channels}",
                "Make a data list of its own for such images.",
            )
        else:
            kept.append(index)
    return kept


def _channels(seen: Sequence[Inspected]) -> int:
    """1 for grey pictures, 3 where most are coloured, else the number of modalities that most images have."""
    common = Counter(look.channels for look in seen).most_common(1)[0][0]
    if common not in (1, 3):
        return common
    return 3 if 2 * sum(look.color for look in seen) > len(seen) else 1
