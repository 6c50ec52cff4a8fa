"""CT slices to measure reading on, and what is measured; imports nothing that worker processes need not load."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, FileMetaDataset, dcmread
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from monai_ssl.readers import Window, read_image

__all__ = ["plain_read", "read_chunk", "write_slice"]

# Grouped by the values they get, which all are of their VR.
_VALUES = {
    "SYNTHETIC": (
        *("AccessionNumber", "BodyPartExamined", "ConvolutionKernel", "DeviceSerialNumber", "FilterType"),
        *("InstitutionName", "Manufacturer", "ManufacturerModelName", "PatientComments", "PatientID", "ProtocolName"),
        *("SeriesDescription", "SoftwareVersions", "StationName", "StudyDescription", "StudyID"),
    ),
    "1.25": (
        *("DataCollectionDiameter", "DistanceSourceToDetector", "DistanceSourceToPatient", "FocalSpots"),
        *("GantryDetectorTilt", "KVP", "PatientWeight", "ReconstructionDiameter", "SliceLocation", "SliceThickness"),
        *("SpacingBetweenSlices", "TableHeight"),
    ),
    "12": ("AcquisitionNumber", "Exposure", "ExposureTime", "InstanceNumber", "SeriesNumber", "XRayTubeCurrent"),
}
_CODES = ("AnatomicRegionSequence", "CTDIPhantomTypeCodeSequence", "ProcedureCodeSequence")


def write_slice(path: Path, generator: np.random.Generator, size: int = 512) -> None:
    """Write a slice of ``size`` x ``size`` 12-bit values, with some 140 elements as scanners write them."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.Modality, dataset.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    for event in ("Study", "Series", "Acquisition", "Content"):
        setattr(dataset, f"{event}Date", "20200101")
        setattr(dataset, f"{event}Time", "101112.123")
    for value, keywords in _VALUES.items():
        for keyword in keywords:
            setattr(dataset, keyword, value)
    for keyword in _CODES:
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "1", "DCM", "synthetic"
        setattr(dataset, keyword, [code])
    for group in (0x0009, 0x0019, 0x0021, 0x0043):
        block = dataset.private_block(group, "SYNTHETIC_01", create=True)
        for offset in range(8):
            block.add_new(offset, "DS", "1.5")
        block.add_new(0x20, "OB", bytes(256))
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = (
        ["-125", "-125", "33.5"],
        ["1", "0", "0", "0", "1", "0"],
    )
    dataset.PixelSpacing = ["0.48", "0.48"]
    dataset.Rows = dataset.Columns = size
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.RescaleSlope, dataset.RescaleIntercept = "1", "-1024"
    dataset.WindowCenter, dataset.WindowWidth = ["40", "600"], ["80", "2800"]
    dataset.PixelData = generator.integers(0, 4096, (size, size), dtype=np.uint16).tobytes()
    dataset.save_as(path, enforce_file_format=True)


def plain_read(path: Path, window: tuple[float, float] = (40.0, 80.0)) -> NDArray[np.float32]:
    """What is written without a library for it: pydicom and NumPy, and nothing checked."""
    dataset: Any = dcmread(path)
    values = dataset.pixel_array.astype(np.float32)
    values = values * np.float32(dataset.RescaleSlope) + np.float32(dataset.RescaleIntercept)
    low, high = window[0] - window[1] / 2, window[0] + window[1] / 2
    return ((np.clip(values, low, high) - low) / (high - low))[None]


def read_chunk(paths: Sequence[Path], windows: Sequence[Window]) -> int:
    """Read images in a worker process, which gives their number back and not the arrays."""
    for path in paths:
        read_image(path, channels=1, windows=windows)
    return len(paths)
