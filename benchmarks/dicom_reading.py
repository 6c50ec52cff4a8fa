"""Time to read a CT slice: DICOM file to HU to window, beside plain pydicom with NumPy and MONAI's reader.

Run with ``python -m benchmarks.dicom_reading``. It writes synthetic 512 x 512 slices to a temporary folder, with
headers as long as scanners write them, reads all of them in each way in turn, several times over, and prints the
median time per file and its ratio to the plain loop. Then worker processes read them, one and two in turn. All files
are in the page cache, no way resizes, and arrays are dropped as soon as they are made. ``--folder`` compares the ways
on real slices of your own too.
"""

import argparse
import multiprocessing
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.transforms import LoadImage

from benchmarks.dicom_slices import plain_read, read_chunk, write_slice
from benchmarks.timing import add_arguments, alternate, conditions
from monai_ssl.readers import read_image

_CHUNK = 25


def read_all(read: Callable[[Path], Any], paths: list[Path]) -> None:
    for path in paths:
        read(path)


def compare_readers(name: str, paths: list[Path], repeats: int) -> None:
    readers: dict[str, Callable[[Path], Any]] = {
        "pydicom and NumPy, plain loop": plain_read,
        "read_image, 1 window": partial(read_image, channels=1, windows=("brain",)),
        "read_image, 3 windows": partial(read_image, channels=1, windows=("brain", "subdural", "bone")),
        "MONAI LoadImage(PydicomReader)": LoadImage(reader="PydicomReader", image_only=True),
    }
    medians = alternate({way: partial(read_all, read, paths) for way, read in readers.items()}, repeats)
    plain = next(iter(medians.values()))
    print(f"{name}: {len(paths)} files, median of {repeats}")
    for way, median in medians.items():
        print(
            f"{way:32s} {1000 * median / len(paths):7.2f} ms per file  {len(paths) / median:6.0f} images/s  "
            f"x {plain / median:.2f} as fast"
        )


def compare_processes(paths: list[Path], repeats: int) -> None:
    # So that a round takes long beside the sending of jobs.
    many = paths * max(1, 400 // len(paths))
    chunks = [many[start : start + _CHUNK] for start in range(0, len(many), _CHUNK)]
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(1, context) as one, ProcessPoolExecutor(2, context) as two:
        job = partial(read_chunk, windows=("brain",))
        pools = {"1 worker process": one, "2 worker processes": two}
        medians = alternate({name: partial(drain, pool, job, chunks) for name, pool in pools.items()}, repeats)
    first = next(iter(medians.values()))
    print(f"read_image, 1 window, {len(many)} images in chunks of {_CHUNK}")
    for name, median in medians.items():
        print(f"{name:32s} {len(many) / median:6.0f} images/s  x {first / median:.2f}")


def drain(pool: ProcessPoolExecutor, job: Callable[[list[Path]], int], chunks: list[list[Path]]) -> None:
    for _ in pool.map(job, chunks):
        pass


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Time to read a CT slice.")
    parser.add_argument("--files", type=int, default=50, help="number of slices (%(default)s)")
    parser.add_argument("--folder", type=Path, help="folder of .dcm files with slope, to be read too")
    add_arguments(parser, repeats=9)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{index}.dcm" for index in range(options.files)]
        generator = np.random.default_rng(0)
        for path in paths:
            write_slice(path, generator)
        compare_readers("synthetic slices of 512 x 512", paths, options.repeats)
        compare_processes(paths, options.repeats)
    if options.folder:
        compare_readers(f"slices in {options.folder}", sorted(options.folder.rglob("*.dcm")), options.repeats)
    print(conditions())


if __name__ == "__main__":
    main()
