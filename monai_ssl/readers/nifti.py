"""Reading NIfTI images."""

import os
from typing import cast

import nibabel as nib
import numpy as np
from nibabel.orientations import inv_ornt_aff
from numpy.typing import NDArray

from monai_ssl.errors import InputError

__all__ = ["NiftiFile", "nifti_affine", "read_nifti"]


class NiftiFile:
    """A 2D or 3D NIfTI image, of which only the header is read at first.

    It is given in canonical (RAS) orientation: the axes go to the right, to the front and up, as in MONAI's
    ``Orientation(axcodes="RAS")``.

    Args:
        path: a .nii or .nii.gz file of shape (H, W), (H, W, D) or (H, W, D, C); D = 1 is a 2D image. Further axes may
            have one element.

    Attributes:
        image: as nibabel has it, in the axes of the file.
        orientation: of the file's axes, as :func:`nibabel.orientations.io_orientation` gives it.
        slice_axis: the axis in RAS that a 2D image does not have, as it is one slice; None for a 3D image.
        shape: (C, *spatial), as it is read.
        affine: (4, 4): from indices in RAS (that of a single slice included) to mm.

    Raises:
        InputError: when the file is not NIfTI, damaged, complex, RGB or of another shape.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path
        try:
            # A compressed file that is opened for each channel anew would be unpacked from its beginning each time.
            self.image = cast(nib.Nifti1Image, nib.load(path, keep_file_open=True))
            shape = self.image.shape
            if self.image.get_data_dtype().kind not in "iuf":
                raise TypeError("complex or RGB values")
            self.orientation = nib.io_orientation(self.image.affine)
        except Exception as error:
            raise _unreadable(path, error) from None
        if sum(size > 1 for size in shape[3:]) > 1 or not all(shape) or np.isnan(self.orientation).any():
            raise InputError(
                f"{path}: an image of shape {shape} is not a 2D or 3D image with three axes in space. "
                "Save one image a file, with a valid affine."
            )
        self.stored_shape = (*shape, 1, 1)[:3]
        self.affine: NDArray[np.float64] = self.image.affine @ inv_ornt_aff(self.orientation, self.stored_shape)
        # The axis of a single slice may be any one after reorientation.
        self.slice_axis = int(self.orientation[2, 0]) if self.stored_shape[2] == 1 else None
        order = self.orientation[:, 0].astype(int).tolist()
        oriented = [self.stored_shape[order.index(axis)] for axis in range(3) if axis != self.slice_axis]
        self.shape = (int(np.prod(shape[3:], dtype=int)), *oriented)

    def read(self, channel: int, out: NDArray[np.float32]) -> None:
        """Read one channel, with the file's slope and intercept applied.

        Args:
            channel: which.
            out: (*spatial), which gets the values.

        Raises:
            InputError: when the file is damaged, or the channel has NaN or infinity.
        """
        further = self.image.shape[3:]
        index = tuple(int(place) for place in np.unravel_index(channel, further))
        try:
            stored = np.asarray(self.image.dataobj[(..., *index) if index else ...])
        except Exception as error:
            raise _unreadable(self.path, error) from None
        oriented = nib.apply_orientation(stored.reshape(self.stored_shape), self.orientation)
        out[...] = oriented.reshape(out.shape)
        # The extremes tell of NaN and infinity too, without a mask of the image's size.
        if not np.isfinite(out.min()) or not np.isfinite(out.max()):
            raise InputError(f"{self.path}: the image holds NaN or infinite values. Replace them in the file.")


def read_nifti(path: str | os.PathLike[str]) -> NDArray[np.float32]:
    """Read a 2D or 3D NIfTI image in canonical (RAS) orientation, with its slope and intercept applied.

    Args:
        path: see :class:`NiftiFile`.

    Returns:
        float32 array of shape (C, H, W) or (C, H, W, D), where C = 1 for a file without that axis.

    Raises:
        InputError: when the file is not NIfTI, damaged, complex, RGB or of another shape, or has NaN or infinity.
    """
    file = NiftiFile(path)
    values = np.empty(file.shape, dtype=np.float32)
    for channel in range(len(values)):
        file.read(channel, out=values[channel])
    return values


def nifti_affine(path: str | os.PathLike[str]) -> NDArray[np.float64]:
    """Where the voxels of :func:`read_nifti` are.

    Args:
        path: a .nii or .nii.gz file.

    Returns:
        shape (4, 4): from the indices of the reoriented array (that of a single slice included) to mm in RAS.

    Raises:
        InputError: when the file is not NIfTI, damaged, or not a 2D or 3D image.
    """
    return NiftiFile(path).affine


def _unreadable(path: str | os.PathLike[str], error: Exception) -> InputError:
    # The error's own text may quote the header.
    return InputError(
        f"{path}: this NIfTI file cannot be read ({type(error).__name__}). Copy it again from its source."
    )
