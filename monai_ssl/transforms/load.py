"""Any radiology image file to a float tensor in [0, 1]."""

import os
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform, Transform
from monai.utils import TransformBackends
from numpy.typing import NDArray

from monai_ssl.errors import InputError
from monai_ssl.transforms.dicom import read_dicom
from monai_ssl.transforms.file_kind import kind_of
from monai_ssl.transforms.nifti import read_nifti
from monai_ssl.transforms.picture import read_picture
from monai_ssl.transforms.rescale import rescale
from monai_ssl.transforms.window import WindowHU
from monai_ssl.transforms.windows import Window, check_windows, hu_limits, scale_range

__all__ = ["LoadRadiologyImage", "LoadRadiologyImaged"]

_PERCENTILES = (0.5, 99.5)
# ITU-R BT.601, as PIL has it.
_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)


class LoadRadiologyImage(Transform):
    """Read an image file and give a float32 tensor (C, *spatial) in [0, 1]; C = channels * len(windows).

    ===================== ============================================== =================================
    file                  windows "header", "auto", "full"               windows in HU (name or pair)
    ===================== ============================================== =================================
    DICOM, grey           see :class:`~monai_ssl.transforms.WindowHU`    HU = slope * stored + intercept
    DICOM, colour         full range of the stored bits                  error
    PNG, JPEG, BMP, TIFF  full range of the type (1, 8 or 16 bits)       error
    NIfTI (RAS, 2D or 3D) 0.5 to 99.5 percentile of the image            values taken as HU
    ===================== ============================================== =================================

    The kind of file goes by its content, and by its suffix where the content does not tell (NIfTI, DICOM without
    preamble). Colour becomes grey by its luminance 0.299 R + 0.587 G + 0.114 B, grey becomes colour by repetition. A
    NIfTI image whose two percentiles are equal becomes 0.

    Args:
        channels: 1 (grey) or 3 (RGB) for each window.
        windows: one or more windows; several become channels, in their order, and go with ``channels=1`` only.
        spatial_dims: 2 or 3 to refuse images of the other kind; ``None`` takes both.

    Raises:
        InputError: for other arguments.
    """

    backend = [TransformBackends.NUMPY]  # noqa: RUF012 - as MONAI declares it

    def __init__(
        self,
        channels: int = 1,
        windows: str | Sequence[str | Sequence[float]] = ("auto",),
        spatial_dims: int | None = None,
    ) -> None:
        if channels not in (1, 3):
            raise InputError(f"channels is {channels!r}. Give 1 (grey) or 3 (RGB).")
        self.channels, self.spatial_dims = channels, spatial_dims
        self.windows = check_windows(windows)
        if channels == 3 and len(self.windows) > 1:
            raise InputError(f"channels is 3 with {len(self.windows)} windows. Give one window, or channels=1.")
        self.window = WindowHU(self.windows)

    def __call__(self, path: str | os.PathLike[str]) -> torch.Tensor:
        """Read one image.

        Args:
            path: the file.

        Returns:
            a plain float32 tensor of shape (channels * len(windows), *spatial) in [0, 1].

        Raises:
            InputError: when the file cannot be read, or cannot be windowed as asked; the message names it.
        """
        kind = kind_of(path)
        if kind == "dicom":
            image = self._dicom(path)
        elif kind == "nifti":
            values = read_nifti(path)
            image = np.concatenate([_scale_nifti(values, window) for window in self.windows])
        else:
            image = self._full_range(path, read_picture(path))
        if self.spatial_dims not in (None, image.ndim - 1):
            raise InputError(
                f"{path}: this image has {image.ndim - 1} dimensions, where {self.spatial_dims} are expected. Take it "
                "out, or use a model for such images."
            )
        return torch.from_numpy(_to_channels(image, self.channels) if len(self.windows) == 1 else image)

    def _dicom(self, path: str | os.PathLike[str]) -> NDArray[np.float32]:
        pixels, header = read_dicom(path)
        if header.photometric_interpretation == "RGB":
            return self._full_range(path, scale_range(pixels.astype(np.float32), *header.stored_range))
        try:
            return self.window(rescale(pixels, header), header).numpy()
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    def _full_range(self, path: str | os.PathLike[str], image: NDArray[np.float32]) -> NDArray[np.float32]:
        """An image without HU, once for each window."""
        for window in self.windows:
            if hu_limits(window) is not None:
                raise InputError(f"{path}: the window {window!r} is in HU, which this image does not hold. Use 'full'.")
        if len(self.windows) == 1:
            return image
        return np.repeat(_to_channels(image, 1), len(self.windows), axis=0)


def _scale_nifti(values: NDArray[np.float32], window: Window) -> NDArray[np.float32]:
    low, high = hu_limits(window) or np.percentile(values, _PERCENTILES)
    return scale_range(values, low, high) if high > low else np.zeros_like(values)


def _to_channels(image: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    """(1 or 3, *spatial) to (channels, *spatial)."""
    if image.shape[0] == channels:
        return image
    if channels == 3:
        return np.repeat(image, 3, axis=0)
    return np.clip(np.tensordot(_LUMINANCE, image, axes=1)[None], 0.0, 1.0)


class LoadRadiologyImaged(MapTransform):
    """Dictionary version of :class:`LoadRadiologyImage`: replaces a path by its image.

    Args:
        keys: keys of paths.
        channels: see :class:`LoadRadiologyImage`.
        windows: see :class:`LoadRadiologyImage`.
        spatial_dims: see :class:`LoadRadiologyImage`.
        allow_missing_keys: whether a key may be missing.
    """

    backend = LoadRadiologyImage.backend

    def __init__(
        self,
        keys: KeysCollection,
        channels: int = 1,
        windows: str | Sequence[str | Sequence[float]] = ("auto",),
        spatial_dims: int | None = None,
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.load = LoadRadiologyImage(channels, windows, spatial_dims)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of ``data`` with images."""
        output = dict(data)
        for key in self.key_iterator(output):
            output[key] = self.load(output[key])
        return output
