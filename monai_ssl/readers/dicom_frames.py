"""What holds for each frame of a multi-frame DICOM object, and the order of frames in space."""

from collections.abc import Sequence

import numpy as np
from pydicom import Dataset

from monai_ssl.errors import InputError
from monai_ssl.readers.dicom_values import bad_header, numbers, tag_of

__all__ = ["FRAME_KEYWORDS", "GROUP_KEYWORDS", "GROUP_SEQUENCES", "frame_order", "split_frames"]

GROUP_KEYWORDS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
"""The attributes of a dataset that :func:`split_frames` reads."""

_KEYWORDS_OF_GROUPS = {
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness", "SpacingBetweenSlices"),
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PixelValueTransformationSequence": ("RescaleSlope", "RescaleIntercept"),
    "FrameVOILUTSequence": ("WindowCenter", "WindowWidth", "VOILUTFunction"),
}
GROUP_SEQUENCES = tuple(_KEYWORDS_OF_GROUPS)
"""The sequences of a functional group that hold them."""

FRAME_KEYWORDS = tuple(keyword for keywords in _KEYWORDS_OF_GROUPS.values() for keyword in keywords)
"""The attributes that may differ from frame to frame. A classic file has them at its top level."""

# Positions in mm are written with three decimals at least; unit vectors with about six.
_SAME_PLACE = 1e-3
_SAME_DIRECTION = 1e-4


def split_frames(dataset: Dataset, frames: int) -> list[Dataset]:
    """Collect the attributes of ``FRAME_KEYWORDS`` for each frame.

    An attribute of the frame's own functional groups goes before that of the shared ones, and this before the top
    level, where files that are not enhanced objects have it.

    Args:
        dataset: the file.
        frames: its number of frames.

    Returns:
        one dataset for each frame; one for all of them, or the file's own, where it does not tell frames apart.

    Raises:
        InputError: when there are not as many functional groups as frames.
    """
    if not any(tag_of(keyword) in dataset for keyword in GROUP_KEYWORDS):
        return [dataset]
    shared, each = (dataset.get(keyword) or [] for keyword in GROUP_KEYWORDS)
    if each and len(each) != frames:
        raise bad_header("NumberOfFrames is not the number of functional groups")
    common = Dataset()
    _copy(dataset, common, FRAME_KEYWORDS)
    _copy_groups(shared[:1], common)
    if not each:
        return [common]
    collected = []
    for groups in each:
        attributes = Dataset()
        _copy(common, attributes, FRAME_KEYWORDS)
        _copy_groups([groups], attributes)
        collected.append(attributes)
    return collected


def _copy_groups(groups: Sequence[Dataset], target: Dataset) -> None:
    for group in groups:
        for sequence, keywords in _KEYWORDS_OF_GROUPS.items():
            for item in (group.get(sequence) or [])[:1]:
                _copy(item, target, keywords)


def _copy(source: Dataset, target: Dataset, keywords: Sequence[str]) -> None:
    for keyword in keywords:
        # Not ``source[keyword]``: pydicom would parse the value and warn about it with its text.
        if (element := source.get_item(tag_of(keyword))) is not None:
            target[tag_of(keyword)] = element


def frame_order(frames: Sequence[Dataset]) -> list[int]:
    """Order the frames of a spatial stack by their position along the normal of their planes.

    Args:
        frames: from :func:`split_frames`.

    Returns:
        indices of ``frames`` in the order of space; in their own order where they are no stack of parallel planes: a
        cine (all in one place), planes in several directions, or frames without a place.

    Raises:
        InputError: when some, but not all, frames share a place, as the echoes or times of several volumes do.
    """
    unsorted = list(range(len(frames)))
    positions = np.array([numbers(frame, "ImagePositionPatient") or (np.nan,) * 3 for frame in frames])
    orientations = np.array([numbers(frame, "ImageOrientationPatient") or (np.nan,) * 6 for frame in frames])
    if positions.shape[1:] != (3,) or orientations.shape[1:] != (6,):
        raise bad_header("ImagePositionPatient or ImageOrientationPatient has not 3 and 6 numbers")
    if len(frames) == 1 or not (np.abs(orientations - orientations[0]) < _SAME_DIRECTION).all():
        return unsorted
    along = positions @ np.cross(orientations[0, :3], orientations[0, 3:])
    order = np.argsort(along, kind="stable")
    gaps = np.diff(along[order])
    if not np.isfinite(along).all() or (gaps < _SAME_PLACE).all():
        return unsorted
    if (gaps < _SAME_PLACE).any():
        raise InputError(
            "this multi-frame object has several frames in one place (echoes, times or segments). "
            "Split it into one file for each volume."
        )
    return order.tolist()
