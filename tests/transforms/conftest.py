"""DICOM files that the tests write, and where real images are."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray
from pydicom import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

WriteDicom = Callable[..., Path]


@pytest.fixture(scope="session")
def real_images() -> Path:
    folder = os.environ.get("MONAI_SSL_DATA")
    if not folder:
        pytest.skip("MONAI_SSL_DATA is not set")
    return Path(folder)


@pytest.fixture
def write_dicom(tmp_path: Path) -> WriteDicom:
    """Write ``stored`` to a DICOM file; keyword arguments set attributes, and None removes one."""

    def write(stored: NDArray[Any], name: str = "slice.dcm", syntax: str = ExplicitVRLittleEndian, **tags: Any) -> Path:
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
        dataset.Modality = "CT"
        dataset.PhotometricInterpretation = "MONOCHROME2"
        dataset.Rows, dataset.Columns = stored.shape[:2]
        dataset.SamplesPerPixel = stored.shape[2] if stored.ndim == 3 else 1
        if stored.ndim == 3:
            dataset.PlanarConfiguration = 0
        bits = 8 * stored.dtype.itemsize
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
        dataset.PixelRepresentation = int(stored.dtype.kind == "i")
        dataset.PixelData = stored.tobytes()
        for keyword, value in tags.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)
        path = tmp_path / name
        dataset.save_as(path, enforce_file_format=True)
        return path

    return write
