"""Masks of one region in any picture format, brought to PNG files of 0 and 255 where they are not that already."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data_prep.pipeline.writing import converted_path, is_written, write_png
from data_prep.workers.pool import run_jobs
from monai_ssl.errors import InputError
from monai_ssl.readers.picture import open_picture

__all__ = ["MaskJob", "binary_masks", "read_binary", "to_binary_mask"]

_16_BIT = ("I;16", "I;16B", "I;16L", "I")


@dataclass(frozen=True)
class MaskJob:
    """A mask to be made.

    Args:
        parts: the files whose regions together are the region, such as the left and the right lung.
        output: the data set's folder.
        salt: of the data set.
        size: height and width to resample to (nearest neighbor); None keeps the size.
    """

    parts: tuple[Path, ...]
    output: Path
    salt: bytes
    size: tuple[int, int] | None = None


def binary_masks(jobs: Sequence[MaskJob], *, workers: int) -> list[Path | InputError]:
    """Make every mask in worker processes; see :func:`to_binary_mask`.

    Args:
        jobs: the masks.
        workers: the number of processes.

    Returns:
        For each job the mask's file, or the error that says why it cannot be used.
    """
    if not jobs:
        return []
    return list(
        run_jobs(to_binary_mask, jobs, workers=workers, description="masks", name=lambda job: str(job.parts[0]))
    )


def to_binary_mask(job: MaskJob) -> Path:
    """Give the file of a mask that is 0 and 255.

    Returns:
        The file itself where it is that already. Else ``OUTPUT/masks/<hash>.png``, which is written where it is not
        there from an earlier run.

    Raises:
        InputError: when a file cannot be read, the parts differ in size, or all are empty.
    """
    first, *others = job.parts
    try:
        states = [(path.stat().st_size, path.stat().st_mtime_ns) for path in others]
        target = converted_path(job.output, job.salt, first, *map(str, others), states, job.size, suffix=".png")
    except OSError as error:
        raise InputError(f"{first}: this mask cannot be read ({error.strerror}). Copy it from its source.") from None
    target = job.output / "masks" / target.name
    if is_written(target):
        return target
    mask, plain = read_binary(first)
    if plain and not others and job.size is None and mask.any():
        return first
    for path in others:
        other, _ = read_binary(path)
        if other.shape != mask.shape:
            raise InputError(
                f"{path}: this mask has the size {other.shape}, the mask it belongs to {mask.shape}. Copy both from "
                "their source."
            )
        mask |= other
    if not mask.any():
        raise InputError(f"{first}: this mask is empty. Draw it, or remove it: its image then counts as one without.")
    values = np.where(mask, np.uint8(255), np.uint8(0))
    if job.size not in (None, mask.shape):
        height, width = job.size
        values = np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.NEAREST))
    write_png(target, values)
    return target


def read_binary(path: Path) -> tuple[NDArray[np.bool_], bool]:
    """Read a mask of one region, with its EXIF orientation applied.

    Values of 0 and 1 are taken as they are. Others, which compression or resampling may have left between 0 and the
    full range (255, for 16 bits 65535), are divided in the middle of it.

    Returns:
        Shape (H, W), true in the region; and whether the file stores 0 and 255 and nothing else.

    Raises:
        InputError: when the file is no picture or holds several, or its values are neither 0 and 1 nor of the full
            range.
    """
    picture = open_picture(path)
    stored = np.asarray(picture)
    deep = picture.mode in _16_BIT
    # Of a palette the colors count: the indices of black and white may be 255 and 0.
    grey = stored if deep else np.asarray(picture.convert("L"))
    largest, middle = int(grey.max(initial=0)), 32768 if deep else 128
    if 1 < largest < middle:
        raise InputError(
            f"{path}: the largest value of this mask is {largest}, which is neither 1 nor that of white. Save it as 0 "
            "and 255."
        )
    mask = grey > 0 if largest <= 1 else grey >= middle
    values = np.where(stored, 255, 0) if stored.dtype == np.bool_ else stored
    return mask, picture.mode in ("1", "L", "P") and bool(np.array_equal(values, np.where(mask, 255, 0)))
