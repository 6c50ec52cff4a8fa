"""Transforms in MONAI's form: reading images, Hounsfield units and windows, and the views of a batch."""

from monai_ssl.transforms.background import ZeroBackgroundd
from monai_ssl.transforms.batch import EachImage
from monai_ssl.transforms.batch_color import BatchRandColorJitterd, BatchRandGrayscaled
from monai_ssl.transforms.batch_crop import BatchRandResizedCropd
from monai_ssl.transforms.batch_intensity import BatchRandGaussianNoised, BatchRandScaleShiftd
from monai_ssl.transforms.batch_normalize import BatchNormalized
from monai_ssl.transforms.batch_spatial import BatchRandAffined, BatchRandFlipd
from monai_ssl.transforms.decode import DecodeMaskd, RegionsOfd
from monai_ssl.transforms.dicom import ReadDicomd
from monai_ssl.transforms.foreground_crop import RandForegroundCropd
from monai_ssl.transforms.load import LoadRadiologyImage, LoadRadiologyImaged
from monai_ssl.transforms.mask import LoadMaskd
from monai_ssl.transforms.missing_mask import MissingMaskd
from monai_ssl.transforms.nonzero import CropToNonzerod, is_nonzero
from monai_ssl.transforms.rescale import RescaleToHU, RescaleToHUd
from monai_ssl.transforms.soft_mask import CompleteBackgroundd, LoadSoftMaskd
from monai_ssl.transforms.surrogate import SurrogateTransforms
from monai_ssl.transforms.window import WindowHU, WindowHUd

__all__ = [
    "BatchNormalized",
    "BatchRandAffined",
    "BatchRandColorJitterd",
    "BatchRandFlipd",
    "BatchRandGaussianNoised",
    "BatchRandGrayscaled",
    "BatchRandResizedCropd",
    "BatchRandScaleShiftd",
    "CompleteBackgroundd",
    "CropToNonzerod",
    "DecodeMaskd",
    "EachImage",
    "LoadMaskd",
    "LoadRadiologyImage",
    "LoadRadiologyImaged",
    "LoadSoftMaskd",
    "MissingMaskd",
    "RandForegroundCropd",
    "ReadDicomd",
    "RegionsOfd",
    "RescaleToHU",
    "RescaleToHUd",
    "SurrogateTransforms",
    "WindowHU",
    "WindowHUd",
    "ZeroBackgroundd",
    "is_nonzero",
]
