"""The names of windows, and the range of HU that each stands for."""

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from monai_ssl.errors import InputError
from monai_ssl.readers.dicom_header import DicomHeader
from monai_ssl.readers.rescale import rescale

__all__ = ["CT_WINDOWS", "RAW", "Window", "check_windows", "header_limits", "hu_limits", "scale_range"]

CT_WINDOWS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"brain": (40.0, 80.0), "subdural": (80.0, 200.0), "bone": (600.0, 2800.0)}
)
"""(center, width) in HU of the windows that have a name."""

RAW = "raw"
"""The values of the file, in its unit (HU in CT), which no window restricts and scales."""

_OF_THE_FILE = ("header", "full", "auto", RAW)

Window = str | tuple[float, float]
"""The name of a window, or its (center, width)."""


def check_windows(windows: str | Sequence[str | Sequence[float]]) -> tuple[Window, ...]:
    """Check windows as a config gives them.

    Args:
        windows: "header", "full", "auto", "raw", a name in :data:`CT_WINDOWS`, or (center, width); one name, or a
            sequence.

    Returns:
        names, and pairs of floats.

    Raises:
        InputError: for anything else; it names the bad window.
    """
    listed = [windows] if isinstance(windows, str) else list(windows)
    if not listed:
        raise InputError("windows is empty. Give at least one window, such as 'auto'.")
    return tuple(_check_window(window) for window in listed)


def _check_window(window: str | Sequence[float]) -> Window:
    names = (*_OF_THE_FILE, *CT_WINDOWS)
    if isinstance(window, str):
        if window in names:
            return window
    elif isinstance(window, Sequence) and len(window) == 2 and all(isinstance(value, Real) for value in window):
        center, width = float(window[0]), float(window[1])
        if math.isfinite(center) and math.isfinite(width) and width > 0:
            return center, width
    raise InputError(f"windows has {window!r}. Give one of {', '.join(names)}, or a (center, width > 0) in HU.")


def scale_range(
    values: NDArray[np.float32], low: float, high: float, out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Scale the range from ``low`` to ``high`` to [0, 1] and clip: ``clip((values - low) / (high - low), 0, 1)``."""
    scaled = np.subtract(values, np.float32(low), out=out)
    scaled /= np.float32(high - low)
    return np.clip(scaled, 0.0, 1.0, out=scaled)


def hu_limits(window: Window) -> tuple[float, float] | None:
    """(low, high) in HU of a window that is the same for all files; None for the others."""
    if isinstance(window, str):
        if window not in CT_WINDOWS:
            return None
        center, width = CT_WINDOWS[window]
    else:
        center, width = window
    return center - width / 2, center + width / 2


def header_limits(window: Window, header: DicomHeader) -> tuple[float, float]:
    """(low, high) in HU of "header", "full" or "auto" for one file.

    Raises:
        InputError: when the header has not what the window needs.
    """
    windowed = bool(header.window_widths)
    if window == "full" or (window == "auto" and not windowed and header.modality != "CT"):
        # One row for each end, as frames may have a rescale each.
        ends = header.modality_lut or rescale([[end] for end in header.stored_range], header).ravel().tolist()
        if min(ends) == max(ends):
            raise InputError("the modality lookup table has one value only. Export the file again from its source.")
        return min(ends), max(ends)
    if not windowed:
        raise InputError("the header has no window. Give a window such as 'brain' or (center, width).")
    center, width = header.window_centers[0], header.window_widths[0]
    if width <= 0:
        raise InputError(f"the header's window has width {width:g}. Give a window such as 'brain' or (center, width).")
    return center - width / 2, center + width / 2
