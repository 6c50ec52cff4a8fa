"""Writing a phantom as CT Image Storage, the same bytes every time."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, generate_uid

from data_prep.demo.scanners import Scanner

__all__ = ["write_slice"]


def write_slice(
    path: str | os.PathLike[str],
    stored: np.ndarray,
    scanner: Scanner,
    *,
    series: Sequence[str],
    number: int,
    level: float,
    spacing: tuple[float, float, float],
) -> None:
    """Write one slice.

    Nothing depends on the time or on chance: the UIDs are digests of ``series`` and ``number``.

    Args:
        path: the file to write.
        stored: stored values, shape (rows, columns), as :meth:`Scanner.store` gives them.
        scanner: what the header tells of the pixels.
        series: what identifies the series: the invented PatientID first, then anything that tells data sets apart.
        number: of the slice, from 1.
        level: position of the slice in mm.
        spacing: distance of slices, rows and columns in mm.
    """
    rows, columns = stored.shape
    header = Dataset()
    header.file_meta = _file_meta(_uid("image", *series, str(number)))
    header.SOPClassUID = header.file_meta.MediaStorageSOPClassUID
    header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID
    header.StudyInstanceUID = _uid("study", *series)
    header.SeriesInstanceUID = _uid("series", *series)
    header.FrameOfReferenceUID = _uid("frame", *series)
    header.PatientID = header.PatientName = series[0]
    # Required by the standard, allowed to be empty, and unknown of a phantom.
    for keyword in (
        "PatientBirthDate",
        "PatientSex",
        "StudyDate",
        "StudyTime",
        "StudyID",
        "AccessionNumber",
        "ReferringPhysicianName",
        "PositionReferenceIndicator",
        "AcquisitionNumber",
        "KVP",
    ):
        setattr(header, keyword, None)
    header.Manufacturer = "MONAI-SSL"
    header.ManufacturerModelName = scanner.name
    header.Modality = "CT"
    header.ImageType = ["DERIVED" if scanner.inverted else "ORIGINAL", "PRIMARY", "AXIAL"]
    header.SeriesNumber = 1
    header.InstanceNumber = number
    header.PatientPosition = "HFS"
    thickness, height, width = (round(step, 4) for step in spacing)
    header.SliceThickness = thickness
    header.PixelSpacing = [height, width]
    header.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    header.ImagePositionPatient = [
        round(-width * (columns - 1) / 2, 4),
        round(-height * (rows - 1) / 2, 4),
        round(level, 4),
    ]
    _describe_pixels(header, stored, scanner)
    header.save_as(Path(path), enforce_file_format=True)


def _file_meta(instance: UID) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = instance
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    # Given here, since pydicom's own would change the bytes with its version.
    meta.ImplementationClassUID = _uid("implementation")
    meta.ImplementationVersionName = "MONAI_SSL_DEMO"
    return meta


def _describe_pixels(header: Dataset, stored: np.ndarray, scanner: Scanner) -> None:
    header.SamplesPerPixel = 1
    header.PhotometricInterpretation = "MONOCHROME1" if scanner.inverted else "MONOCHROME2"
    header.Rows, header.Columns = stored.shape
    header.BitsAllocated = 16
    header.BitsStored = scanner.bits
    header.HighBit = scanner.bits - 1
    header.PixelRepresentation = int(scanner.signed)
    if scanner.padding is not None:
        header.PixelPaddingValue = scanner.padding
    header.RescaleIntercept = scanner.intercept
    header.RescaleSlope = scanner.slope
    header.RescaleType = "US" if scanner.inverted else "HU"  # "unspecified": minus Hounsfield units have no name
    centers, widths = zip(*scanner.windows, strict=True)
    header.WindowCenter = list(centers)
    header.WindowWidth = list(widths)
    header.PixelData = stored.tobytes()


def _uid(*sources: str) -> UID:
    return generate_uid(entropy_srcs=["MONAI-SSL demo", *sources])
