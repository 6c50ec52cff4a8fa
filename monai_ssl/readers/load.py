"""Any radiology image file to a float array, in [0, 1] or as the file has it."""

import os
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from monai_ssl.errors import InputError
from monai_ssl.readers.dicom import read_dicom
from monai_ssl.readers.file_kind import kind_of
from monai_ssl.readers.grids import check_one_grid
from monai_ssl.readers.nifti import NiftiFile
from monai_ssl.readers.picture import read_picture
from monai_ssl.readers.rescale import rescale
from monai_ssl.readers.windowing import apply_windows
from monai_ssl.readers.windows import RAW, Window, hu_limits, scale_range

__all__ = ["Paths", "read_image"]

_PERCENTILES = (0.5, 99.5)
# ITU-R BT.601, as PIL has it.
_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""A file, or several whose images are the channels of one (the modalities of an MR study)."""


def read_image(
    path: Paths, channels: int | None = None, windows: Sequence[Window] = ("auto",), spatial_dims: int | None = None
) -> NDArray[np.float32]:
    """Read an image; see :class:`monai_ssl.transforms.LoadRadiologyImage` for what becomes of each kind of file.

    Args:
        path: the file; several are read as one channel each, and must be of one shape and show the same places (see
            :func:`~monai_ssl.readers.grids.same_places`).
        channels: the number wanted for each window; None gives as many as the file has.
        windows: as :func:`~monai_ssl.readers.check_windows` gives them.
        spatial_dims: 2 or 3 to refuse images of the other kind; None takes both.

    Returns:
        float32 array of shape (channels * len(windows), *spatial) in [0, 1], or in the file's unit for "raw".

    Raises:
        InputError: when the file cannot be read, or not as asked; the message names it.
    """
    if isinstance(path, Sequence) and not isinstance(path, str):
        return _stack(path, channels, windows, spatial_dims)
    image = _read(path, windows)
    if spatial_dims not in (None, image.ndim - 1):
        raise InputError(
            f"{path}: this image has {image.ndim - 1} dimensions, where {spatial_dims} are expected. Take it "
            "out, or use a model for such images."
        )
    return image if len(windows) > 1 else _to_channels(path, image, channels, scaled=windows[0] != RAW)


def _read(path: str | os.PathLike[str], windows: Sequence[Window]) -> NDArray[np.float32]:
    kind = kind_of(path)
    if kind == "nifti":
        return _read_nifti(path, windows)
    if kind == "picture":
        return _each_window(path, lambda scale: read_picture(path, scale), windows)
    pixels, header = read_dicom(path)
    if header.photometric_interpretation == "RGB":
        values = pixels.astype(np.float32)
        return _each_window(path, lambda scale: scale_range(values, *header.stored_range) if scale else values, windows)
    try:
        return apply_windows(rescale(pixels, header), windows, header, overwrite=True)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _read_nifti(path: str | os.PathLike[str], windows: Sequence[Window]) -> NDArray[np.float32]:
    """All windows of a NIfTI file; beside them there is never more than a channel in memory."""
    file = NiftiFile(path)
    output = np.empty((len(windows), *file.shape), dtype=np.float32)
    for channel in range(file.shape[0]):
        values = output[0, channel]
        file.read(channel, out=values)
        # The first window takes the place of the values.
        for index in reversed(range(len(windows))):
            _scale_nifti(values, windows[index], out=output[index, channel])
    return output.reshape(-1, *file.shape[1:])


def _stack(
    paths: Sequence[str | os.PathLike[str]], channels: int | None, windows: Sequence[Window], spatial_dims: int | None
) -> NDArray[np.float32]:
    """The images of several files as the channels of one; beside it there is never more than one of them in memory."""
    if channels not in (None, len(paths)):
        raise InputError(f"{paths[0]}: this and {len(paths) - 1} other files make no image of {channels} channels.")
    image = read_image(paths[0], 1, windows, spatial_dims)
    shape = image.shape
    output = np.empty((len(paths), *shape), dtype=np.float32)
    output[0] = image
    for index, path in enumerate(paths[1:], start=1):
        del image
        image = read_image(path, 1, windows, spatial_dims)
        if image.shape != shape:
            raise InputError(
                f"{path}: the shape {image.shape[1:]} differs from {shape[1:]} of {paths[0]}. Resample the files of a "
                "study to one grid."
            )
        output[index] = image
    check_one_grid(paths)
    return output.reshape(-1, *shape[1:])


def _each_window(
    path: str | os.PathLike[str], read: Callable[[bool], NDArray[np.float32]], windows: Sequence[Window]
) -> NDArray[np.float32]:
    """An image without HU, for each window: ``read`` gives it scaled to [0, 1], or else as the file has it."""
    for window in windows:
        if hu_limits(window) is not None:
            raise InputError(f"{path}: the window {window!r} is in HU, which this image does not hold. Use 'full'.")
    if len(windows) == 1:
        return read(windows[0] != RAW)
    images = {scaled: _to_channels(path, read(scaled), 1, scaled) for scaled in {window != RAW for window in windows}}
    return np.concatenate([images[window != RAW] for window in windows])


def _scale_nifti(values: NDArray[np.float32], window: Window, out: NDArray[np.float32]) -> None:
    if window == RAW:
        np.copyto(out, values)
        return
    low, high = hu_limits(window) or np.percentile(values, _PERCENTILES)
    if high > low:
        scale_range(values, low, high, out=out)
    else:
        out[...] = 0.0


def _to_channels(
    path: str | os.PathLike[str], image: NDArray[np.float32], channels: int | None, scaled: bool
) -> NDArray[np.float32]:
    """(1 or 3, *spatial) to (channels, *spatial): colour to grey by its luminance, grey to several by repetition."""
    found = image.shape[0]
    if channels in (None, found):
        return image
    if channels == 3 and found == 1:
        return np.repeat(image, 3, axis=0)
    if channels == 1 and found == 3:
        grey = np.tensordot(_LUMINANCE, image, axes=1)[None]
        return np.clip(grey, 0.0, 1.0) if scaled else grey
    raise InputError(
        f"{path}: this image has {found} channels, where {channels} are expected. Take it out, or use a model for it."
    )
