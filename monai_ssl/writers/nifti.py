"""Writing NIfTI in the axes and with the geometry of another NIfTI file."""

import os
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.orientations import ornt_transform
from numpy.typing import NDArray

from monai_ssl.readers.nifti import NiftiFile
from monai_ssl.writers.whole import save_whole

__all__ = ["write_nifti"]

_RAS = np.array([[0, 1], [1, 1], [2, 1]])
# All that says where voxels are. The rest stays behind: descriptions and extensions may tell who the patient is.
_GEOMETRY = (
    *("qform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z"),
    *("sform_code", "srow_x", "srow_y", "srow_z"),
)
_UNIT_OF_SPACE = 0b111


def write_nifti(
    path: str | os.PathLike[str], values: NDArray[Any], like: str | os.PathLike[str], slope: float | None = None
) -> None:
    """Write an array on the grid of :func:`~monai_ssl.readers.nifti.read_nifti` in the axes of the file it gave.

    The file has the affine of ``like`` bit for bit: qform, sform, their codes, and the size of voxels. Nothing else of
    its header is taken over.

    Args:
        path: a .nii or .nii.gz file, which is written whole or not at all.
        values: (*spatial) or (C, *spatial) in canonical (RAS) orientation, of the type that the file gets; channels
            are its fourth axis.
        like: the NIfTI file whose grid it is.
        slope: what a reader is to multiply the values by.

    Raises:
        InputError: when ``like`` cannot be read or ``path`` cannot be written.
        ValueError: for values of another shape.
    """
    source = NiftiFile(like)
    spatial = source.shape[1:]
    channels = values.shape[: values.ndim - len(spatial)]
    if len(channels) > 1 or values.shape != (*channels, *spatial):
        raise ValueError(f"{like} has the shape {spatial}, but the values to be written have {values.shape}.")
    canonical = np.moveaxis(values, 0, -1) if channels else values
    if source.slice_axis is not None:
        canonical = np.expand_dims(canonical, source.slice_axis)
    stored = nib.apply_orientation(canonical, ornt_transform(_RAS, source.orientation))
    if not channels:
        stored = stored.reshape(source.image.shape[:3])
    kind = nib.Nifti2Image if isinstance(source.image, nib.Nifti2Image) else nib.Nifti1Image
    image = kind(stored, None, dtype=values.dtype)
    header, known = image.header, source.image.header
    for field in _GEOMETRY:
        header[field] = known[field]
    # The first is the direction of the third axis of the qform.
    header["pixdim"][:4] = known["pixdim"][:4]
    header["xyzt_units"] = known["xyzt_units"] & _UNIT_OF_SPACE
    if slope is not None:
        header.set_slope_inter(slope, 0)
    save_whole(path, lambda temporary: nib.save(image, temporary))
