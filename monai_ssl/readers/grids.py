"""Where the pixels of an image are, and whether files show the same places."""

import os
from collections.abc import Sequence

import numpy as np
from nibabel.affines import voxel_sizes
from numpy.typing import NDArray

from monai_ssl.errors import InputError
from monai_ssl.readers.file_kind import kind_of
from monai_ssl.readers.nifti import NiftiFile

__all__ = ["check_one_grid", "first_path", "image_affine", "same_places", "voxel_spacing"]

# Headers round: of a voxel so much for the place of an image, and for the step to the next voxel, of which the errors
# add up.
_TOLERANCE_OF_PLACE = 0.05
_TOLERANCE_OF_STEP = 0.001


def first_path(path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> str | os.PathLike[str]:
    """The file of an image, or the first of several."""
    return path if isinstance(path, (str, os.PathLike)) else path[0]


def image_affine(path: str | os.PathLike[str], spatial_dims: int) -> NDArray[np.float64]:
    """Where the pixels of :func:`~monai_ssl.readers.read_image` are.

    Args:
        path: the file.
        spatial_dims: of the image, D.

    Returns:
        shape (D + 1, D + 1), from indices to mm. For 3D NIfTI it is that of the image in RAS. For 2D NIfTI, the places
        are in an orthonormal basis of the slice's plane, whose axes go along the first axis of the image and to the
        side of the second. For all other files it is the identity: a step is a pixel.

    Raises:
        InputError: when the file is not there or cannot be read.
    """
    if kind_of(path) != "nifti":
        return np.eye(spatial_dims + 1)
    file = NiftiFile(path)
    if file.slice_axis is None:
        return file.affine
    axes = [axis for axis in range(3) if axis != file.slice_axis]
    basis, steps = np.linalg.qr(file.affine[:3, axes])
    signs = np.sign(np.diag(steps))
    affine = np.eye(3)
    affine[:2, :2], affine[:2, 2] = signs[:, None] * steps, signs * (basis.T @ file.affine[:3, 3])
    return affine


def voxel_spacing(path: str | os.PathLike[str]) -> tuple[float, ...] | None:
    """The size of a voxel in mm along each axis of the image as it is read; None for files other than NIfTI.

    Raises:
        InputError: when the file is not there or cannot be read.
    """
    if kind_of(path) != "nifti":
        return None
    file = NiftiFile(path)
    return tuple(float(size) for axis, size in enumerate(voxel_sizes(file.affine)) if axis != file.slice_axis)


def same_places(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    """Whether two affines are the same but for the rounding of headers.

    They may differ by 0.05 of the smallest voxel side of ``first`` in the place of the first voxel and by 0.001 of it
    in the step to the next, along each axis of space.
    """
    voxel = np.linalg.norm(first[:-1, :-1], axis=0).min()
    apart = np.abs(second - first)
    return bool(
        apart[:-1, :-1].max() <= _TOLERANCE_OF_STEP * voxel and apart[:-1, -1].max() <= _TOLERANCE_OF_PLACE * voxel
    )


def check_one_grid(paths: Sequence[str | os.PathLike[str]]) -> None:
    """Check that files show the same places, as far as they say where.

    Args:
        paths: the files of an image (and of its masks), which exist.

    Raises:
        InputError: for different affines, and where some are NIfTI, whose axes run differently, and others are not.
    """
    kinds = [kind_of(path) for path in paths]
    if "nifti" not in kinds:
        return
    if set(kinds) != {"nifti"}:
        nifti, other = (paths[[kind == "nifti" for kind in kinds].index(is_nifti)] for is_nifti in (True, False))
        raise InputError(
            f"{other}: this file is no NIfTI, but {nifti} is, whose axes run differently. Save them in one kind of "
            "file."
        )
    first = NiftiFile(paths[0]).affine
    for path in paths[1:]:
        affine = NiftiFile(path).affine
        if not same_places(first, affine):
            raise InputError(
                f"{path}: the affine differs from that of {paths[0]} by up to {np.abs(affine - first).max():.3g} mm. "
                "Resample them to one grid."
            )
