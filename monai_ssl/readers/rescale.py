"""Stored pixel values to Hounsfield units (or whatever unit the file's rescale gives)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monai_ssl.readers.dicom_header import DicomHeader

__all__ = ["rescale"]


def rescale(stored: ArrayLike, header: DicomHeader) -> NDArray[np.float32]:
    """Rescale stored values by a header's slope and intercept, or by its modality lookup table.

    Args:
        stored: stored values of any shape; where frames have a rescale each, the last axis goes along them (F, or 1).
        header: header of the file they are from.

    Returns:
        ``slope * stored + intercept``, or ``lut[stored - first]`` with the index clipped to the table; the same shape,
        with F frames where ``stored`` had 1 for all of them.
    """
    if header.modality_lut is not None:
        index = np.asarray(stored).astype(np.int64) - header.modality_lut_first
        return np.asarray(header.modality_lut, dtype=np.float32)[np.clip(index, 0, len(header.modality_lut) - 1)]
    if header.frame_rescale:
        slopes, intercepts = np.array(header.frame_rescale, dtype=np.float32).T
        return np.asarray(stored, dtype=np.float32) * slopes + intercepts
    values = np.array(stored, dtype=np.float32)
    if header.slope != 1:
        values *= np.float32(header.slope)
    if header.intercept != 0:
        values += np.float32(header.intercept)
    return values
