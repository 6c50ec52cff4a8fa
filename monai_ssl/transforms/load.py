"""Any radiology image file to a float tensor in [0, 1]."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform, Transform
from monai.utils import TransformBackends

from monai_ssl.errors import InputError
from monai_ssl.readers import Paths, check_windows, read_image

__all__ = ["LoadRadiologyImage", "LoadRadiologyImaged"]


class LoadRadiologyImage(Transform):
    """Read an image file and give a float32 tensor (C, *spatial) in [0, 1]; C = channels * len(windows).

    ===================== ============================================== =================================
    file                  windows "header", "auto", "full"               windows in HU (name or pair)
    ===================== ============================================== =================================
    DICOM, grey           see :class:`~monai_ssl.transforms.WindowHU`    HU = slope * stored + intercept
    DICOM, colour         full range of the stored bits                  error
    PNG, JPEG, BMP, TIFF  full range of the type (1, 8 or 16 bits)       error
    NIfTI (RAS, 2D or 3D) 0.5 to 99.5 percentile of each channel         values taken as HU
    ===================== ============================================== =================================

    The kind of file goes by its content, and by its suffix where the content does not tell (NIfTI, DICOM without
    preamble). Colour becomes grey by its luminance 0.299 R + 0.587 G + 0.114 B, grey becomes colour by repetition. A
    NIfTI image whose two percentiles are equal becomes 0.

    Args:
        channels: for each window: 1 (grey), 3 (RGB), or the number of files or modalities of an image.
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
        if not isinstance(channels, int) or channels < 1:
            raise InputError(f"channels is {channels!r}. Give 1 (grey), 3 (RGB), or the number of modalities.")
        self.channels, self.spatial_dims = channels, spatial_dims
        self.windows = check_windows(windows)
        if channels > 1 and len(self.windows) > 1:
            raise InputError(
                f"channels is {channels} with {len(self.windows)} windows. Give one window, or channels=1."
            )

    def __call__(self, path: Paths) -> torch.Tensor:
        """Read one image.

        Args:
            path: the file, or several that have one channel each.

        Returns:
            a plain float32 tensor of shape (channels * len(windows), *spatial) in [0, 1].

        Raises:
            InputError: when the file cannot be read, or cannot be windowed as asked; the message names it.
        """
        return torch.from_numpy(read_image(path, self.channels, self.windows, self.spatial_dims))


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
