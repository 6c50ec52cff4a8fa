"""Writing the probabilities of all classes or regions of an image into one file."""

import os
from typing import Any

import nibabel as nib
import numpy as np
from monai.utils import convert_to_numpy

from monai_ssl.readers import Paths
from monai_ssl.readers.grids import first_path
from monai_ssl.writers.mask import mask_suffix
from monai_ssl.writers.nifti import write_nifti
from monai_ssl.writers.whole import save_whole

__all__ = ["write_probabilities"]

_STEPS = 255


def write_probabilities(path: str | os.PathLike[str], probabilities: Any, like: Paths) -> None:
    """Write probabilities, to 1/510, as NIfTI of 8 bits with the slope 1/255 and channels as the fourth axis.

    That of a NIfTI image has its axes and geometry. That of any other image has the identity as its affine, so that
    :func:`~monai_ssl.readers.nifti.read_nifti` gives both back on the grid of the image as it is read.

    Args:
        path: a .nii.gz file, which is written whole or not at all.
        probabilities: array or tensor (K, *spatial) in [0, 1], on the grid of :func:`~monai_ssl.readers.read_image`.
        like: the file of the image; of several the first counts.

    Raises:
        InputError: when ``like`` cannot be read or ``path`` cannot be written.
        ValueError: for another shape than the image's.
    """
    values = np.rint(convert_to_numpy(probabilities, dtype=np.float32).clip(0, 1) * _STEPS).astype(np.uint8)
    if mask_suffix(like) == ".nii.gz":
        write_nifti(path, values, first_path(like), slope=1 / _STEPS)
        return
    image = nib.Nifti1Image(np.moveaxis(values, 0, -1)[:, :, None], np.eye(4))
    image.header.set_slope_inter(1 / _STEPS, 0)
    save_whole(path, lambda temporary: nib.save(image, temporary))
