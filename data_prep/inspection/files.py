"""Decoding one image and its mask, to see that they can be read and what they are."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread

from monai_ssl.errors import InputError
from monai_ssl.readers import read_image
from monai_ssl.readers.file_kind import kind_of
from monai_ssl.readers.grids import check_one_grid
from monai_ssl.readers.mask import read_mask
from monai_ssl.salt import opaque

__all__ = ["Files", "Inspected", "inspect_files"]

Files = tuple[tuple[Path, ...], Path | None]
"""The files of an image, and of its mask if it has one."""

# A grey picture stays grey with a coloured mark in a corner: its channels differ by less than this on average.
_COLOR_SPREAD = 0.01
_SHORTEST = 4  # characters: a shorter identifier occurs in paths by chance
_SHOWN = 5
_HEADER = ["Modality", "PatientID", "WindowWidth", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"]


@dataclass(frozen=True, slots=True)
class Inspected:
    """What an image is, without anything that tells whose it is.

    Args:
        spatial_dims: 2 or 3.
        channels: as the file has it.
        color: whether the three channels differ.
        modality: of the DICOM header.
        patient: hash of the PatientID in the DICOM header; None where there is none.
        named: whether the image's path contains that PatientID.
        windowed: False for a DICOM CT whose header has no window.
        content: hash of the decoded pixels: equal images have equal ones. Empty where all pixels are the same, as in a
            blank image, which is not the image of anybody.
        mask_values: the different values of the mask.
        error: the message that says why the image or its mask cannot be used; nothing else is known then.
    """

    spatial_dims: int = 0
    channels: int = 0
    color: bool = False
    modality: str | None = None
    patient: str | None = None
    named: bool = False
    windowed: bool = True
    content: str = ""
    mask_values: tuple[int, ...] | None = None
    error: str = ""


def inspect_files(files: Files, *, allowed: Sequence[int], salt: bytes) -> Inspected:
    """Look at an image and its mask.

    Args:
        files: of both.
        allowed: all values that a mask may have, 0 among them.
        salt: of the hashes.

    Raises:
        InputError: when the image or its mask cannot be used.
    """
    images, mask = files
    image = read_image(images if len(images) > 1 else images[0], windows=("full",))
    if not np.isfinite(image).all():
        raise InputError(f"{images[0]}: the image holds NaN or infinite values. Replace them in the file.")
    look = Inspected(
        spatial_dims=image.ndim - 1,
        channels=image.shape[0],
        color=image.shape[0] == 3 and float(np.ptp(image, axis=0).mean()) > _COLOR_SPREAD,
        content=_content(image, salt),
        mask_values=None if mask is None else _mask_values(mask, image.shape[1:], allowed),
    )
    check_one_grid(images if mask is None else (*images, mask))
    return replace(look, **_header(images, salt)) if kind_of(images[0]) == "dicom" else look


def _content(image: NDArray[np.float32], salt: bytes) -> str:
    if image.min() == image.max():
        return ""
    digest = hashlib.blake2b(f"{image.shape} {image.dtype}".encode(), key=salt, digest_size=16)
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


def _mask_values(path: Path, shape: tuple[int, ...], allowed: Sequence[int]) -> tuple[int, ...]:
    """The different values of a mask."""
    try:
        mask = read_mask(path)
    except InputError as error:
        raise InputError(f"{path}: mask: {str(error).removeprefix(f'{path}: ')}") from None
    if mask.shape != shape:
        raise InputError(
            f"{path}: the mask has shape {mask.shape}, the image {shape}. Resample the mask to the grid of its image."
        )
    values = tuple(np.unique(mask).tolist())
    odd = [value for value in values if value not in allowed]
    if odd:
        listed = ", ".join(map(str, odd[:_SHOWN])) + (", ..." if len(odd) > _SHOWN else "")
        raise InputError(f"{path}: the mask has values of no region ({listed}). Name a region for them, or mend it.")
    return values


def _header(paths: Sequence[Path], salt: bytes) -> dict[str, Any]:
    """What a DICOM file's header tells."""
    try:
        header = dcmread(paths[0], force=True, stop_before_pixels=True, specific_tags=list(_HEADER))
        modality = str(header.get("Modality") or "") or None
        patient = str(header.get("PatientID") or "").strip()
        # The frames of an enhanced object may have a window each.
        windowed = any(element.keyword == "WindowWidth" and not element.is_empty for element in header.iterall())
    except Exception as error:
        raise InputError(
            f"{paths[0]}: the DICOM header is damaged ({type(error).__name__}). Export the file again from its source."
        ) from None
    return {
        "modality": modality,
        "patient": opaque(salt, "header", patient) if patient else None,
        "named": len(patient) >= _SHORTEST and any(patient in str(path) for path in paths),
        "windowed": windowed or modality != "CT",
    }
