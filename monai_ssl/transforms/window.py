"""HU to [0, 1] by windows."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection, NdarrayOrTensor
from monai.transforms import MapTransform, Transform
from monai.utils import TransformBackends, convert_to_numpy
from numpy.typing import NDArray

from monai_ssl.errors import InputError
from monai_ssl.transforms.dicom_header import DicomHeader
from monai_ssl.transforms.rescale import rescale
from monai_ssl.transforms.windows import Window, check_windows, header_limits, hu_limits, scale_range

__all__ = ["WindowHU", "WindowHUd"]

# CT scanners fill the corners outside their round field of view with values such as -2000 (stored, so -3024 HU) and
# often do not say so in PixelPaddingValue. Air is at -1000 HU and 12-bit CT ends at -1024 HU; nothing scanned is here.
_CT_PADDING_BELOW_HU = -1500.0


class WindowHU(Transform):
    """Restrict HU to windows and scale each to [0, 1].

    For a window of center c and width w::

        out = clip((hu - (c - w / 2)) / w, 0, 1)

    This is the window of NoTeacher (Unnikrishnan et al. 2021), there scaled to [0, 255], and DICOM's LINEAR_EXACT
    function. DICOM's default LINEAR function (PS3.3 C.11.2.1.2) has c - 0.5 and w - 1 in place of c and w, made for
    whole numbers; the results differ by 1 / w at most. A file's VOI LUT Function is not followed.

    Low values are dark in the output also for MONOCHROME1, whose output is inverted. Padding is 0: the header's padding
    value or range, and below -1500 HU in CT (corners outside the field of view that the header does not declare).

    Args:
        windows: one or more of

            - "header": the first window of the file's header (several are alternatives for the display);
            - "full": all values that the file's stored bits can hold;
            - "auto": "header" where the file has a window, else "full". A CT without a window is an error, for the full
              range of CT has almost no contrast;
            - "brain" (40, 80), "subdural" (80, 200) and "bone" (600, 2800);
            - (center, width).

    Raises:
        InputError: for a window that is none of these.
    """

    backend = [TransformBackends.NUMPY]  # noqa: RUF012 - as MONAI declares it

    def __init__(self, windows: str | Sequence[str | Sequence[float]] = ("auto",)) -> None:
        self.windows = check_windows(windows)

    def __call__(self, img: NdarrayOrTensor, header: DicomHeader | None = None) -> torch.Tensor:
        """Window one image.

        Args:
            img: HU of shape (C, *spatial).
            header: its header; without it only windows in HU can be had, and nothing is known of padding.

        Returns:
            float32 tensor of shape (C * len(windows), *spatial) in [0, 1]; all channels of the first window come first.

        Raises:
            InputError: for NaN or infinite values, and where the header does not have what a window needs.
        """
        hu: NDArray[np.float32] = convert_to_numpy(img, dtype=np.float32)
        if not np.isfinite(hu).all():
            raise InputError("the image holds NaN or infinite values. Mend it before windowing.")
        output = np.empty((len(self.windows), *hu.shape), dtype=np.float32)
        for channel, window in zip(output, self.windows, strict=True):
            scale_range(hu, *_limits(window, header), out=channel)
        if header is not None:
            if header.photometric_interpretation == "MONOCHROME1":
                np.subtract(1.0, output, out=output)
            padding = _padding_mask(hu, header)
            if padding.any():
                output[:, padding] = 0.0
        return torch.from_numpy(output.reshape(-1, *hu.shape[1:]))


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
        ends = rescale((header.padding_value, limit), header)
        mask |= (hu >= ends.min()) & (hu <= ends.max())
    return mask


class WindowHUd(MapTransform):
    """Dictionary version of :class:`WindowHU`.

    The header is taken out: the values are no longer those that it speaks of, and a batch holds no such object.

    Args:
        keys: keys of images in HU.
        windows: see :class:`WindowHU`.
        header_key_postfix: the header is found under ``f"{key}_{header_key_postfix}"``; it may be missing.
        allow_missing_keys: whether a key may be missing.
    """

    backend = WindowHU.backend

    def __init__(
        self,
        keys: KeysCollection,
        windows: str | Sequence[str | Sequence[float]] = ("auto",),
        header_key_postfix: str = "header",
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.window = WindowHU(windows)
        self.header_key_postfix = header_key_postfix

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a copy of ``data`` with windowed images."""
        output = dict(data)
        for key in self.key_iterator(output):
            output[key] = self.window(output[key], output.pop(f"{key}_{self.header_key_postfix}", None))
        return output
