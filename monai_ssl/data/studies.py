"""The images of a folder that are to be predicted: single files, or studies of several files an image."""

import logging
import os
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from monai_ssl.data.datalist import DATALIST_NAME, DataList
from monai_ssl.data.datalist_entries import absolute_path, image_paths
from monai_ssl.errors import InputError
from monai_ssl.readers.listing import list_images

__all__ = ["list_studies"]

_logger = logging.getLogger("monai_ssl")


def list_studies(folder: str | os.PathLike[str], channels: int, modalities: Sequence[str] = ()) -> list[dict[str, Any]]:
    """List the images of a folder.

    - A folder with a data list: the images of all its lists.
    - A folder where files are named after the modalities: every folder in it (and itself) that has such a file is one
      study, which has exactly one file for each modality, such as ``case1/case1_flair.nii.gz``. A name counts as that
      of a modality if it has it as a whole word, between ``_``, ``-``, ``.`` and its ends, in small or capital letters.
      Other files of such a folder are left out.
    - Any other folder: each file is an image, with all its channels (see
      :func:`~monai_ssl.readers.listing.list_images`).

    Args:
        folder: the folder.
        channels: of an image.
        modalities: their names, in the order of the channels; none if each file is an image.

    Returns:
        ``{"image": path, "name": name}`` for each image, in the order of the names; of several files, ``"image"`` is
        the list of their paths. Names are POSIX paths, all different, relative to ``folder`` (to the folder that holds
        them all, where a data list has images elsewhere): that of the folder for a study, else of the first file.

    Raises:
        InputError: for a folder that is missing or holds no image, modalities that are not as many as channels, and a
            study that lacks a modality or has two files of one.
    """
    folder = Path(folder)
    if modalities and len(modalities) != channels:
        raise InputError(
            f"modalities are {', '.join(modalities)}, but an image has {channels} channels. Name each one."
        )
    if (folder / DATALIST_NAME).is_file():
        return _of_data_list(folder, modalities)
    names = list_images(folder)
    if channels > 1 and modalities:
        words = [re.compile(rf"(?:^|[_.-]){re.escape(name)}(?:$|[_.-])", re.IGNORECASE) for name in modalities]
        studies: defaultdict[PurePosixPath, list[list[str]]] = defaultdict(lambda: [[] for _ in words])
        for name in names:
            place = PurePosixPath(name)
            found = [index for index, word in enumerate(words) if word.search(place.name)]
            if len(found) > 1:
                both = " and ".join(modalities[index] for index in found)
                raise InputError(f"{folder / name}: its name has {both}. Name each file after the one that it is.")
            for index in found:
                studies[place.parent][index].append(name)
        if studies:
            _tell_others(folder, names, studies)
            listed = [_study(folder, parent, studies[parent], modalities) for parent in sorted(studies)]
            if len({study["name"] for study in listed}) < len(listed):
                raise InputError(
                    f"{folder}: the files of this folder itself and those of one in it make studies of one name, "
                    f"{listed[0]['name']}. Give each study a folder of its own."
                )
            return listed
    return [{"image": str(folder / name), "name": name} for name in names]


def _of_data_list(folder: Path, modalities: Sequence[str]) -> list[dict[str, Any]]:
    datalist = DataList.load(folder)
    paths = [image_paths(entry) for entry in datalist.entries()]
    if modalities and datalist.modalities and list(modalities) != datalist.modalities:
        if sorted(modalities) != sorted(datalist.modalities):
            raise InputError(
                f"{folder}: the images have {', '.join(datalist.modalities)}, where {', '.join(modalities)} are "
                "expected. Give images of these, or another model."
            )
        if all(len(files) == len(modalities) for files in paths):
            paths = [[files[datalist.modalities.index(name)] for name in modalities] for files in paths]
        else:
            raise InputError(
                f"{folder}: the channels of the images are {', '.join(datalist.modalities)}, those expected "
                f"{', '.join(modalities)}. Save them in this order."
            )
    base = Path(absolute_path(folder, "."))
    if not all(Path(first).is_relative_to(base) for first, *_ in paths):
        base = Path(os.path.commonpath([Path(first).parent for first, *_ in paths]))
    studies = {Path(files[0]).relative_to(base).as_posix(): files if len(files) > 1 else files[0] for files in paths}
    return [{"image": studies[name], "name": name} for name in sorted(studies)]


def _study(
    folder: Path, parent: PurePosixPath, found: Sequence[Sequence[str]], modalities: Sequence[str]
) -> dict[str, Any]:
    here = folder / parent
    for modality, files in zip(modalities, found, strict=True):
        if len(files) > 1:
            listed = ", ".join(PurePosixPath(file).name for file in files)
            raise InputError(
                f"{here}: {len(files)} files are of {modality}: {listed}. Give each study a folder of its own, with "
                "one file a modality."
            )
    missing = [modality for modality, files in zip(modalities, found, strict=True) if not files]
    if missing:
        raise InputError(
            f"{here}: no file is of {', '.join(missing)}. Put it there, named such as "
            f"{parent.name or 'study'}_{missing[0]}.nii.gz, take the folder away, or say what the files call them "
            "(`--modalities`)."
        )
    name = parent.as_posix() if parent.name else here.absolute().name
    return {"image": [str(folder / files[0]) for files in found], "name": name}


def _tell_others(folder: Path, names: Sequence[str], studies: Collection[PurePosixPath]) -> None:
    """Say what is left out, as a folder whose files are misnamed would be."""
    others = sorted({PurePosixPath(name).parent for name in names} - set(studies))
    if others:
        _logger.warning(
            "%s: %d folders with images have no file of any modality, and are left out: %s%s.",
            folder,
            len(others),
            ", ".join(map(str, others[:3])),
            ", ..." if len(others) > 3 else "",
        )
