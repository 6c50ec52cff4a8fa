"""Any radiology image file to a float tensor, in [0, 1] or as the file has it."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import MapTransform, Transform
from monai.utils import TransformBackends

from monai_ssl.errors import InputError
from monai_ssl.readers import Paths, check_windows, read_image
from monai_ssl.readers.grids import first_path, image_affine

__all__ = ["LoadRadiologyImage", "LoadRadiologyImaged"]


class LoadRadiologyImage(Transform):
    """Read an image file and give a float32 tensor (C, *spatial); C = channels * len(windows). It is in [0, 1]:

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

    The window "raw" gives the values of any file as they are, neither scaled nor restricted, inverted or padded: slope
    and intercept are applied (so that CT is in HU), and pictures and colour have the stored numbers, such as 0 to 255.
    With it an MR image can be normalized by MONAI's transforms.

    Several files of an image must have one shape and, in NIfTI, one affine, but for the rounding of headers: see
    :func:`~monai_ssl.readers.grids.same_places`.

    Args:
        channels: for each window: 1 (grey), 3 (RGB), or the number of files or modalities of an image.
        windows: one or more windows; several become channels, in their order, and go with ``channels=1`` only.
        spatial_dims: 2 or 3 to refuse images of the other kind; ``None`` takes both.
        track_meta: whether to give a ``MetaTensor``, whose spatial transforms ``Invertd`` undoes. Its affine is that of
            the image as it is here, in mm: of 3D NIfTI in RAS, of 2D NIfTI within the plane of the slice, the identity
            for all other files (see :func:`~monai_ssl.readers.grids.image_affine`). ``meta["filename_or_obj"]`` is the
            path, of several files the first.

    Raises:
        InputError: for other arguments.
    """

    backend = [TransformBackends.NUMPY]  # noqa: RUF012 - as MONAI declares it

    def __init__(
        self,
        channels: int = 1,
        windows: str | Sequence[str | Sequence[float]] = ("auto",),
        spatial_dims: int | None = None,
        track_meta: bool = False,
    ) -> None:
        if not isinstance(channels, int) or channels < 1:
            raise InputError(f"channels is {channels!r}. Give 1 (grey), 3 (RGB), or the number of modalities.")
        self.channels, self.spatial_dims, self.track_meta = channels, spatial_dims, track_meta
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
            float32 tensor of shape (channels * len(windows), *spatial); a ``MetaTensor`` with ``track_meta``.

        Raises:
            InputError: when the file cannot be read, or cannot be windowed as asked; the message names it.
        """
        image = torch.from_numpy(read_image(path, self.channels, self.windows, self.spatial_dims))
        if not self.track_meta:
            return image
        first = first_path(path)
        affine = torch.from_numpy(image_affine(first, image.ndim - 1))
        return MetaTensor(image, affine=affine, meta={"filename_or_obj": str(first)})


class LoadRadiologyImaged(MapTransform):
    """Dictionary version of :class:`LoadRadiologyImage`: replaces a path by its image.

    Args:
        keys: keys of paths.
        channels: see :class:`LoadRadiologyImage`.
        windows: see :class:`LoadRadiologyImage`.
        spatial_dims: see :class:`LoadRadiologyImage`.
        allow_missing_keys: whether a key may be missing.
        track_meta: see :class:`LoadRadiologyImage`.
    """

    backend = LoadRadiologyImage.backend

    def __init__(
        self,
        keys: KeysCollection,
        channels: int = 1,
        windows: str | Sequence[str | Sequence[float]] = ("auto",),
        spatial_dims: int | None = None,
        allow_missing_keys: bool = False,
        track_meta: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.load = LoadRadiologyImage(channels, windows, spatial_dims, track_meta)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of ``data`` with images."""
        output = dict(data)
        for key in self.key_iterator(output):
            output[key] = self.load(output[key])
        return output
