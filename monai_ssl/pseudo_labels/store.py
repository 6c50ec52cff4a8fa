"""Pseudo-labels on disk: made by a teacher, corrected by hand where one likes, taken by a student."""

import hashlib
import json
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ignite import distributed as idist
from torch import Tensor

from monai_ssl.data.datalist_entries import absolute_path
from monai_ssl.distributed import in_first_process
from monai_ssl.errors import InputError
from monai_ssl.masks import MaskForm
from monai_ssl.pseudo_labels.entries import label_entries, refuse_unlabeled, without_label
from monai_ssl.pseudo_labels.names import Place, assign_places, entry_key
from monai_ssl.pseudo_labels.settings import check_settings
from monai_ssl.pseudo_labels.state import PseudoLabelState
from monai_ssl.spread import spread_evenly

__all__ = ["PseudoLabels"]

_logger = logging.getLogger("monai_ssl")


class PseudoLabels:
    """The pseudo-labels of unlabeled images, in a folder.

    Segmentation: a mask an image, ``<patient>.nii.gz`` or ``.png`` (``<patient>_2`` for another image of the patient),
    in the geometry of the image, so that any viewer lays it over it. Classification: a row an image in
    ``pseudo_labels.csv``. Who corrects a mask or a row in place makes it a human's label. ``pseudo_labels.jsonl`` says
    which teacher made them (the SHA-256 of its weights) with which settings, and what it made of each image. A run that
    is killed goes on where it was. ``summary.json`` tells of what the teacher made.

    Use :meth:`start`, then :meth:`missing` and :meth:`add` for each of those, then :meth:`finish`; later
    :meth:`entries`. In a distributed run every process calls :meth:`start`, :meth:`missing` and :meth:`finish`, and all
    see one folder.

    An image is known again by its patient, the paths and the sizes of its files. Another one is labeled anew.

    Args:
        folder: where they are kept.
        teacher_path: the file of the teacher's weights.
        task: "segmentation", "multiclass" or "multilabel".
        class_names: C names; in segmentation those of the regions, or none.
        regions: in segmentation the values of a mask that make up each region, as in a data list's ``masks``.
        form: in segmentation what the teacher's channels are, see :class:`~monai_ssl.masks.MaskCoding`.
        soft: whether the student gets the teacher's probabilities (rounded to 1/255 in segmentation, where a file
            ``<patient>_probabilities.nii.gz`` lies beside the mask), not the labels.
        confidence_maps: in segmentation whether to write ``<patient>_confidence.nii.gz`` or ``.png`` too: the
            probability of each voxel's value, for regions that of the least certain region's membership. Only masks
            that are made from then on get one; it makes no pseudo-label another one.
        base: the folder that the paths of the images are taken relative to, the data list's own for instance: with it
            images are known again after the data set has moved, without it only where they are. Links are not followed.
            Give the same each time.

    Raises:
        InputError: for another task, and names or regions that do not go with it.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        teacher_path: str | os.PathLike[str],
        task: str,
        class_names: Sequence[str] = (),
        regions: Mapping[str, Sequence[int]] | None = None,
        form: MaskForm = "classes",
        soft: bool = False,
        confidence_maps: bool = False,
        base: str | os.PathLike[str] | None = None,
    ) -> None:
        self.folder = Path(folder).absolute()
        self.teacher_path = Path(teacher_path)
        settings = check_settings(task, class_names, regions or {}, form, soft, confidence_maps)
        self._state = PseudoLabelState(self.folder, self.teacher_path, settings, confidence_maps)
        self._base = None if base is None else absolute_path(Path(base), ".")
        self._places: dict[str, Place] = {}
        self._entries: list[dict[str, Any]] = []

    def start(self) -> None:
        """Go on with the pseudo-labels of this teacher and these settings, or begin anew.

        Raises:
            InputError: where beginning anew would remove what was corrected by hand, when the teacher is missing, or
                the folder cannot be written.
        """
        in_first_process(self._state.start)

    def refuse_corrected(self) -> None:
        """Make sure, before a teacher is trained anew, that its pseudo-labels may take the place of those there.

        Raises:
            InputError: when something was corrected by hand.
        """
        in_first_process(self._state.refuse_corrected)

    def missing(self, entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The entries that have no pseudo-label of this teacher and these settings, the same in every process.

        They are what :meth:`add` takes from then on.

        Args:
            entries: all unlabeled entries of a data list, of which this process may get a share only.

        Raises:
            InputError: when the teacher or an image is missing.
        """
        records = self._state.records()
        made = self._state.kept.present(records)
        # What one process adds would be missing no more to another that reads later.
        idist.barrier()
        self._entries = [without_label(entry) for entry in entries]
        self._places = assign_places(self._entries, records, self._base)
        return [entry for entry in self._entries if self._key(entry) not in made]

    def add(self, entry: Mapping[str, Any], probabilities: Tensor) -> None:
        """Keep the pseudo-label of an image.

        Args:
            entry: with ``"image"`` and ``"patient"``, as :meth:`missing` gives it.
            probabilities: (K, *spatial) on the grid of the image as it is read (in RAS for NIfTI), K as
                :class:`~monai_ssl.masks.MaskCoding` says; (C,) in classification.

        Raises:
            InputError: for what are no probabilities of this image, and where a file would be lost that this teacher
                did not make.
            ValueError: for an image that :meth:`missing` does not know.
        """
        key = self._key(entry)
        if key not in self._places:
            raise ValueError("This image is not among those of `missing`. Call that first, with all entries.")
        state = self._state
        record = state.kept.make(entry, key, self._places[key], probabilities, lambda: state.journal.read()[1])
        # A record without its file counts as missing; a file without a record would be somebody else's.
        state.journal.append(record, idist.get_rank())
        state.kept.publish(record)

    def finish(self) -> dict[str, Any]:
        """Bring together what all processes made.

        Returns:
            what ``summary.json`` holds: the number of images, the mean confidence, and the fraction of the voxels that
            are of each region or of the images that are of each class.

        Raises:
            InputError: when one of the entries that :meth:`missing` was given still has no pseudo-label, or there are
                none at all. What was made is kept.
        """
        in_first_process(self._finish)
        return self._state.summary(self._state.made())

    def entries(self, unlabeled: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The entries with their pseudo-labels, and with the labels of those that were corrected by hand.

        Args:
            unlabeled: entries of a data list; a label that one has is left out unread.

        Returns:
            copies with ``"pseudo_label"``, as the teacher made it, and copies with ``"label"``: a human's. Both are the
            path of a mask (of probabilities for soft pseudo-labels), a class index, or a list of 0, 1 and -1 (of
            probabilities).

        Raises:
            InputError: when there are none, or none for one of the images, they are of another teacher or other
                settings, a corrected one cannot be used or its image is not among those of its patient any more, a mask
                in the folder is of no image, or all were corrected.
        """
        found, records = self._state.found()
        pseudo, corrected = label_entries(unlabeled, found, records, self._state.kept, self._base)
        _logger.info(
            "%s: %d pseudo-labels as the teacher made them, %d corrected by hand.",
            self.folder,
            len(pseudo),
            len(corrected),
        )
        return pseudo, corrected

    @property
    def digest(self) -> str:
        """SHA-256 of the teacher, the settings and all pseudo-labels as they are, corrections included.

        Raises:
            InputError: as :meth:`entries`.
        """
        found, _ = self._state.found()
        states = sorted((key, label.state) for key, label in found.items())
        return hashlib.sha256(json.dumps([self._state.current(), states]).encode()).hexdigest()

    def sample(self, count: int) -> list[tuple[dict[str, Any], Path]]:
        """Some of the entries that :meth:`missing` was given and their masks, evenly spread over the list.

        Args:
            count: the number wanted; fewer where there are fewer masks.

        Raises:
            ValueError: in classification, where there are no masks.
        """
        if self._state.settings["task"] != "segmentation":
            raise ValueError("There are no masks in classification.")
        files = {record.key: self.folder / record.file for record in self._state.made()}
        pairs = [(entry, files[key]) for entry in self._entries if (key := self._key(entry)) in files]
        return [pairs[index] for index in spread_evenly(len(pairs), count)]

    def _finish(self) -> None:
        self._state.settle()
        made = {record.key for record in self._state.made()}
        refuse_unlabeled(self._entries, [self._key(entry) in made for entry in self._entries])
        if not made:
            raise InputError(f"{self.folder}: no pseudo-labels were made. Give a data list with unlabeled images.")

    def _key(self, entry: Mapping[str, Any]) -> str:
        return entry_key(entry, self._base)
