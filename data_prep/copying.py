"""Copying images under names, and with DICOM headers, that do not tell whose they are."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.misc import is_dicom
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    generate_uid,
)
from tqdm import tqdm

from monai_ssl.data.listing import split_name
from monai_ssl.files import write_whole

__all__ = ["copy_image", "copy_images", "opaque_names"]

_STREAM = 4  # apart from the draws of splits, budget and pseudonyms
# What reading the pixels takes; everything else, private elements included, is left out.
_KEPT = (
    "Modality",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "SliceThickness",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "VOILUTSequence",
    "ModalityLUTSequence",
    "PresentationLUTShape",
    "LossyImageCompression",
    "RedPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData",
    "PixelData",
)


def opaque_names(images: Sequence[str], seed: int) -> list[str]:
    """``images/i000001.png``... for each image, numbered in a random order."""
    order = np.random.default_rng([seed, _STREAM]).permutation(len(images)).tolist()
    return [
        f"images/i{place + 1:06d}{split_name(image)[1].lower() or '.dcm'}"
        for place, image in zip(order, images, strict=True)
    ]


def copy_images(sources: Sequence[Path], targets: Sequence[Path], patients: Sequence[str]) -> None:
    """Copy the images, with a progress bar; see :py:func:`copy_image`."""
    pairs = zip(sources, targets, patients, strict=True)
    for source, target, patient in tqdm(pairs, total=len(sources), desc="copying images", unit="image", disable=None):
        copy_image(source, target, patient)


def copy_image(source: Path, target: Path, patient: str) -> None:
    """Copy one image.

    Of a DICOM file only the pixels and what is needed to read them are copied; its PatientID is the pseudonym and its
    UIDs are made of the new name. Other files are copied as they are. What is written *in* the pixels stays.
    """
    with write_whole(target) as temporary:
        if is_dicom(source) or source.suffix.lower() in (".dcm", ".dicom"):
            _anonymous(source, target.stem, patient).save_as(temporary, enforce_file_format=True)
        else:
            shutil.copyfile(source, temporary)


def _anonymous(source: Path, name: str, patient: str) -> Dataset:
    original = dcmread(source, force=True)
    copy = Dataset()
    for keyword in _KEPT:
        if keyword in original:
            copy.add(original[keyword])
    for sequence in ("VOILUTSequence", "ModalityLUTSequence"):
        for item in copy.get(sequence, ()):
            item.pop("LUTExplanation", None)  # free text
    copy.PatientID = copy.PatientName = patient
    copy.SOPClassUID = original.get("SOPClassUID", SecondaryCaptureImageStorage)
    copy.StudyInstanceUID, copy.SeriesInstanceUID, copy.SOPInstanceUID = (
        generate_uid(entropy_srcs=[patient, name, level]) for level in ("study", "series", "instance")
    )
    copy.file_meta = FileMetaDataset()
    copy.file_meta.MediaStorageSOPClassUID = copy.SOPClassUID
    copy.file_meta.MediaStorageSOPInstanceUID = copy.SOPInstanceUID
    implicit, little = original.original_encoding
    plain = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    copy.file_meta.TransferSyntaxUID = original.file_meta.get("TransferSyntaxUID", plain)
    return copy
