"""A batch of CIFAR-10: a pickle, of which nothing but an array and a list of numbers is taken."""

import io
import pickle
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monai_ssl.errors import InputError

__all__ = ["SIZE", "read_batch", "read_pixels"]

SIZE = 32
"""Rows and columns of an image."""

# All that the pickles of the release (and the same written by Python 3 or NumPy 2) are made of. A pickle may name any
# function that is to be called, so that no other name is looked up.
_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}


class _ForbiddenError(Exception):
    """A pickle asks for something that no batch needs."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise _ForbiddenError
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_batch(file: Path) -> tuple[NDArray[np.uint8], list[int]]:
    """Read the pixels and labels of a batch.

    Args:
        file: such as ``data_batch_1``, a pickle of Python 2.

    Returns:
        Pixels of shape (N, 32, 32, 3), RGB, and N labels from 0 to 9.

    Raises:
        InputError: when the file cannot be read, is no batch, or holds anything that a batch has no need of, in which
            case nothing of it was run.
    """
    try:
        content = _Unpickler(io.BytesIO(file.read_bytes()), encoding="bytes").load()
        pixels, labels = content[b"data"], content[b"labels"]
    except _ForbiddenError:
        raise InputError(
            f"{file}: this pickle holds code that no batch of CIFAR-10 needs, and nothing of it was run. Download the "
            "data set again from its own site."
        ) from None
    except Exception as error:
        # A damaged pickle may raise anything.
        raise InputError(
            f"{file}: this is no batch of CIFAR-10, or damaged ({type(error).__name__}). Download it again."
        ) from None
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape[1:] != (3 * SIZE * SIZE,):
        raise InputError(f"{file}: the images are not rows of {3 * SIZE * SIZE} bytes. Give the batches of CIFAR-10.")
    if not isinstance(labels, list) or len(labels) != len(pixels) or not set(labels) <= set(range(10)):
        raise InputError(f"{file}: there is not one label from 0 to 9 for each image. Download it again.")
    return pixels.reshape(-1, 3, SIZE, SIZE).transpose(0, 2, 3, 1), labels


def read_pixels(file: Path, start: int, stop: int) -> NDArray[np.uint8]:
    """Some images of a batch, of shape (stop - start, 32, 32, 3)."""
    return _kept_batch(file)[0][start:stop]


# Of a worker process, which reads one batch after the other.
_kept_batch = lru_cache(maxsize=1)(read_batch)
