"""HU to [0, 1] by windows, or as they are."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection, NdarrayOrTensor
from monai.transforms import MapTransform, Transform
from monai.utils import TransformBackends, convert_to_numpy

from monai_ssl.readers import DicomHeader, apply_windows, check_windows

__all__ = ["WindowHU", "WindowHUd"]


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
            - "raw": HU as they are: not restricted, scaled or inverted, with padding as it is;
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
            float32 tensor of shape (C * len(windows), *spatial) in [0, 1], or in HU for "raw"; all channels of the
            first window come first.

        Raises:
            InputError: for NaN or infinite values, and where the header does not have what a window needs.
        """
        return torch.from_numpy(apply_windows(convert_to_numpy(img, dtype=np.float32), self.windows, header))


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
