"""Cropping to where an image is not 0."""

from collections.abc import Hashable, Mapping, Sequence

import torch
from monai.config import KeysCollection, NdarrayTensor
from monai.transforms import CropForegroundd

from monai_ssl.errors import InputError

__all__ = ["CropToNonzerod", "is_nonzero"]


def is_nonzero(image: NdarrayTensor) -> NdarrayTensor:
    """Say where an image is not 0: the ``select_fn`` of images whose foreground has negative values.

    MONAI's own one says where it is above 0, and so takes half of an image that was normalized for background.
    """
    return image != 0  # type: ignore[return-value]


class CropToNonzerod(CropForegroundd):
    """Crop images and masks to the smallest box that holds all of ``source_key`` that is not 0.

    It is MONAI's ``CropForegroundd``, which ``Invertd`` undoes, for any image that is 0 outside of the patient, such as
    a brain without its skull. What an image is cropped to does not depend on its mask, so that labeled and unlabeled
    images are treated alike.

    Args:
        keys: keys of images and masks (C, *spatial) on one grid.
        source_key: key of the image that tells the box.
        margin: voxels that are kept around the box, as far as the image goes.
        allow_missing_keys: whether a key may be missing.

    Raises:
        InputError: when called, for an image that is 0 everywhere; it names the file if the image is a ``MetaTensor``
            that knows it, or ``data["source"]`` does.
        ValueError: for a negative margin.
    """

    def __init__(
        self,
        keys: KeysCollection,
        source_key: str = "image",
        margin: Sequence[int] | int = 0,
        allow_missing_keys: bool = False,
    ) -> None:
        if any(part < 0 for part in ([margin] if isinstance(margin, int) else margin)):
            raise ValueError(f"`margin` must not be negative, got {margin!r}.")
        super().__init__(
            keys,
            source_key,
            select_fn=is_nonzero,
            margin=margin,
            allow_smaller=True,
            start_coord_key=None,
            end_coord_key=None,
            allow_missing_keys=allow_missing_keys,
        )

    def __call__(self, data: Mapping[Hashable, torch.Tensor], lazy: bool | None = None) -> dict[Hashable, torch.Tensor]:
        """Return a copy of ``data`` with cropped images and masks."""
        image = data[self.source_key]
        if not is_nonzero(image).any():
            named = getattr(image, "meta", {}).get("filename_or_obj") or data.get("source") or self.source_key
            raise InputError(
                f"{named}: this image is 0 everywhere, so that there is nothing to crop it to. Take it out of the data "
                "list."
            )
        return super().__call__(data, lazy)
