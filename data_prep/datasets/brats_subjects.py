"""The subjects of a folder of BraTS."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from data_prep.datasets.brats_layouts import LAYOUTS, MODALITIES, Layout
from data_prep.records import Rejects
from monai_ssl.errors import InputError
from monai_ssl.readers.listing import list_images

__all__ = ["Subject", "common_modalities", "find_subjects"]

_logger = logging.getLogger("monai_ssl")


@dataclass
class Subject:
    """One scan of a patient: its files, as paths below the source folder, by modality; ``"seg"`` is the mask."""

    name: str
    parts: dict[str, str] = field(default_factory=dict)


def find_subjects(source: Path, output: Path, rejects: Rejects) -> tuple[Layout, list[Subject]]:
    """Sort the files of a folder by the subject that they are of; those that are not named as BraTS does are left out.

    Args:
        source: the folder.
        output: that of the data set, which is left out should it be below.
        rejects: gets files that another file of the subject takes the place of.

    Raises:
        InputError: when the folder has no file of BraTS, or files of two layouts.
    """
    found: dict[str, dict[tuple[PurePosixPath, str], Subject]] = {layout.name: {} for layout in LAYOUTS}
    for name in list_images(source, without=[output]):
        for layout in LAYOUTS:
            if match := layout.pattern.fullmatch(name):
                # A folder may hold several subjects, and different folders the same one.
                key = (PurePosixPath(name).parent, match["subject"])
                parts = found[layout.name].setdefault(key, Subject(match["subject"])).parts
                part = layout.parts[(match["part"] or "").lower()]
                if parts.setdefault(part, name) != name:
                    rejects.add(name, f"there is another {part} file of the same subject", "Keep one of them.")
    layouts = [layout for layout in LAYOUTS if found[layout.name]]
    if len(layouts) != 1:
        what = "the layouts of 2015 and of later years are mixed" if layouts else "no file is named as in BraTS"
        raise InputError(f"{source}: {what}. Give a folder of one of the layouts that --help tells.")
    subjects = list(found[layouts[0].name].values())
    unlabeled = sum("seg" not in subject.parts for subject in subjects)
    if unlabeled:
        _logger.info("%d of %d subjects have no segmentation: they are used unlabeled.", unlabeled, len(subjects))
    return layouts[0], subjects


def common_modalities(subjects: Sequence[Subject]) -> tuple[str, ...]:
    """The modalities that at least half of the subjects have."""
    return tuple(name for name in MODALITIES if 2 * sum(name in s.parts for s in subjects) >= len(subjects))
