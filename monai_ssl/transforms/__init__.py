"""Transforms in MONAI's form: reading images, Hounsfield units and windows."""

from monai_ssl.transforms.batch import EachImage
from monai_ssl.transforms.batch_intensity import BatchRandGaussianNoised, BatchRandScaleShiftd
from monai_ssl.transforms.batch_spatial import BatchRandAffined, BatchRandFlipd
from monai_ssl.transforms.dicom import ReadDicomd, read_dicom
from monai_ssl.transforms.dicom_header import DicomHeader
from monai_ssl.transforms.load import LoadRadiologyImage, LoadRadiologyImaged
from monai_ssl.transforms.rescale import RescaleToHU, RescaleToHUd
from monai_ssl.transforms.window import WindowHU, WindowHUd
from monai_ssl.transforms.windows import CT_WINDOWS

__all__ = [
    "CT_WINDOWS",
    "BatchRandAffined",
    "BatchRandFlipd",
    "BatchRandGaussianNoised",
    "BatchRandScaleShiftd",
    "DicomHeader",
    "EachImage",
    "LoadRadiologyImage",
    "LoadRadiologyImaged",
    "ReadDicomd",
    "RescaleToHU",
    "RescaleToHUd",
    "WindowHU",
    "WindowHUd",
    "read_dicom",
]
