"""Keeps what a teacher says of unlabeled images."""

import logging

from ignite.engine import Engine, Events

from monai_ssl.handlers.items import decollated_items, item_value
from monai_ssl.pseudo_labels import PseudoLabels

__all__ = ["PseudoLabelWriter"]

_logger = logging.getLogger("monai_ssl")


class PseudoLabelWriter:
    """Add the probabilities of each image of an evaluation to pseudo-labels, and tell of them at the end.

    Attach it to a MONAI evaluator (with ``decollate=True``, the default) whose images are those of
    :meth:`~monai_ssl.pseudo_labels.PseudoLabels.missing`. In a distributed run every process writes its share, which
    must have at least one image; that of a sampler which repeats some is fine.

    Args:
        labels: what the pseudo-labels are added to, after its :meth:`~monai_ssl.pseudo_labels.PseudoLabels.start`.
        pred_key: key of the probabilities in each item of ``engine.state.output``: (K, *spatial) on the grid of the
            image as it is read, or (C,).
        image_key: key of the image's path or paths in each item of ``engine.state.batch``.
        patient_key: key of the patient's pseudonym there.

    Raises:
        InputError: while it writes, when an item lacks a key or the batch is not decollated, and as
            :meth:`~monai_ssl.pseudo_labels.PseudoLabels.add`; at the end as
            :meth:`~monai_ssl.pseudo_labels.PseudoLabels.finish`, so when the evaluation left an image out.
    """

    def __init__(
        self,
        labels: PseudoLabels,
        pred_key: str = "pred",
        image_key: str = "source",
        patient_key: str = "patient",
    ) -> None:
        self.labels = labels
        self.pred_key = pred_key
        self.image_key = image_key
        self.patient_key = patient_key

    def attach(self, engine: Engine) -> None:
        """Write what ``engine``, an evaluator, predicts."""
        engine.add_event_handler(Events.ITERATION_COMPLETED, self._add)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self._finish)

    def _add(self, engine: Engine) -> None:
        for item, result in decollated_items(engine):
            entry = {"image": item_value(item, self.image_key), "patient": item_value(item, self.patient_key)}
            self.labels.add(entry, item_value(result, self.pred_key))

    def _finish(self) -> None:
        summary = self.labels.finish()
        fractions = ", ".join(f"{name} {fraction:.2%}" for name, fraction in summary["fractions"].items())
        _logger.info(
            "%s: %d pseudo-labels, mean confidence %.3f (%s).",
            self.labels.folder,
            summary["images"],
            summary["confidence"],
            fractions,
        )
