"""Reading image files into NumPy arrays, without PyTorch: quick to import where many processes only read."""

from monai_ssl.readers.dicom import read_dicom
from monai_ssl.readers.dicom_header import DicomHeader
from monai_ssl.readers.load import Paths, read_image
from monai_ssl.readers.rescale import rescale
from monai_ssl.readers.windowing import apply_windows
from monai_ssl.readers.windows import CT_WINDOWS, Window, check_windows

__all__ = [
    "CT_WINDOWS",
    "DicomHeader",
    "Paths",
    "Window",
    "apply_windows",
    "check_windows",
    "read_dicom",
    "read_image",
    "rescale",
]
