"""Arrays of bytes inside plain files, gzip files and npz archives, read a few rows at a time."""

import gzip
import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from monai_ssl.errors import InputError

__all__ = ["check_content", "open_stream", "read_rows", "refuse_damaged"]

_CHUNK = 1 << 20


def read_rows(
    file: Path, member: str | None, offset: int, shape: tuple[int, ...], start: int, stop: int
) -> NDArray[np.uint8]:
    """Read some rows of an array of bytes in C order, of which no more is held in memory.

    The stream stays open for the next rows: going forward costs one pass over a compressed file, whatever its size.

    Args:
        file: plain, gzip (``.gz``) or an npz archive.
        member: of the archive; None for other files.
        offset: bytes before the array.
        shape: of the array.
        start: the first row.
        stop: the row after the last.

    Returns:
        Array of shape (stop - start, *shape[1:]).

    Raises:
        InputError: when the file is damaged or too short.
    """
    size = math.prod(shape[1:])
    with refuse_damaged(file):
        stream = _kept_stream(file, member)
        stream.seek(offset + start * size)
        content = stream.read((stop - start) * size)
    if len(content) != (stop - start) * size:
        raise InputError(f"{file}: this file is cut short. Download it again.")
    return np.frombuffer(content, dtype=np.uint8).reshape(stop - start, *shape[1:])


def check_content(file: Path) -> None:
    """Read a compressed file to the end of each part, where its checksum is: damage may leave the rows readable.

    Args:
        file: gzip (``.gz``) or an npz archive; no other file has a checksum, so that it is not read.

    Raises:
        InputError: when the file is damaged.
    """
    with refuse_damaged(file):
        if file.suffix == ".gz":
            with gzip.open(file) as stream:
                while stream.read(_CHUNK):
                    pass
        elif file.suffix == ".npz":
            with zipfile.ZipFile(file) as archive:
                if archive.testzip() is not None:
                    raise zipfile.BadZipFile


def open_stream(file: Path, member: str | None = None) -> IO[bytes]:
    """Open a plain or gzip file, or a member of an npz archive, to read it uncompressed."""
    if member is not None:
        return zipfile.ZipFile(file).open(member)
    if file.suffix == ".gz":
        return cast(IO[bytes], gzip.open(file))
    return file.open("rb")


# Of a worker process, which reads one array after the other.
_kept_stream = lru_cache(maxsize=1)(open_stream)


@contextmanager
def refuse_damaged(file: Path) -> Iterator[None]:
    """Turn what is raised for a damaged file into an ``InputError``."""
    try:
        yield
    except InputError:
        raise
    except (OSError, EOFError, ValueError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{file}: this file cannot be read ({type(error).__name__}). Download it again.") from None
