"""The pixels of a series as one array, in the unit of their files, written as NIfTI."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_prep.pipeline.writing import write_nifti
from monai_ssl.errors import InputError
from monai_ssl.readers import DicomHeader, read_dicom, rescale

__all__ = ["VolumeJob", "write_volume"]


@dataclass(frozen=True)
class VolumeJob:
    """A volume that is to be written.

    Attributes:
        name: for messages.
        target: the NIfTI file.
        places: the files at each place along the normal; one place with one file for a multi-frame object.
        affine: shape (4, 4): from (column, row, slice) to mm in RAS.
    """

    name: str
    target: Path
    places: tuple[tuple[Path, ...], ...]
    affine: NDArray[np.float64]


def write_volume(job: VolumeJob) -> None:
    """Write a volume: HU, or the unit that the files' rescale gives, as int16 where it is whole numbers, else float32.

    What the files declare to be padding gets the lowest value of the rest, as NIfTI cannot tell it from what was
    measured.

    Raises:
        InputError: when a file cannot be read, or files in one place differ.
    """
    slices: list[NDArray[Any]] = []
    paddings: list[NDArray[np.bool_] | None] = []
    for files in job.places:
        values, padding = _read(files[0])
        for other in files[1:]:
            if not np.array_equal(_read(other)[0], values):
                raise InputError(
                    f"{job.name}: slices in one place differ, and nothing tells them apart. Put each volume into a "
                    "folder of its own, or leave the series out."
                )
        slices.append(values)
        paddings.append(padding)
    write_nifti(job.target, _join(slices, paddings), job.affine)


def _read(path: Path) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Values of a file, and where they are padding (None: nowhere), both of shape (columns, rows, frames)."""
    pixels, header = read_dicom(path)
    stored = np.atleast_3d(pixels[0]).swapaxes(0, 1)
    if header.padding_value is None:
        return _values(stored, header), None
    limit = header.padding_value if header.padding_range_limit is None else header.padding_range_limit
    low, high = sorted((header.padding_value, limit))
    padding = (stored >= low) & (stored <= high)
    return _values(stored, header), padding if padding.any() else None


def _values(stored: NDArray[Any], header: DicomHeader) -> NDArray[Any]:
    """Rescaled values, as the smaller of int16 and int32 that holds them, else as float32."""
    plain = header.modality_lut is None and not header.frame_rescale and header.slope == 1
    if plain and stored.dtype.kind in "iu" and header.intercept.is_integer():
        values = stored.astype(np.int64) + int(header.intercept)
        for dtype in (np.int16, np.int32):
            if np.iinfo(dtype).min <= values.min() and values.max() <= np.iinfo(dtype).max:
                return values.astype(dtype)
    return rescale(stored, header)


def _join(slices: list[NDArray[Any]], paddings: list[NDArray[np.bool_] | None]) -> NDArray[Any]:
    """One array of all slices, with padding made low."""
    types = {values.dtype for values in slices}
    dtype = np.dtype(np.float32) if np.dtype(np.float32) in types else np.result_type(*types)
    count = sum(values.shape[2] for values in slices)
    # NIfTI has the first axis run fastest.
    volume = np.empty((*slices[0].shape[:2], count), dtype=dtype, order="F")
    np.concatenate(slices, axis=2, out=volume, casting="unsafe")
    if any(padding is not None for padding in paddings):
        padded = np.concatenate(
            [np.zeros(v.shape, np.bool_) if p is None else p for v, p in zip(slices, paddings, strict=True)], axis=2
        )
        if not padded.all():
            volume[padded] = volume[~padded].min()
    return volume
