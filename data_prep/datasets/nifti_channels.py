"""Some of the channels of 4D NIfTI files, written as new files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import nibabel as nib
import numpy as np
from nibabel.spatialimages import SpatialImage

from data_prep.pipeline.writing import converted_path, is_written, write_nifti
from data_prep.workers.pool import run_jobs
from monai_ssl.errors import InputError
from monai_ssl.salt import read_salt

__all__ = ["pick_channels"]

# What is stored in another type, or scaled, becomes float32.
_KEPT_TYPES = (np.uint8, np.int16, np.uint16, np.int32, np.float32)


@dataclass(frozen=True)
class _Pick:
    """The channels to take of a file, out of how many, and the file that they are written to."""

    source: Path
    target: Path
    channels: tuple[int, ...]
    total: int


def pick_channels(
    files: Sequence[Path], channels: tuple[int, ...], total: int, *, output: Path, workers: int
) -> list[Path | InputError]:
    """Write some channels of each file to ``OUTPUT/images``, unless an earlier run has.

    Args:
        files: NIfTI files of shape (H, W, D, C).
        channels: the places on the last axis, in the order wanted. One alone gives files of shape (H, W, D).
        total: C.
        output: the data set's folder.
        workers: the number of processes.

    Returns:
        For each file the new one, with the same affine and the same values, or why it cannot be made.
    """
    salt = read_salt(output)
    picks = [
        _Pick(file, converted_path(output, salt, file, *channels, suffix=".nii.gz"), channels, total) for file in files
    ]
    return list(
        run_jobs(_pick, picks, workers=workers, description="picking modalities", name=lambda pick: str(pick.source))
    )


def _pick(pick: _Pick) -> Path:
    if is_written(pick.target):
        return pick.target
    try:
        image = cast(SpatialImage, nib.load(pick.source))
        shape = image.shape
        if len(shape) == 4 and shape[3] == pick.total:
            chosen = [np.asarray(image.dataobj[..., channel]) for channel in pick.channels]
            affine = image.affine
    except Exception as error:
        # A damaged header may raise anything, and the text may quote it.
        raise InputError(
            f"{pick.source}: this NIfTI file cannot be read ({type(error).__name__}). Copy it again from its source."
        ) from None
    if len(shape) != 4 or shape[3] != pick.total:
        raise InputError(
            f"{pick.source}: the shape is {shape}, not that of a volume with {pick.total} channels last. Copy the file "
            "again, or mend the modalities in dataset.json."
        )
    volume = chosen[0] if len(chosen) == 1 else np.stack(chosen, axis=-1)
    write_nifti(pick.target, volume if volume.dtype in _KEPT_TYPES else volume.astype(np.float32), affine)
    return pick.target
