"""The images of a folder, one a file or one a DICOM series."""

import argparse
from dataclasses import dataclass, field
from pathlib import Path

from data_prep.records import Rejects
from data_prep.series.volumes import series_to_volumes
from monai_ssl.errors import InputError
from monai_ssl.readers.listing import list_images
from monai_ssl.salt import read_salt

__all__ = ["FoundImages", "find_images"]


@dataclass(frozen=True)
class FoundImages:
    """The file of each image, by what a table may call it; the real patients of some; the modality of them all."""

    files: dict[str, Path]
    patients: dict[str, str] = field(default_factory=dict)
    modality: str | None = None


def find_images(options: argparse.Namespace, rejects: Rejects) -> FoundImages:
    """List the images of ``--source``; with ``--series`` their series are written as volumes to the output.

    Raises:
        InputError: when the folder cannot be read, holds no image, or holds series of several modalities.
    """
    folder: Path = options.source
    names = list_images(folder, without=[path for path in (options.output, options.masks) if path is not None])
    if not options.series:
        return FoundImages({name: folder / name for name in names})
    volumes = series_to_volumes(
        folder,
        names,
        output=options.output,
        salt=read_salt(options.output),
        workers=options.workers,
        rejects=rejects,
    )
    modalities = sorted({volume.modality for volume in volumes if volume.modality})
    if len(modalities) > 1 and options.modality is None:
        raise InputError(
            f"{folder}: the series are of several modalities ({', '.join(modalities)}). Give --modality, or take the "
            "others away."
        )
    return FoundImages(
        {volume.name: volume.path for volume in volumes},
        {volume.name: volume.patient for volume in volumes if volume.patient},
        modalities[0] if len(modalities) == 1 else None,
    )
