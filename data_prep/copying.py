"""Copying images under names, and with DICOM headers, that do not tell whose they are."""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.misc import is_dicom
from pydicom.tag import Tag
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    generate_uid,
)
from tqdm import tqdm

from data_prep.patients import secret
from monai_ssl.data.listing import split_name
from monai_ssl.files import write_whole
from monai_ssl.readers.dicom_header import HEADER_KEYWORDS
from monai_ssl.readers.dicom_pixels import PIXEL_KEYWORDS

__all__ = ["copy_image", "copy_images", "opaque_names"]

_logger = logging.getLogger("monai_ssl")
_STREAM = 4  # apart from the draws of splits, budget and pseudonyms
# What the reader reads, and what makes the file valid and readable by others; everything else, private elements
# included, is left out.
_KEPT = (
    *HEADER_KEYWORDS,
    *PIXEL_KEYWORDS,
    "NumberOfFrames",
    "HighBit",
    "ImagerPixelSpacing",
    "SliceThickness",
    "RescaleType",
    "VOILUTSequence",
    "PresentationLUTShape",
    "LossyImageCompression",
)
_KEPT_OF_ITEMS = {Tag(keyword) for keyword in ("LUTDescriptor", "ModalityLUTType", "LUTData")}


def opaque_names(images: Sequence[str], patients: Sequence[str], seed: int) -> list[str]:
    """``images/i000001.png``... for each image, in a random order that only who has all paths and patients can draw.

    Args:
        images: their paths.
        patients: the keys of their patients, see :py:func:`~data_prep.patients.choose_patients`.
        seed: of the order.
    """
    order = np.random.default_rng([seed, _STREAM, secret(images, patients)]).permutation(len(images)).tolist()
    return [
        f"images/i{place + 1:06d}{split_name(image)[1].lower() or '.dcm'}"
        for place, image in zip(order, images, strict=True)
    ]


def copy_images(sources: Sequence[Path], targets: Sequence[Path], patients: Sequence[str]) -> None:
    """Copy the images, with a progress bar, and warn of what is copied as it is; see :py:func:`copy_image`."""
    if not all(map(_is_dicom, sources)):
        _logger.warning(
            "Metadata inside PNG, JPEG, TIFF and NIfTI files is copied as it is; remove it first if it may identify "
            "patients."
        )
    pairs = zip(sources, targets, patients, strict=True)
    for source, target, patient in tqdm(pairs, total=len(sources), desc="copying images", unit="image", disable=None):
        copy_image(source, target, patient)


def copy_image(source: Path, target: Path, patient: str) -> None:
    """Copy one image.

    Of a DICOM file only the pixels and what is needed to read them are copied; its PatientID is the pseudonym and its
    UIDs are made of the new name. Other files are copied as they are, with the metadata inside them. What is written
    *in* the pixels stays.
    """
    with write_whole(target) as temporary:
        if _is_dicom(source):
            _anonymous(source, target.stem, patient).save_as(temporary, enforce_file_format=True)
        else:
            shutil.copyfile(source, temporary)


def _is_dicom(path: Path) -> bool:
    return is_dicom(path) or path.suffix.lower() in (".dcm", ".dicom")


def _anonymous(source: Path, name: str, patient: str) -> Dataset:
    original = dcmread(source, force=True)
    copy = Dataset()
    for keyword in _KEPT:
        if keyword in original:
            copy.add(original[keyword])
    for sequence in ("VOILUTSequence", "ModalityLUTSequence"):
        for item in copy.get(sequence) or ():
            for tag in set(item.keys()) - _KEPT_OF_ITEMS:  # free text, private elements
                del item[tag]
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
