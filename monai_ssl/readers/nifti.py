"""Reading NIfTI images."""

import os
from typing import cast

import nibabel as nib
import numpy as np
from nibabel.orientations import inv_ornt_aff
from nibabel.spatialimages import SpatialImage
from numpy.typing import NDArray

from monai_ssl.errors import InputError

__all__ = ["nifti_affine", "read_nifti"]


def read_nifti(path: str | os.PathLike[str]) -> NDArray[np.float32]:
    """Read a 2D or 3D NIfTI image in canonical (RAS) orientation.

    The axes go to the right, to the front and up, as in MONAI's ``Orientation(axcodes="RAS")``. The values have the
    file's slope and intercept applied.

    Args:
        path: a .nii or .nii.gz file of shape (H, W), (H, W, D) or (H, W, D, C); D = 1 is a 2D image. Further axes may
            have one element.

    Returns:
        float32 array of shape (C, H, W) or (C, H, W, D), where C = 1 for a file without that axis.

    Raises:
        InputError: when the file is not NIfTI, damaged, complex, RGB or of another shape, or has NaN or infinity.
    """
    try:
        image = _open(path)
        shape = image.shape
        if image.get_data_dtype().kind not in "iuf":
            raise TypeError("complex or RGB values")
        values = np.asarray(image.dataobj, dtype=np.float32)
        orientation = nib.io_orientation(image.affine)
    except Exception as error:
        raise _unreadable(path, error) from None
    spatial = (*shape, 1, 1)[:3]
    if sum(size > 1 for size in shape[3:]) > 1 or not all(shape) or np.isnan(orientation).any():
        raise InputError(
            f"{path}: an image of shape {shape} is not a 2D or 3D image with three axes in space. "
            "Save one image a file, with a valid affine."
        )
    if not np.isfinite(values).all():
        raise InputError(f"{path}: the image holds NaN or infinite values. Replace them in the file.")
    canonical = nib.apply_orientation(values.reshape(*spatial, -1), orientation)
    if spatial[2] == 1:
        # The axis of a single slice may be any one after reorientation.
        canonical = canonical.squeeze(axis=int(orientation[2, 0]))
    return np.ascontiguousarray(np.moveaxis(canonical, -1, 0))


def nifti_affine(path: str | os.PathLike[str]) -> NDArray[np.float64]:
    """Where the voxels of :func:`read_nifti` are.

    Args:
        path: a .nii or .nii.gz file.

    Returns:
        shape (4, 4): from the indices of the reoriented array (that of a single slice included) to mm in RAS.

    Raises:
        InputError: when the file is not NIfTI or damaged.
    """
    try:
        image = _open(path)
        orientation = nib.io_orientation(image.affine)
        return image.affine @ inv_ornt_aff(orientation, (*image.shape, 1, 1)[:3])
    except Exception as error:
        raise _unreadable(path, error) from None


def _open(path: str | os.PathLike[str]) -> SpatialImage:
    return cast(SpatialImage, nib.load(path))


def _unreadable(path: str | os.PathLike[str], error: Exception) -> InputError:
    # The error's own text may quote the header.
    return InputError(
        f"{path}: this NIfTI file cannot be read ({type(error).__name__}). Copy it again from its source."
    )
