"""Copying images under names, and with DICOM headers, that do not tell whose they are."""

import logging
import re
import shutil
from collections.abc import Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import replace
from pathlib import Path

from pydicom import DataElement, Dataset, Sequence, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from data_prep.pipeline.writing import is_written
from data_prep.records import Record
from data_prep.workers.pool import run_jobs
from monai_ssl.errors import InputError
from monai_ssl.files import write_whole
from monai_ssl.readers.dicom_frames import FRAME_KEYWORDS, GROUP_KEYWORDS, GROUP_SEQUENCES
from monai_ssl.readers.dicom_header import HEADER_KEYWORDS
from monai_ssl.readers.dicom_pixels import PIXEL_KEYWORDS
from monai_ssl.readers.file_kind import kind_of
from monai_ssl.readers.listing import split_name
from monai_ssl.salt import opaque

__all__ = ["copied_records", "copy_files", "copy_image", "is_converted"]

_logger = logging.getLogger("monai_ssl")
_OPAQUE = re.compile(r"[0-9a-f]{16}(_\w+)?")
# What the reader reads, and what makes the file valid and readable by others; everything else, private elements
# included, is left out.
_KEPT = (
    *HEADER_KEYWORDS,
    *PIXEL_KEYWORDS,
    "NumberOfFrames",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
    "HighBit",
    "ImagerPixelSpacing",
    "SliceThickness",
    "RescaleType",
    "PresentationLUTShape",
    "LossyImageCompression",
)
# Of the items of these sequences (and of those in them) only this is copied: no free text, no dates, nothing private.
_KEPT_SEQUENCES = ("VOILUTSequence", "ModalityLUTSequence", *GROUP_KEYWORDS)
_KEPT_OF_ITEMS = {
    Tag(keyword) for keyword in ("LUTDescriptor", "ModalityLUTType", "LUTData", *GROUP_SEQUENCES, *FRAME_KEYWORDS)
}


def is_converted(path: Path, output: Path) -> bool:
    """Whether a reader has written a file to ``OUTPUT/images`` or ``masks``, under a name that tells nothing."""
    folders = [(output / name).resolve() for name in ("images", "masks")]
    return path.resolve().parent in folders and bool(_OPAQUE.fullmatch(split_name(path.name)[0]))


def copied_records(records: SequenceOf[Record], patients: SequenceOf[str], output: Path, salt: bytes) -> list[Record]:
    """The records as they will be when :func:`copy_files` has copied their files to ``OUTPUT/images`` and ``masks``.

    A copy is named after its file as it is now and its patient: what has changed is copied anew. Files that a reader
    has written there already stay.

    Args:
        records: the images.
        patients: their pseudonyms.
        output: the data set's folder.
        salt: of the names.
    """

    def target(path: Path, folder: str, record: Record, patient: str) -> Path:
        if is_converted(path, output):
            return path
        status = path.stat()
        name = opaque(salt, "copy", record.name, path.absolute(), status.st_size, status.st_mtime_ns, patient)
        return output / folder / f"{name}{split_name(path.name)[1].lower() or '.dcm'}"

    copies = []
    for record, patient in zip(records, patients, strict=True):
        images = tuple(target(path, "images", record, patient) for path in record.images)
        mask = None if record.mask is None else target(record.mask, "masks", record, patient)
        copies.append(
            replace(
                record, image=images if isinstance(record.image, tuple) else images[0], name=images[0].name, mask=mask
            )
        )
    return copies


def copy_files(
    records: SequenceOf[Record], copies: SequenceOf[Record], patients: Mapping[str, str], *, workers: int
) -> None:
    """Copy the files that data lists use, in worker processes; what an earlier run has copied is not copied again.

    Args:
        records: the images.
        copies: the same, from :func:`copied_records`.
        patients: the pseudonym of each file that is used, by its target's path.
        workers: the number of processes.

    Raises:
        InputError: when a file cannot be copied.
    """
    jobs = [
        (source, target, patients[str(target.absolute())])
        for record, copy in zip(records, copies, strict=True)
        for source, target in zip(_files(record), _files(copy), strict=True)
        if source != target and str(target.absolute()) in patients and not is_written(target)
    ]
    if not all(is_dicom_file(source) for source, _, _ in jobs):
        _logger.warning(
            "Metadata inside PNG, JPEG, TIFF and NIfTI files is copied as it is; remove it first if it may identify "
            "patients."
        )
    for result in run_jobs(_copy, jobs, workers=workers, description="copying images", name=lambda job: str(job[0])):
        if isinstance(result, InputError):
            raise result


def _files(record: Record) -> list[Path]:
    return [*record.images] if record.mask is None else [*record.images, record.mask]


def _copy(job: tuple[Path, Path, str]) -> None:
    source, target, patient = job
    try:
        copy_image(source, target, patient)
    except InputError:
        raise
    except Exception as error:
        # The text of the error is left out: it may quote values of the header.
        raise InputError(
            f"{source}: this image cannot be copied to {target.parent} ({type(error).__name__}). Make room there, or "
            "take the image away."
        ) from None


def copy_image(source: Path, target: Path, patient: str) -> None:
    """Copy one image.

    Of a DICOM file only the pixels and what is needed to read them are copied; its PatientID is the pseudonym and its
    UIDs are made of the new name. Other files are copied as they are, with the metadata inside them. What is written
    *in* the pixels stays.
    """
    with write_whole(target, flush=False) as temporary:
        if is_dicom_file(source):
            copy = _anonymous(source, target.stem, patient)
            if copy.file_meta.TransferSyntaxUID.is_transfer_syntax:
                copy.save_as(temporary, enforce_file_format=True)
            else:  # one that is newer than the library: all of these are Explicit VR Little Endian
                copy.preamble = bytes(128)
                copy.file_meta.FileMetaInformationGroupLength = 0  # the library puts the right number in its place
                dcmwrite(temporary, copy, implicit_vr=False, little_endian=True, force_encoding=True)
        else:
            shutil.copyfile(source, temporary)


def _known_part(sequence: DataElement) -> DataElement:
    """A copy of a sequence that has the elements of ``_KEPT_OF_ITEMS`` only, at every depth."""
    items = []
    for item in sequence.value:
        kept = Dataset()
        for tag in _KEPT_OF_ITEMS.intersection(item.keys()):
            element = item[tag]
            kept.add(_known_part(element) if element.VR == "SQ" else element)
        items.append(kept)
    return DataElement(sequence.tag, "SQ", Sequence(items))


def is_dicom_file(path: Path) -> bool:
    """Whether a file is DICOM, by its content."""
    try:
        return kind_of(path) == "dicom"
    except InputError:
        return False


def _anonymous(source: Path, name: str, patient: str) -> Dataset:
    original = dcmread(source, force=True)
    copy = Dataset()
    for keyword in _KEPT:
        if keyword in original:
            copy.add(original[keyword])
    for keyword in _KEPT_SEQUENCES:
        if keyword in original:
            copy.add(_known_part(original[keyword]))
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
