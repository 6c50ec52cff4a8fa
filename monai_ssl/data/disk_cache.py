"""Tensors on disk, found again by what they were made of."""

import hashlib
import json
import math
import os
import stat
import struct
import zlib
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor

from monai_ssl.errors import InputError
from monai_ssl.files import make_folder, write_whole
from monai_ssl.salt import opaque, read_salt

__all__ = ["DiskCache"]

# What decodes and computes: another version of it may give other numbers.
_PACKAGES = ("torch", "monai", "numpy", "pydicom", "pillow", "nibabel")
_FORMAT = 1
_ALIGNMENT = 64
# The CRC-32 of all that follows it, and the length of the head.
_WORDS = struct.Struct("<II")
_CHECKSUM = 4

Files = Mapping[str, str | os.PathLike[str] | Sequence[str | os.PathLike[str]]]


class DiskCache:
    """A folder with one file for each preprocessed image, which any number of processes may read and write at once.

    The name of a file is a keyed hash of what the tensors were made of: the paths, sizes and times of their sources,
    the preprocessing, the readers' own code, and the versions of the packages that read and compute. So nothing has to
    be kept in memory, a changed image is preprocessed anew, and several preprocessings share a folder. The hash's key
    lies beside the folder (see :func:`~monai_ssl.salt.read_salt`): the folder by itself does not tell which images it
    was made of.

    Args:
        folder: where the files are; it is made where it is missing.
        made_by: text that tells the preprocessing from others.

    Raises:
        InputError: when the folder or its salt cannot be written or read.
    """

    def __init__(self, folder: str | os.PathLike[str], made_by: str) -> None:
        self.folder = make_folder(Path(folder).absolute())
        self._salt = read_salt(self.folder)
        versions = [f"{name} {version(name)}" for name in _PACKAGES]
        self._made_by = opaque(self._salt, _FORMAT, *versions, _code(), made_by, size=16)

    def name(self, files: Files) -> str | None:
        """Name what is made of some files.

        Args:
            files: a path or several, by key.

        Returns:
            the name; ``None`` where something is no file, so that reading it may say what is wrong.
        """
        parts: list[object] = [self._made_by]
        for key, paths in files.items():
            parts.append(key)
            for path in [paths] if isinstance(paths, (str, os.PathLike)) else paths:
                try:
                    status = os.stat(path)  # noqa: PTH116 - with pathlib, reading an image takes a third longer
                except OSError:
                    return None
                if not stat.S_ISREG(status.st_mode):
                    return None
                parts += [os.path.abspath(path), status.st_size, status.st_mtime_ns]  # noqa: PTH100
        return opaque(self._salt, *parts, size=16)

    def read(self, name: str) -> dict[str, Tensor] | None:
        """Read tensors.

        Returns:
            tensors in memory of their own, by key; ``None`` when there is no such file or it is damaged.
        """
        try:
            with self._file(name).open("rb") as file:
                content = bytearray(os.fstat(file.fileno()).st_size)
                file.readinto(content)
        except OSError:
            return None
        return _unpack(content)

    def write(self, name: str, tensors: Mapping[str, Tensor]) -> None:
        """Write tensors, in one file, whole or not at all.

        Raises:
            InputError: when they cannot be written, as on a full disk.
        """
        try:
            with write_whole(self._file(name), flush=False) as temporary, temporary.open("wb") as file:
                file.writelines(_pack(tensors))
        except OSError as error:
            raise InputError(
                f"{self.folder}: a preprocessed image cannot be kept here ({error.strerror}). Make room on this disk, "
                "or give another folder as cache_dir."
            ) from error

    def _file(self, name: str) -> Path:
        return self.folder / name[:2] / name[2:]


def _pack(tensors: Mapping[str, Tensor]) -> list[bytes | memoryview]:
    """A checksum, the length of the head, the head in JSON, and the bytes of each tensor, aligned.

    ``.npy`` takes several times as long to open, holds one array and does not notice a changed byte.
    """
    head = json.dumps(
        {key: [str(tensor.dtype).removeprefix("torch."), *tensor.shape] for key, tensor in tensors.items()}
    )
    head += " " * _padding(_WORDS.size + len(head))
    blocks: list[bytes | memoryview] = [head.encode("ascii")]
    for tensor in tensors.values():
        data = tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data
        blocks += [data, bytes(_padding(data.nbytes))]
    checksum = zlib.crc32(_WORDS.pack(0, len(head))[_CHECKSUM:])
    for block in blocks:
        checksum = zlib.crc32(block, checksum)
    return [_WORDS.pack(checksum, len(head)), *blocks]


def _unpack(content: bytearray) -> dict[str, Tensor] | None:
    """Tensors that share the memory of ``content``; ``None`` where the checksum does not fit."""
    if len(content) < _WORDS.size:
        return None
    checksum, length = _WORDS.unpack_from(content)
    if zlib.crc32(memoryview(content)[_CHECKSUM:]) != checksum:
        return None
    start = _WORDS.size + length
    tensors = {}
    for key, (dtype_name, *shape) in json.loads(content[_WORDS.size : start].decode("ascii")).items():
        dtype, count = getattr(torch, dtype_name), math.prod(shape)
        tensors[key] = torch.frombuffer(content, dtype=dtype, count=count, offset=start).reshape(shape)
        start += count * dtype.itemsize
        start += _padding(start)
    return tensors


def _padding(size: int) -> int:
    return -size % _ALIGNMENT


def _code() -> str:
    """A hash of the code that reads and transforms, which may change while the version stays."""
    package = Path(__file__).parents[1]
    digest = hashlib.blake2b()
    for pattern in ("masks.py", "readers/*.py", "transforms/*.py"):
        for file in sorted(package.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()
