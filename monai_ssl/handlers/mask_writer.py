"""Writes the masks of an inference, with a table of volumes and a picture."""

import csv
import logging
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ignite.engine import Events
from monai.engines import Workflow
from monai.utils import convert_to_numpy
from numpy.typing import NDArray

from monai_ssl.files import write_whole
from monai_ssl.handlers.items import decollated_items, gather_rows, item_value
from monai_ssl.readers.grids import first_path, voxel_spacing
from monai_ssl.readers.listing import split_name
from monai_ssl.reports import OverlayRow, check_overlay_count, mask_picture, overlay_figure, save_figure
from monai_ssl.writers import mask_suffix, write_mask

__all__ = ["MaskWriter"]

logger = logging.getLogger("monai_ssl")


class _Row(NamedTuple):
    name: str
    mask: str
    volumes: tuple[float, ...]
    unit: str
    picture: OverlayRow | None


class MaskWriter:
    """Write the predicted mask of each image as a file in the image's own geometry.

    Attach it to a MONAI evaluator (with ``decollate=True``, the default) whose predictions are back on the grid of the
    image as it was read. The mask of ``<name>`` is ``<output_dir>/<name>_mask.nii.gz``, or ``.png`` for pictures and
    DICOM. At the end ``volumes.csv`` has a line an image, with the volume of each region in mm3 (area in mm2, pixels
    where the size of one is not known), and ``overlays.png`` shows a slice of the first images.

    Args:
        output_dir: where all that goes; files of the same names are replaced, each as a whole.
        regions: the mask values of each region, as in a data list's ``masks``.
        pictures: how many images are in the picture; 0 for none.
        pred_key: key of the mask values (1, *spatial) in each item of ``engine.state.output``.
        image_key: key of the path, or paths, of the image in each item of ``engine.state.batch``.
        name_key: key of the image's name there: a relative path, which no other image has.

    Raises:
        InputError: for a bad number of pictures; while it writes, when an item lacks a key, or a file cannot be
            written.
    """

    def __init__(
        self,
        output_dir: str | os.PathLike[str],
        regions: Mapping[str, Sequence[int]],
        pictures: int = 4,
        pred_key: str = "pred",
        image_key: str = "source",
        name_key: str = "name",
    ) -> None:
        check_overlay_count(pictures)
        self.output_dir, self.regions, self.pictures = Path(output_dir), dict(regions), pictures
        self.pred_key, self.image_key, self.name_key = pred_key, image_key, name_key
        self._rows: list[_Row] = []
        self._masks: set[str] = set()

    def attach(self, engine: Workflow) -> None:
        """Write what ``engine``, an evaluator, predicts."""
        engine.add_event_handler(Events.EPOCH_STARTED, self._start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._write)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._finish)

    def _start(self) -> None:
        self._rows = []
        self._masks = set()

    def _write(self, engine: Workflow) -> None:
        for item, result in decollated_items(engine):
            paths, name = item_value(item, self.image_key), str(item_value(item, self.name_key))
            values = convert_to_numpy(item_value(result, self.pred_key))[0]
            mask = self._mask_name(name, mask_suffix(paths))
            self._masks.add(mask)
            write_mask(self.output_dir / mask, values, paths)
            self._rows.append(self._row(paths, name, mask, values))

    def _mask_name(self, name: str, suffix: str) -> str:
        """The mask's path below the folder; of two images that differ in their suffix, the second's keeps it."""
        short = f"{split_name(name)[0]}_mask{suffix}"
        return f"{name}_mask{suffix}" if short in self._masks else short

    def _row(self, paths: Any, name: str, mask: str, values: NDArray[np.int32]) -> _Row:
        spacing = voxel_spacing(first_path(paths))
        one = 1.0 if spacing is None else math.prod(spacing)
        volumes = tuple(one * int(np.count_nonzero(np.isin(values, list(chosen)))) for chosen in self.regions.values())
        picture = None
        if len(self._rows) < self.pictures:
            picture = mask_picture(paths, values, None, self.regions, label=name)
        return _Row(name, mask, volumes, "pixels" if spacing is None else f"mm{values.ndim}", picture)

    def _finish(self, engine: Workflow) -> None:
        rows = gather_rows(self._rows)
        self._rows = []
        if engine.state.rank != 0:
            return
        rows = list({row.name: row for row in rows}.values())
        with write_whole(self.output_dir / "volumes.csv") as path, path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["image", "mask", "unit", *self.regions])
            writer.writerows(
                [row.name, row.mask, row.unit, *(f"{volume:.6g}" for volume in row.volumes)] for row in rows
            )
        pictures = [row.picture for row in rows if row.picture is not None][: self.pictures]
        if pictures:
            figure = overlay_figure(pictures, list(self.regions), f"{len(pictures)} of {len(rows)} predicted masks")
            save_figure(figure, self.output_dir / "overlays.png")
        logger.info("%s: %d masks, their volumes in volumes.csv.", self.output_dir, len(rows))
        print(f"Masks:   {self.output_dir} ({len(rows)}), with volumes.csv{' and overlays.png' if pictures else ''}")
