"""Images read once and kept, in memory or on disk, with errors that say which file is at fault."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from monai.data import CacheDataset
from tqdm import tqdm

from monai_ssl.data.disk_cache import DiskCache
from monai_ssl.data.file_part import FilePart
from monai_ssl.errors import InputError, plain_input_errors

__all__ = ["ImageDataset"]


class ImageDataset(CacheDataset):
    """MONAI's ``CacheDataset`` with the error of the file itself, not of the transform around it.

    Items are handed out without a copy: what augments them must not change them in place.

    Args:
        data: a list of dictionaries, as in a data list.
        transform: deterministic transforms.
        cache_rate: the fraction of the images that are kept in memory after reading; the rest is read each time.
        num_workers: threads that read into memory.
        progress: whether to show a progress bar while they do.
        cache_dir: a folder for what ``transform`` makes of the files of an entry (image, mask, or a label that is
            one): plain tensors, which are written the first time that an item is asked for and read from then on, by
            every process. Labels and all else come from ``data``. ``cache_rate`` counts as 0 then.

    Raises:
        InputError: for a file that cannot be used, or whose image comes out of ``transform`` with NaN or infinite
            values, where the message names it; for a ``cache_dir`` that cannot be written, and a ``transform`` that
            cannot go with one.
    """

    def __init__(
        self,
        data: Sequence[dict[str, Any]],
        transform: Callable[[dict[str, Any]], dict[str, Any]],
        cache_rate: float = 1.0,
        num_workers: int = 2,
        progress: bool = True,
        cache_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        in_memory = cache_rate if cache_dir is None else 0.0
        with plain_input_errors():
            super().__init__(
                data, transform, cache_rate=in_memory, num_workers=num_workers, progress=progress, copy_cache=False
            )
        self._disk: DiskCache | None = None
        if cache_dir is not None:
            self._files = FilePart(self.transform)
            self._disk = DiskCache(cache_dir, self._files.description)

    def _fill_cache(self, indices: Any = None) -> list[Any]:
        """Read what is cached, in threads that are waited for when one meets an error.

        MONAI's pool is left running then, and a program that ends in that moment may be aborted.
        """
        chosen = range(self.cache_num) if indices is None else list(indices)
        with ThreadPoolExecutor(self.num_workers or 1) as pool:
            reading = [pool.submit(self._load_cache_item, index) for index in chosen]
            shown = tqdm(reading, desc="Loading dataset", disable=not (self.progress and reading))
            try:
                return [future.result() for future in shown]
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _load_cache_item(self, idx: int) -> Any:
        return self._checked(super()._load_cache_item(idx), idx)

    def _transform(self, index: int) -> Any:
        with plain_input_errors():
            if self._disk is not None:
                return self._through(self._disk, index)
            item = super()._transform(index)
        # What is cached was checked when it was read.
        return item if index % len(self) < self.cache_num else self._checked(item, index)

    def _through(self, disk: DiskCache, index: int) -> Any:
        """Take what is made of files from the disk, or put it there."""
        files, rest = self._files.split(self.data[index])
        name = disk.name(files) if files else None
        if name is None:
            return self._checked(super()._transform(index), index)
        tensors = disk.read(name)
        if tensors is None:
            tensors = self._checked(self._files.make(files), index)
            disk.write(name, tensors)
        return self._files.finish(rest | tensors)

    def _checked(self, item: Any, index: int) -> Any:
        image = item.get("image") if isinstance(item, Mapping) else None
        if isinstance(image, (torch.Tensor, np.ndarray)) and not torch.as_tensor(image).isfinite().all():
            source = self.data[index].get("image")
            name = source if isinstance(source, (str, os.PathLike)) else f"image {index}"
            raise InputError(
                f"{name}: after the preprocessing this image has NaN or infinite values. "
                "Mend the preprocessing, or take the image out of the data list."
            )
        return item
