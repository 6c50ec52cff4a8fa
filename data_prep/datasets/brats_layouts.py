"""How the releases of BraTS name files and patients, and what the values of their masks are."""

import re
from dataclasses import dataclass

__all__ = ["LAYOUTS", "MODALITIES", "REGIONS", "Layout", "patient_of"]

MODALITIES = ("flair", "t1", "t1ce", "t2")
"""The modalities, t1ce being T1 with contrast, in the order of the channels."""

REGIONS = ("whole tumor", "tumor core", "enhancing tumor")
"""The regions that BraTS evaluates."""


@dataclass(frozen=True)
class Layout:
    """A way to name files.

    Args:
        name: for messages.
        pattern: of a file's name below the source folder, with the groups ``subject`` and ``part``.
        parts: the modality, or ``"seg"``, that each part is, in lower case.
        values: of the masks in each of :data:`REGIONS`.
    """

    name: str
    pattern: re.Pattern[str]
    parts: dict[str, str]
    values: tuple[list[int], list[int], list[int]]


LAYOUTS = (
    Layout(
        "2017 to 2021",
        re.compile(r"(?:.*/)?(?P<subject>[^/]+)_(?P<part>flair|t1|t1ce|t2|seg)\.nii(?:\.gz)?", re.IGNORECASE),
        {part: part for part in (*MODALITIES, "seg")},
        # 1 necrosis and non-enhancing tumor, 2 edema, 4 enhancing tumor
        ([1, 2, 4], [1, 4], [4]),
    ),
    Layout(
        "2015, normalized",
        re.compile(
            r"(?:.*/)?(?P<subject>[^/]+)/(?:(?P<part>Flair|T1|T1c|T2)_subtrMeanDivStd|OTMultiClass)\.nii(?:\.gz)?",
            re.IGNORECASE,
        ),
        {"flair": "flair", "t1": "t1", "t1c": "t1ce", "t2": "t2", "": "seg"},
        # 1 necrosis, 2 edema, 3 non-enhancing tumor, 4 enhancing tumor
        ([1, 2, 3, 4], [1, 3, 4], [4]),
    ),
)

_PATIENTS = (
    # brats_2013_pat0005_1, brats_tcia_pat105_0001
    re.compile(r"(?P<patient>.+_pat\d+)_\d+", re.IGNORECASE),
    # Brats18_2013_0_1, Brats18_TCIA01_150_1, BraTS19_CBICA_AAB_1; but not BraTS20_Training_001
    re.compile(r"(?P<patient>brats1\d_.+)_\d", re.IGNORECASE),
)


def patient_of(subject: str) -> str:
    """The patient of a scan, by its name: the number of the time point at its end is left out."""
    for pattern in _PATIENTS:
        if match := pattern.fullmatch(subject):
            return match["patient"]
    return subject
