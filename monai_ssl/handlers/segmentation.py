"""Scores the masks of an evaluation, image by image, so that no volume is kept."""

import os
from collections.abc import Mapping, Sequence, Sized
from dataclasses import replace
from typing import Any

from ignite import distributed as idist
from ignite.engine import Engine, Events

from monai_ssl.errors import InputError
from monai_ssl.handlers.image_name import image_name
from monai_ssl.handlers.items import decollated_items, gather_rows, item_value
from monai_ssl.masks import MaskCoding
from monai_ssl.readers.mask_size import OtherSize, check_other_size
from monai_ssl.reports import SegmentationCase, check_overlay_count, compare_with_file
from monai_ssl.spread import spread_evenly

__all__ = ["SegmentationCollector"]


class SegmentationCollector:
    """Compare the predicted mask of each image with its file, on the grid of that file.

    Attach it to a MONAI evaluator (with ``decollate=True``, the default) whose predictions are back on the grid of the
    image as it was read; after each run :attr:`cases` holds that run's images, of all processes when it is distributed
    (an image that a sampler has repeated, to give all processes equally many, counts once). The true mask is read from
    its file: neither resampling nor cropping of the network's input can change what is measured.

    Args:
        regions: the mask values of each region, as in a data list's ``masks``.
        pictures: how many images, spread over the list, get a picture of one slice; the first ones, where the
            evaluator's data do not tell their number.
        folder: names of images below it are relative to it; others are as given.
        pred_key: key of the mask values (1, *spatial) in each item of ``engine.state.output``.
        label_key: key of the path of the true mask in each item of ``engine.state.batch``.
        image_key: key of the path, or paths, of the image there.
        patient_key: key of the patient's pseudonym there.
        class_key: key of the index of the image's class there; None where there is none.
        other_size: ``"refuse"`` or ``"resample"`` masks of another size than their image, see
            :func:`~monai_ssl.readers.mask_size.fit_mask`.
        allow_missing: whether images without a mask (items without ``label_key``) are left out, as a data list of masks
            and classes may have them.

    Raises:
        InputError: for regions or a number of pictures that cannot be used; while collecting, when an item lacks a key,
            a mask cannot be read, has values of no region or another shape than the prediction, or
            the prediction holds no mask values.
    """

    def __init__(
        self,
        regions: Mapping[str, Sequence[int]],
        pictures: int = 4,
        folder: str | os.PathLike[str] | None = None,
        pred_key: str = "pred",
        label_key: str = "label_path",
        image_key: str = "source",
        patient_key: str = "patient",
        class_key: str | None = None,
        other_size: OtherSize = "refuse",
        allow_missing: bool = False,
    ) -> None:
        check_overlay_count(pictures)
        MaskCoding(regions)  # checks them
        self.regions = dict(regions)
        self.pictures = pictures
        self.folder = folder
        self.pred_key, self.label_key, self.image_key, self.patient_key = pred_key, label_key, image_key, patient_key
        check_other_size(other_size)
        self.class_key, self.other_size, self.allow_missing = class_key, other_size, allow_missing
        self._rows: list[SegmentationCase | None] = []
        self._cases: tuple[SegmentationCase, ...] | None = None
        self._due: list[int] = []

    @property
    def cases(self) -> tuple[SegmentationCase, ...]:
        """The images of the last evaluation.

        Raises:
            InputError: when none has run to its end.
        """
        if self._cases is None:
            raise InputError("no masks have been collected. Is the list of images empty? Run the evaluator first.")
        return self._cases

    def attach(self, engine: Engine) -> None:
        """Collect from ``engine``, an evaluator."""
        engine.add_event_handler(Events.EPOCH_STARTED, self._start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._collect)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._finish)

    def _start(self, engine: Engine) -> None:
        self._rows = []
        self._cases = None
        sampler = getattr(engine.state.dataloader, "sampler", None)
        count = len(sampler) if isinstance(sampler, Sized) else self.pictures
        self._due = spread_evenly(count, self.pictures)

    def _collect(self, engine: Engine) -> None:
        for item, result in decollated_items(engine):
            skipped = self.allow_missing and self.label_key not in item
            self._rows.append(None if skipped else self._case(item, result))

    def _finish(self) -> None:
        rows = [case for case in gather_rows(self._rows) if case is not None]
        if idist.get_world_size() > 1:
            firsts: dict[str, SegmentationCase] = {}
            for case in rows:
                firsts.setdefault(case.image, case)
            rows = list(firsts.values())
        pictured = [place for place, case in enumerate(rows) if case.picture is not None]
        kept = {pictured[place] for place in spread_evenly(len(pictured), self.pictures)}
        self._cases = tuple(
            case if place in kept or case.picture is None else replace(case, picture=None)
            for place, case in enumerate(rows)
        )
        self._rows = []

    def _case(self, item: dict[str, Any], result: dict[str, Any]) -> SegmentationCase:
        # Where an image has no mask, the next one that has gets its picture.
        with_picture = bool(self._due) and len(self._rows) >= self._due[0]
        if with_picture:
            del self._due[0]
        source = item_value(item, self.image_key)
        case = compare_with_file(
            item_value(result, self.pred_key),
            item_value(item, self.label_key),
            image_name(source),
            self.regions,
            name=image_name(source, self.folder),
            patient=str(item_value(item, self.patient_key)),
            with_picture=with_picture,
            other_size=self.other_size,
        )
        return case if self.class_key is None else replace(case, label=int(item_value(item, self.class_key)))
