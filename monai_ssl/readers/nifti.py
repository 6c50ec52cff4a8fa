"""Reading NIfTI images."""

import os
from typing import cast

import nibabel as nib
import numpy as np
from nibabel.spatialimages import SpatialImage
from numpy.typing import NDArray

from monai_ssl.errors import InputError

__all__ = ["read_nifti"]


def read_nifti(path: str | os.PathLike[str]) -> NDArray[np.float32]:
    """Read a 2D or 3D NIfTI image in canonical (RAS) orientation.

    The axes go to the right, to the front and up, as in MONAI's ``Orientation(axcodes="RAS")``. The values have the
    file's slope and intercept applied.

    Args:
        path: a .nii or .nii.gz file of shape (H, W), (H, W, 1) or (H, W, D).

    Returns:
        float32 array of shape (1, H, W) or (1, H, W, D).

    Raises:
        InputError: when the file is not NIfTI, damaged, complex, RGB or of another shape, or has NaN or infinity.
    """
    try:
        image = cast(SpatialImage, nib.load(path))
        shape = image.shape
        if image.get_data_dtype().kind not in "iuf":
            raise TypeError("complex or RGB values")
        values = np.asarray(image.dataobj, dtype=np.float32)
        orientation = nib.io_orientation(image.affine)
    except Exception as error:
        raise InputError(
            f"{path}: this NIfTI file cannot be read ({type(error).__name__}). Copy it again from its source."
        ) from None
    spatial = shape + (1,) * (3 - len(shape))
    if any(size != 1 for size in spatial[3:]) or not all(spatial) or np.isnan(orientation).any():
        raise InputError(
            f"{path}: an image of shape {shape} is not a 2D or 3D image with three axes in space. "
            "Save one image a file, with a valid affine."
        )
    if not np.isfinite(values).all():
        raise InputError(f"{path}: the image holds NaN or infinite values. Replace them in the file.")
    canonical = nib.apply_orientation(values.reshape(spatial[:3]), orientation)
    if spatial[2] == 1:
        # The axis of a single slice may be any one after reorientation.
        canonical = canonical.squeeze(axis=int(orientation[2, 0]))
    return np.ascontiguousarray(canonical)[None]
