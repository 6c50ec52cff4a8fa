"""HU to [0, 1] by windows, or as they are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monai_ssl.errors import InputError
from monai_ssl.readers.dicom_header import DicomHeader
from monai_ssl.readers.rescale import rescale
from monai_ssl.readers.windows import RAW, Window, header_limits, hu_limits, scale_range

__all__ = ["apply_windows"]

# CT scanners fill the corners outside their round field of view with values such as -2000 (stored, so -3024 HU) and
# often do not say so in PixelPaddingValue. Air is at -1000 HU and 12-bit CT ends at -1024 HU; nothing scanned is here.
_CT_PADDING_BELOW_HU = -1500.0


def apply_windows(
    hu: NDArray[np.float32], windows: Sequence[Window], header: DicomHeader | None = None, overwrite: bool = False
) -> NDArray[np.float32]:
    """Restrict HU to windows and scale each to [0, 1]; see :class:`monai_ssl.transforms.WindowHU`.

    Args:
        hu: HU of shape (C, *spatial).
        windows: as :func:`~monai_ssl.readers.check_windows` gives them.
        header: the image's header; without it only windows in HU can be had, and nothing is known of padding.
        overwrite: whether the memory of ``hu`` may hold the result. To get memory of that size from the system takes
            longer than the arithmetic.

    Returns:
        float32 array of shape (C * len(windows), *spatial) in [0, 1], or in HU for "raw"; all channels of the first
        window come first.

    Raises:
        InputError: for NaN or infinite values, and where the header does not have what a window needs.
    """
    # The extremes tell of NaN and infinity too, without a mask of the image's size.
    lowest = hu.min()
    if not np.isfinite(lowest) or not np.isfinite(hu.max()):
        raise InputError("the image holds NaN or infinite values. Mend it before windowing.")
    limits = [None if window == RAW else _limits(window, header) for window in windows]
    padding = None
    if header is not None and (
        header.padding_value is not None or (header.modality == "CT" and lowest < _CT_PADDING_BELOW_HU)
    ):
        padding = _padding_mask(hu, header)
    output = hu[None] if overwrite and len(windows) == 1 else np.empty((len(windows), *hu.shape), dtype=np.float32)
    for channel, ends in zip(output, limits, strict=True):
        if ends is None:
            np.copyto(channel, hu)
            continue
        scale_range(hu, *ends, out=channel)
        if header is not None and header.photometric_interpretation == "MONOCHROME1":
            np.subtract(1.0, channel, out=channel)
        if padding is not None:
            np.copyto(channel, 0.0, where=padding)
    return output.reshape(-1, *hu.shape[1:])


def _limits(window: Window, header: DicomHeader | None) -> tuple[float, float]:
    """(low, high) of a window, in HU."""
    limits = hu_limits(window)
    if limits is not None:
        return limits
    if header is None:
        raise InputError(f"the window '{window}' needs a header. Give a window such as 'brain' or (center, width).")
    return header_limits(window, header)


def _padding_mask(hu: NDArray[np.float32], header: DicomHeader) -> NDArray[np.bool_]:
    """Where an image is padding."""
    mask = hu < _CT_PADDING_BELOW_HU if header.modality == "CT" else np.zeros(hu.shape, dtype=np.bool_)
    if header.padding_value is not None:
        limit = header.padding_value if header.padding_range_limit is None else header.padding_range_limit
        # Rescaled by the same arithmetic as the image, so that equal stored values are equal here.
        ends = rescale([[header.padding_value], [limit]], header)
        mask |= (hu >= ends.min(axis=0)) & (hu <= ends.max(axis=0))
    return mask
