"""Time to read a CT slice: DICOM file to HU to window, beside pydicom's bare decoding and MONAI's reader.

Run with ``python -m benchmarks.dicom_reading``. It writes synthetic 512 x 512 slices to a temporary folder, reads all
of them in each way in turn, several times over, and prints the median time per file and its ratio to bare pydicom.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.transforms import LoadImage
from pydicom import Dataset, FileMetaDataset, dcmread
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from benchmarks.timing import add_arguments, alternate, conditions
from monai_ssl.transforms import LoadRadiologyImage


def write_slice(path: Path, generator: np.random.Generator, size: int = 512) -> None:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = generate_uid()
    dataset.Modality = "CT"
    dataset.Rows = dataset.Columns = size
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.RescaleSlope, dataset.RescaleIntercept = "1", "-1024"
    dataset.WindowCenter, dataset.WindowWidth = "40", "80"
    dataset.PixelData = generator.integers(0, 4096, (size, size), dtype=np.uint16).tobytes()
    dataset.save_as(path, enforce_file_format=True)


def read_all(read: Callable[[Path], Any], paths: list[Path]) -> None:
    for path in paths:
        read(path)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Time to read a CT slice.")
    parser.add_argument("--files", type=int, default=50, help="number of slices (%(default)s)")
    add_arguments(parser, repeats=9)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    readers: dict[str, Callable[[Path], Any]] = {
        "pydicom dcmread().pixel_array": lambda path: dcmread(path).pixel_array,
        "LoadRadiologyImage, 1 window": LoadRadiologyImage(windows=["header"]),
        "LoadRadiologyImage, 3 windows": LoadRadiologyImage(windows=["brain", "subdural", "bone"]),
        "MONAI LoadImage(PydicomReader)": LoadImage(reader="PydicomReader", image_only=True),
    }
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{index}.dcm" for index in range(options.files)]
        generator = np.random.default_rng(0)
        for path in paths:
            write_slice(path, generator)
        medians = alternate({name: partial(read_all, read, paths) for name, read in readers.items()}, options.repeats)
    bare = next(iter(medians.values()))
    print(f"{options.files} files of 512 x 512, median of {options.repeats}")
    print(conditions())
    for name, median in medians.items():
        print(f"{name:32s} {1000 * median / options.files:7.2f} ms per file  x {median / bare:.2f}")


if __name__ == "__main__":
    main()
