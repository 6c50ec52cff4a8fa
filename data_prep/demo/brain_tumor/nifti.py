"""Writing volumes as NIfTI, the same bytes every time."""

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

__all__ = ["write_volume"]

_SCANNER = 1  # the code of coordinates in a scanner


def write_volume(path: Path, volume: NDArray[np.int16], spacing: float) -> None:
    """Write a volume with its middle at the origin.

    Nothing depends on the time or on the name of the file, which gzip would store.

    Args:
        path: a .nii.gz file.
        volume: with axes to the patient's left, to the back and up, as in BraTS: the affine turns the first two.
        spacing: distance of neighbouring voxels in mm.
    """
    affine = np.diag([-spacing, -spacing, spacing, 1.0])
    affine[:3, 3] = -affine[:3, :3] @ (np.asarray(volume.shape) - 1) / 2
    image = nib.Nifti1Image(volume, affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, code=_SCANNER)
    image.set_qform(affine, code=_SCANNER)
    with path.open("wb") as file, gzip.GzipFile("", "wb", compresslevel=4, fileobj=file, mtime=0) as packed:
        packed.write(image.to_bytes())
