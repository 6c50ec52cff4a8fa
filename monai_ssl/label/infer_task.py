"""Predicting an image of the datastore: a mask, or the probability of each class."""

import tempfile
import time
from typing import Any

import torch
from monailabel.interfaces.tasks.infer_v2 import InferTask, InferType

from monai_ssl.errors import InputError
from monai_ssl.label.catalog import ServedModel
from monai_ssl.label.predictor import Predictor
from monai_ssl.label.rounds import Rounds, read_facts
from monai_ssl.label.settings import Settings
from monai_ssl.writers import mask_suffix, write_mask

__all__ = ["BundleInference"]


class BundleInference(InferTask):
    """Predict with the round that is served now; a new one is loaded at the next request.

    Args:
        model: what is served.
        rounds: its rounds.
        settings: the app's.
    """

    def __init__(self, model: ServedModel, rounds: Rounds, settings: Settings) -> None:
        labels = list(settings.labels) if model.kind == "classification" else list(settings.regions)
        super().__init__(InferType(model.kind), labels, 3, f"{model.name}: the bundle's own inference", {})
        self.model, self.rounds = model, rounds
        self._predictor: Predictor | None = None

    def info(self) -> dict[str, Any]:
        """What clients are told: with the classes or regions, and the dimensions, of the model that is served."""
        served = self.rounds.served()
        known = {} if served is None else read_facts(served.models / "model.json")
        return {
            **super().info(),
            "labels": _values(known) or known.get("labels", self.labels),
            "dimension": known.get("spatial_dims", self.dimension),
        }

    def is_valid(self) -> bool:
        """Whether there is a trained model."""
        return self.rounds.served() is not None

    def get_path(self, validate: bool = True) -> str | None:  # noqa: ARG002
        """The weights that are served."""
        served = self.rounds.served()
        return None if served is None else str(served.models / "model.pt")

    def predictor(self) -> Predictor:
        """The model that is served now, loaded.

        Raises:
            InputError: when none has been trained.
        """
        served = self.rounds.served()
        if served is None:
            raise InputError(f"{self.model.name} has not been trained yet. Train it first.")
        if self._predictor is None or self._predictor.round != served.name:
            self._predictor = Predictor(self.model, served, "cuda:0" if torch.cuda.is_available() else "cpu")
        return self._predictor

    def __call__(self, request: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
        """Predict.

        Args:
            request: ``image``, the path of a file.

        Returns:
            For segmentation the path of a mask on the grid of the image, for classification None; and what is to be
            said of it: ``prediction`` with the score of each class, or ``label_names``.

        Raises:
            InputError: when there is no such image, it cannot be used, or the model has not been trained.
        """
        start = time.perf_counter()
        path, predictor = str(request["image"]), self.predictor()
        predicted = predictor.predict(path)
        said: dict[str, Any] = {"model_round": predictor.round}
        file = None
        if self.model.kind == "classification":
            scores = zip(predictor.info["labels"], predicted.flatten().tolist(), strict=True)
            said["prediction"] = [
                {"idx": index, "label": name, "score": score} for index, (name, score) in enumerate(scores)
            ]
        else:
            with tempfile.NamedTemporaryFile(suffix=mask_suffix(path), delete=False) as made:
                file = made.name
            write_mask(file, predicted[0].numpy(), path)
            said["label_names"] = _values(predictor.info)
        said["latencies"] = {"total": round(time.perf_counter() - start, 3)}
        return file, said


def _values(info: dict[str, Any]) -> dict[str, Any]:
    """The value in a mask of each region; of a region of several values, the list of them."""
    return {name: values[0] if len(values) == 1 else values for name, values in info.get("regions", {}).items()}
