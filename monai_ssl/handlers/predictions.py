"""Collects the predictions of an evaluation, image by image."""

import os
from typing import Any

import numpy as np
from ignite.engine import Engine, Events
from monai.utils import convert_to_numpy

from monai_ssl.errors import InputError
from monai_ssl.handlers.image_name import image_name
from monai_ssl.handlers.items import decollated_items, gather_rows, item_value
from monai_ssl.metrics import Predictions
from monai_ssl.tasks import check_task

__all__ = ["PredictionCollector"]


class PredictionCollector:
    """Collect probabilities, labels, patients and images of one evaluation.

    Attach it to a MONAI evaluator (with ``decollate=True``, the default); after each run :attr:`predictions` holds that
    run's images, of all processes when it is distributed. An item without a label, as those of the unlabeled images
    are, counts as missing in every class.

    Args:
        task: "multilabel": the label is a vector (C,); "multiclass": it is a class index.
        pred_key: key of the probabilities (C,) in each item of ``engine.state.output``.
        label_key: key of the label in each item of ``engine.state.batch``.
        patient_key: key of the patient's pseudonym there.
        image_key: key of the path, or paths, of the image there.
        folder: names of images below it are relative to it; others are as given.

    Raises:
        InputError: for another task; while collecting, when an item lacks a key or the batch is not decollated.
    """

    def __init__(
        self,
        task: str = "multilabel",
        pred_key: str = "pred",
        label_key: str = "label",
        patient_key: str = "patient",
        image_key: str = "source",
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        self.task = check_task(task)
        self.pred_key = pred_key
        self.label_key = label_key
        self.patient_key = patient_key
        self.image_key = image_key
        self.folder = folder
        self._rows: list[_Row] = []
        self._predictions: Predictions | None = None

    @property
    def predictions(self) -> Predictions:
        """The predictions of the last evaluation.

        Raises:
            InputError: when none has run to its end.
        """
        if self._predictions is None:
            raise InputError(
                "no predictions have been collected. Is the list of images empty? Run the evaluator first."
            )
        return self._predictions

    def attach(self, engine: Engine) -> None:
        """Collect from ``engine``, an evaluator."""
        engine.add_event_handler(Events.EPOCH_STARTED, self._start)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._collect)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._finish)

    def _start(self) -> None:
        self._rows = []
        self._predictions = None

    def _collect(self, engine: Engine) -> None:
        for item, result in decollated_items(engine):
            probabilities = _array(result, self.pred_key)
            if self.label_key in item:
                label = _array(item, self.label_key)
            else:
                label = np.full(probabilities.shape if self.task == "multilabel" else (), -1.0)
            name = image_name(item_value(item, self.image_key), self.folder)
            self._rows.append((probabilities, label, str(item_value(item, self.patient_key)), name))

    def _finish(self) -> None:
        rows = gather_rows(self._rows)
        probabilities, labels, patients, images = zip(*rows, strict=True)
        self._predictions = Predictions(
            probabilities=np.stack(probabilities),
            # A class index may come as a number or as an array of one.
            labels=np.stack(labels) if self.task == "multilabel" else np.reshape(labels, len(rows)),
            patients=patients,
            images=images,
        )
        self._rows = []


_Row = tuple[np.ndarray, np.ndarray, str, str]


def _array(item: dict[str, Any], key: str) -> np.ndarray:
    return np.asarray(convert_to_numpy(item_value(item, key)), dtype=np.float64)
