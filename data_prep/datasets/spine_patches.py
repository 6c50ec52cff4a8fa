"""Square patches around the vertebrae of a radiograph."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread

from data_prep.datasets.binary_masks import read_binary
from data_prep.pipeline.writing import converted_path, is_written, write_png
from monai_ssl.errors import InputError
from monai_ssl.readers import read_image
from monai_ssl.readers.file_kind import kind_of
from monai_ssl.readers.mask import read_mask

__all__ = ["Patch", "SpineJob", "Xray", "box_of", "cut", "cut_vertebrae"]

_MOST = 40  # more than a spine has: a larger value is no number of a vertebra


@dataclass(frozen=True)
class SpineJob:
    """A radiograph whose vertebrae are to be cut out.

    Args:
        image: the radiograph.
        masks: one file whose values are the numbers of vertebrae, under the name ``""``; or a file for each vertebra,
            by its name.
        output: the data set's folder.
        salt: of the data set.
        margin: what a patch shows around a vertebra on each side, as a share of the vertebra's size.
        size: rows and columns of a patch.
    """

    image: Path
    masks: Mapping[str, Path]
    output: Path
    salt: bytes
    margin: float
    size: int


@dataclass(frozen=True)
class Patch:
    """The files of a vertebra's patch."""

    vertebra: str
    image: Path
    mask: Path


@dataclass(frozen=True)
class Xray:
    """The patches of a radiograph, and the patient of its DICOM header, who must reach no output."""

    patches: tuple[Patch, ...]
    patient: str | None


def cut_vertebrae(job: SpineJob) -> Xray:
    """Write the patch of each vertebra, 16-bit PNG, and its mask, PNG of 0 and 255; what is written already is kept.

    Raises:
        InputError: when a file cannot be read, or the masks do not fit the radiograph.
    """
    masks = _vertebrae(job.masks)
    if not masks:
        raise InputError(f"{job.image}: the mask of this radiograph is empty. Draw its vertebrae, or take it away.")
    targets = {name: _target(job, name) for name in masks}
    patches = tuple(Patch(name, image, mask) for name, (image, mask) in targets.items())
    patient = _patient(job.image)
    if all(is_written(path) for pair in targets.values() for path in pair):
        return Xray(patches, patient)
    pixels = read_image(job.image, channels=1, spatial_dims=2)[0]
    for name, mask in masks.items():
        if mask.shape != pixels.shape:
            raise InputError(
                f"{job.image}: the mask of this radiograph has the size {mask.shape}, the radiograph {pixels.shape}. "
                "Resample the mask."
            )
        box = box_of(mask, job.margin)
        resampling = Image.Resampling.BOX if box[2] > job.size else Image.Resampling.BILINEAR
        patch = _resize(cut(pixels, box), job.size, resampling)
        image_target, mask_target = targets[name]
        write_png(image_target, np.rint(np.clip(patch, 0, 1).astype(np.float64) * 65535).astype(np.uint16))
        values = np.where(cut(mask, box), np.uint8(255), np.uint8(0))
        write_png(mask_target, _resize(values, job.size, Image.Resampling.NEAREST).astype(np.uint8))
    return Xray(patches, patient)


def box_of(mask: NDArray[np.bool_], margin: float) -> tuple[int, int, int]:
    """The square around a vertebra: its bounding box with the margin on each side, the shorter side made as the longer.

    Args:
        mask: shape (H, W), not empty.
        margin: on each side, as a share of the bounding box's size.

    Returns:
        The first row and column, which may be negative, and the number of rows and columns.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
    side = math.ceil(max(height, width) * (1 + 2 * margin))
    return int(rows[0]) - (side - height) // 2, int(columns[0]) - (side - width) // 2, side


def cut(pixels: NDArray[np.generic], box: tuple[int, int, int]) -> NDArray[np.generic]:
    """Cut out a square; what lies outside of the image is 0."""
    top, left, side = box
    height, width = pixels.shape
    patch = np.zeros((side, side), dtype=pixels.dtype)
    inside = pixels[max(top, 0) : min(top + side, height), max(left, 0) : min(left + side, width)]
    row, column = max(-top, 0), max(-left, 0)
    patch[row : row + inside.shape[0], column : column + inside.shape[1]] = inside
    return patch


def _resize(patch: NDArray[np.generic], size: int, resampling: Image.Resampling) -> NDArray[np.generic]:
    return np.asarray(Image.fromarray(patch).resize((size, size), resampling))


def _vertebrae(files: Mapping[str, Path]) -> dict[str, NDArray[np.bool_]]:
    """The region of each vertebra that has one."""
    if "" not in files:
        masks = {name: read_binary(path)[0] for name, path in files.items()}
        return {name: mask for name, mask in masks.items() if mask.any()}
    numbers = read_mask(files[""])
    found = [number for number in np.unique(numbers).tolist() if number]
    if found and not 0 < min(found) <= max(found) <= _MOST:
        raise InputError(
            f"{files['']}: the value {max(found)} of this mask is no number of a vertebra. Number them from 1, or save "
            "one mask a vertebra."
        )
    return {str(number): numbers == number for number in found}


def _target(job: SpineJob, name: str) -> tuple[Path, Path]:
    """The files of a vertebra's patch and its mask."""
    mask = job.masks.get("") or job.masks[name]
    try:
        status = mask.stat()
        state = (mask, status.st_size, status.st_mtime_ns)
        path = converted_path(job.output, job.salt, job.image, name, state, job.margin, job.size, suffix=".png")
    except OSError as error:
        raise InputError(
            f"{job.image}: this cannot be read ({error.strerror}). Copy it again from its source."
        ) from None
    return path, job.output / "masks" / path.name


def _patient(image: Path) -> str | None:
    if kind_of(image) != "dicom":
        return None
    try:
        header = dcmread(image, force=True, stop_before_pixels=True, specific_tags=["PatientID"])
        return str(header.get("PatientID") or "").strip() or None
    except Exception as error:
        # A damaged header may raise anything.
        raise InputError(
            f"{image}: the DICOM header is damaged ({type(error).__name__}). Export the file again from its source."
        ) from None
