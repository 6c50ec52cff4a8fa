"""Any radiology image file to a float array in [0, 1]."""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monai_ssl.errors import InputError
from monai_ssl.readers.dicom import read_dicom
from monai_ssl.readers.file_kind import kind_of
from monai_ssl.readers.nifti import read_nifti
from monai_ssl.readers.picture import read_picture
from monai_ssl.readers.rescale import rescale
from monai_ssl.readers.windowing import apply_windows
from monai_ssl.readers.windows import Window, hu_limits, scale_range

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
        path: the file; several are read as one channel each.
        channels: the number wanted for each window; None gives as many as the file has.
        windows: as :func:`~monai_ssl.readers.check_windows` gives them.
        spatial_dims: 2 or 3 to refuse images of the other kind; None takes both.

    Returns:
        float32 array of shape (channels * len(windows), *spatial) in [0, 1].

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
    return image if len(windows) > 1 else _to_channels(path, image, channels)


def _read(path: str | os.PathLike[str], windows: Sequence[Window]) -> NDArray[np.float32]:
    kind = kind_of(path)
    if kind == "nifti":
        values = read_nifti(path)
        return np.concatenate([_scale_nifti(channel[None], window) for window in windows for channel in values])
    if kind == "picture":
        return _full_range(path, read_picture(path), windows)
    pixels, header = read_dicom(path)
    if header.photometric_interpretation == "RGB":
        return _full_range(path, scale_range(pixels.astype(np.float32), *header.stored_range), windows)
    try:
        return apply_windows(rescale(pixels, header), windows, header, overwrite=True)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _stack(
    paths: Sequence[str | os.PathLike[str]], channels: int | None, windows: Sequence[Window], spatial_dims: int | None
) -> NDArray[np.float32]:
    """The images of several files as the channels of one."""
    if channels not in (None, len(paths)):
        raise InputError(f"{paths[0]}: this and {len(paths) - 1} other files make no image of {channels} channels.")
    images = [read_image(path, 1, windows, spatial_dims) for path in paths]
    for path, image in zip(paths, images, strict=True):
        if image.shape != images[0].shape:
            raise InputError(
                f"{path}: the shape {image.shape[1:]} differs from {images[0].shape[1:]} of {paths[0]}. Resample the "
                "files of a study to one grid."
            )
    return np.concatenate(images)


def _full_range(
    path: str | os.PathLike[str], image: NDArray[np.float32], windows: Sequence[Window]
) -> NDArray[np.float32]:
    """An image without HU, once for each window."""
    for window in windows:
        if hu_limits(window) is not None:
            raise InputError(f"{path}: the window {window!r} is in HU, which this image does not hold. Use 'full'.")
    if len(windows) == 1:
        return image
    return np.repeat(_to_channels(path, image, 1), len(windows), axis=0)


def _scale_nifti(values: NDArray[np.float32], window: Window) -> NDArray[np.float32]:
    low, high = hu_limits(window) or np.percentile(values, _PERCENTILES)
    return scale_range(values, low, high) if high > low else np.zeros_like(values)


def _to_channels(path: str | os.PathLike[str], image: NDArray[np.float32], channels: int | None) -> NDArray[np.float32]:
    """(1 or 3, *spatial) to (channels, *spatial): colour to grey by its luminance, grey to several by repetition."""
    found = image.shape[0]
    if channels in (None, found):
        return image
    if channels == 3 and found == 1:
        return np.repeat(image, 3, axis=0)
    if channels == 1 and found == 3:
        return np.clip(np.tensordot(_LUMINANCE, image, axes=1)[None], 0.0, 1.0)
    raise InputError(
        f"{path}: this image has {found} channels, where {channels} are expected. Take it out, or use a model for it."
    )
