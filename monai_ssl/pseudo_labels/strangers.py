"""Files that look like corrected masks, but that no image would get."""

from collections.abc import Collection
from pathlib import Path

from monai_ssl.errors import InputError

__all__ = ["refuse_strangers"]

# What viewers save masks as.
_SUFFIXES = (".nii", ".nii.gz", ".png", ".nrrd", ".mha", ".mhd")


def refuse_strangers(folder: Path, known: Collection[str]) -> None:
    """Make sure that no correction lies in a folder under a name that nobody reads.

    Args:
        folder: of pseudo-labels.
        known: the names of all files that belong to one. Hidden files are passed over.

    Raises:
        InputError: for another file that looks like a mask.
    """
    strangers = sorted(
        path
        for path in folder.iterdir()
        if path.name.lower().endswith(_SUFFIXES) and not path.name.startswith(".") and path.name not in known
    )
    if strangers:
        others = f" (and {len(strangers) - 1} others)" if len(strangers) > 1 else ""
        raise InputError(
            f"{strangers[0]}{others}: this file belongs to no pseudo-label. If it is a correction, save it under the "
            "name of the pseudo-label that it corrects; otherwise move it away."
        )
