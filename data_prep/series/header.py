"""What the header of a DICOM file tells of its place in a series."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydicom import Dataset, dcmread

from data_prep.series.geometry import SAME_DIRECTION
from monai_ssl.errors import InputError
from monai_ssl.readers.dicom_frames import FRAME_KEYWORDS, GROUP_KEYWORDS, frame_order, split_frames
from monai_ssl.readers.dicom_values import bad_header, first_number, first_text, numbers, tag_of, whole_number
from monai_ssl.readers.file_kind import kind_of
from monai_ssl.salt import opaque

__all__ = ["ImageHeader", "scan_header"]

_APART = ("EchoNumbers", "TemporalPositionIdentifier", "AcquisitionNumber", "ImageType")
_TAGS = [
    tag_of(keyword)
    for keyword in (
        *FRAME_KEYWORDS,
        *GROUP_KEYWORDS,
        *_APART,
        "SeriesInstanceUID",
        "PatientID",
        "Modality",
        "Rows",
        "Columns",
        "SamplesPerPixel",
        "PhotometricInterpretation",
        "NumberOfFrames",
        "InstanceNumber",
        "GantryDetectorTilt",
    )
]
# Objects that tell of images and have pixels all the same: segmentations and doses.
_NO_IMAGES = ("SEG", "RTDOSE")


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What is known of a file before its pixels are read.

    Attributes:
        name: POSIX path below the source folder.
        frames: number of frames; 0 where the file holds no image (a report, a segmentation, a dose).
        localizer: whether the image only shows where others were to be taken.
        series: hash of the SeriesInstanceUID; empty where there is none.
        patient: the real PatientID, which reaches no output.
        modality: "CT", "MR", ...
        inverted: whether low values are bright (MONOCHROME1).
        shape: rows and columns.
        positions: centre of the first pixel (x, y, z) in the patient (LPS) in mm, of each frame in the order that
            :func:`~monai_ssl.readers.read_dicom` gives them; empty where the file does not tell.
        orientation: directions (x, y, z) of a row, then of a column; empty where the file does not tell.
        spacing: (between rows, between columns) in mm; empty where the file does not tell.
        distance: of neighbouring slices in mm, as the header says, which positions may contradict.
        tilt: of the gantry in degrees, as the header says.
        number: the InstanceNumber.
        apart: what may tell slices in one place from each other: folder, echo, time, acquisition, type of image.
    """

    name: str
    frames: int
    localizer: bool = False
    series: str = ""
    patient: str = ""
    modality: str = ""
    inverted: bool = False
    shape: tuple[int, int] = (0, 0)
    positions: tuple[tuple[float, ...], ...] = ()
    orientation: tuple[float, ...] = ()
    spacing: tuple[float, ...] = ()
    distance: float | None = None
    tilt: float = 0.0
    number: float | None = None
    apart: tuple[str, ...] = ()


def scan_header(name: str, *, folder: Path, salt: bytes) -> ImageHeader:
    """Read the header of a file.

    Args:
        name: POSIX path below the source folder.
        folder: the source folder.
        salt: of the data set.

    Raises:
        InputError: when the file is not DICOM, damaged, in colour, or its frames are no stack.
    """
    path = folder / name
    if kind_of(path) != "dicom":
        raise InputError(f"{path}: this is no DICOM file. Take it away, or leave --series away.")
    try:
        return _parse(dcmread(path, force=True, stop_before_pixels=True, specific_tags=list(_TAGS)), name, salt)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except Exception as error:
        # The text of the error is left out: it may quote values of the header.
        raise InputError(
            f"{path}: the DICOM header is damaged ({type(error).__name__}). Export the file again from its source."
        ) from None


def _parse(dataset: Dataset, name: str, salt: bytes) -> ImageHeader:
    shape = whole_number(dataset, "Rows", 0), whole_number(dataset, "Columns", 0)
    modality = first_text(dataset, "Modality")
    if 0 in shape or modality in _NO_IMAGES:
        return ImageHeader(name, frames=0)
    if whole_number(dataset, "SamplesPerPixel", 1) > 1 or first_text(dataset, "PhotometricInterpretation").startswith(
        "PALETTE"
    ):
        raise InputError("an image in colour is no slice of a volume. Take it away, or leave --series away.")
    image_type = str(dataset.get("ImageType") or "").upper()
    series = str(dataset.get("SeriesInstanceUID") or "").strip()
    count = max(1, whole_number(dataset, "NumberOfFrames", 1))
    frames = split_frames(dataset, count)
    orientation = numbers(frames[0], "ImageOrientationPatient")
    for frame in frames:
        _check(frame, orientation)
    positions = [numbers(frames[index], "ImagePositionPatient") for index in frame_order(frames)]
    distance = first_number(frames[0], "SpacingBetweenSlices") or first_number(frames[0], "SliceThickness")
    return ImageHeader(
        name,
        frames=count,
        localizer="LOCALIZER" in image_type,
        series=opaque(salt, "series", series) if series else "",
        patient=str(dataset.get("PatientID") or "").strip(),
        modality=modality,
        inverted=first_text(dataset, "PhotometricInterpretation") == "MONOCHROME1",
        shape=shape,
        positions=tuple(positions) if all(positions) else (),
        orientation=orientation,
        spacing=numbers(frames[0], "PixelSpacing"),
        distance=abs(distance) if distance else None,
        tilt=first_number(dataset, "GantryDetectorTilt") or 0.0,
        number=first_number(dataset, "InstanceNumber"),
        apart=(str(PurePosixPath(name).parent), *(str(dataset.get(keyword) or "") for keyword in _APART)),
    )


def _check(frame: Dataset, orientation: tuple[float, ...]) -> None:
    """The values of a frame are as many as they must be, and its plane is parallel to that of the first."""
    for keyword, count in (("ImagePositionPatient", 3), ("ImageOrientationPatient", 6), ("PixelSpacing", 2)):
        if len(numbers(frame, keyword)) not in (0, count):
            raise bad_header(f"{keyword} has not {count} numbers")
    for one, other in zip(numbers(frame, "ImageOrientationPatient"), orientation, strict=False):
        if abs(one - other) > SAME_DIRECTION:
            raise InputError("the frames of this object are planes in several directions. Leave it out.")
