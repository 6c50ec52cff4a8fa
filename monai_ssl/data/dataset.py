"""Images read once and kept in memory, with errors that say which file is at fault."""

from collections.abc import Callable, Sequence
from typing import Any

from monai.data import CacheDataset

from monai_ssl.errors import find_input_error

__all__ = ["ImageDataset"]


class ImageDataset(CacheDataset):
    """MONAI's ``CacheDataset`` with the error of the file itself, not of the transform around it.

    Items are handed out without a copy: what augments them must not change them in place.

    Args:
        data: a list of dictionaries, as in a data list.
        transform: deterministic transforms.
        cache_rate: the fraction of the images that are kept in memory after reading; the rest is read each time.
        num_workers: threads that read.
        progress: whether to show a progress bar.

    Raises:
        InputError: for a file that cannot be used; the message names it.
    """

    def __init__(
        self,
        data: Sequence[dict[str, Any]],
        transform: Callable[[dict[str, Any]], dict[str, Any]],
        cache_rate: float = 1.0,
        num_workers: int = 2,
        progress: bool = True,
    ) -> None:
        try:
            super().__init__(
                data, transform, cache_rate=cache_rate, num_workers=num_workers, progress=progress, copy_cache=False
            )
        except RuntimeError as error:
            raise (find_input_error(error) or error) from None

    def _transform(self, index: int) -> Any:
        try:
            return super()._transform(index)
        except RuntimeError as error:
            raise (find_input_error(error) or error) from None
