"""Images that a data set keeps many in one file, written one a file."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_prep.datasets.array_stream import check_content, read_rows
from data_prep.pipeline.writing import converted_path, is_written, write_nifti, write_png
from data_prep.workers.pool import run_jobs
from monai_ssl.errors import InputError
from monai_ssl.salt import read_salt

__all__ = ["Stack", "stream_stack", "write_images"]

# A job is to be long beside what it costs to hand it out, and short beside the time that a worker is given for one.
_IMAGES = 500
_BYTES = 1 << 24
# Seconds. The first job of a worker may have to go through many GB of a compressed file to come to its images.
_PATIENCE = 1800.0


@dataclass(frozen=True)
class Stack:
    """Images of one shape that lie one after the other in a file.

    Args:
        file: that holds them.
        name: tells them from others in the same file.
        shape: (N, H, W), (N, H, W, 3) or (N, H, W, D).
        read: reads the images from one index up to another, of shape (n, ...) and 8 bits. Worker processes call it: a
            function of a module, or a ``functools.partial`` of one.
    """

    file: Path
    name: str
    shape: tuple[int, ...]
    read: Callable[[int, int], NDArray[np.uint8]]

    @property
    def is_volumes(self) -> bool:
        """Whether the images are 3D."""
        return len(self.shape) == 4 and self.shape[-1] != 3

    @property
    def suffix(self) -> str:
        """Of the files that the images are written to."""
        return ".nii.gz" if self.is_volumes else ".png"


@dataclass(frozen=True)
class _Block:
    """Neighbouring images of a stack, and the files that they are written to."""

    stack: Stack
    start: int
    targets: tuple[Path, ...]


def stream_stack(file: Path, name: str, shape: tuple[int, ...], offset: int, member: str | None = None) -> Stack:
    """The images of an array whose bytes lie in a file, for :func:`~data_prep.datasets.array_stream.read_rows`."""
    return Stack(file, name, shape, partial(read_rows, file, member, offset, shape))


def write_images(stacks: Sequence[Stack], *, output: Path, workers: int) -> list[list[Path]]:
    """Write every image as PNG, or as NIfTI where it is 3D; those that an earlier run has written stay as they are.

    Volumes get the identity as affine: nothing is known of their place and voxel size.

    Args:
        stacks: the images.
        output: the data set's folder; images are written below ``images``.
        workers: the number of processes.

    Returns:
        The files of each stack, in the order of its images.

    Raises:
        InputError: when images cannot be read.
    """
    salt = read_salt(output)
    files = [
        [
            converted_path(output, salt, stack.file, stack.name, index, suffix=stack.suffix)
            for index in range(stack.shape[0])
        ]
        for stack in stacks
    ]
    blocks = [block for stack, paths in zip(stacks, files, strict=True) for block in _missing(stack, paths)]
    for file in dict.fromkeys(block.stack.file for block in blocks):
        check_content(file)
    for result in run_jobs(
        _write,
        blocks,
        workers=workers,
        description="writing images",
        name=lambda block: str(block.stack.file),
        timeout=_PATIENCE,
    ):
        if isinstance(result, InputError):
            raise result
    return files


def _missing(stack: Stack, paths: Sequence[Path]) -> Iterator[_Block]:
    """The blocks of a stack of which a file is missing."""
    step = max(1, min(_IMAGES, _BYTES // max(1, int(np.prod(stack.shape[1:])))))
    for start in range(0, len(paths), step):
        targets = tuple(paths[start : start + step])
        if not all(is_written(path) for path in targets):
            yield _Block(stack, start, targets)


def _write(block: _Block) -> None:
    images = block.stack.read(block.start, block.start + len(block.targets))
    for path, image in zip(block.targets, images, strict=True):
        if is_written(path):
            continue
        if block.stack.is_volumes:
            write_nifti(path, image, np.eye(4))
        else:
            write_png(path, image)
