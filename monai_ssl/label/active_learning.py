"""Which image to label next: scores of all unlabeled images, and strategies that go by them."""

import logging
import random
from collections.abc import Collection
from typing import Any

from monailabel.interfaces.datastore import Datastore
from monailabel.interfaces.tasks.scoring import ScoringMethod
from monailabel.interfaces.tasks.strategy import Strategy

from monai_ssl.errors import InputError
from monai_ssl.files import write_json
from monai_ssl.label.infer_task import BundleInference
from monai_ssl.label.rounds import Round, read_facts
from monai_ssl.label.uncertainty import disagreement, entropy

__all__ = ["STRATEGIES", "AtRandom", "MostUncertain", "Uncertainty", "read_scores"]

logger = logging.getLogger(__name__)

STRATEGIES = {
    "disagreement": "the image that the two networks of the method disagree most about",
    "entropy": "the image whose prediction has the highest entropy",
}
_SCORES = "scores.json"
_SAVED_EVERY = 100


def read_scores(trained: Round) -> dict[str, dict[str, float]]:
    """The scores of images by a round, by the image's name: ``{"entropy": ..., "disagreement": ...}``."""
    return read_facts(trained.folder / _SCORES)


def _asked(request: dict[str, Any], known: Collection[str]) -> list[str]:
    """The names of the models that a request is about."""
    name = request.get("model")
    if name and name not in known:
        raise InputError(f"There is no model {name!r}. Give one of {', '.join(known)}.")
    return [name] if name else list(known)


class Uncertainty(ScoringMethod):
    """Score the unlabeled images that the served models have not scored yet.

    Args:
        inferences: the served models by name.
    """

    def __init__(self, inferences: dict[str, BundleInference]) -> None:
        super().__init__("Entropy, and disagreement of the networks that a method trains, of all unlabeled images")
        self.inferences = inferences

    def is_due(self, datastore: Datastore) -> bool:
        """Whether there is an unlabeled image that a model, which has been trained, has not scored yet."""
        unlabeled = datastore.get_unlabeled_images()
        return any(self._unscored(name, unlabeled) for name in self.inferences)

    def _unscored(self, name: str, unlabeled: Collection[str]) -> list[str]:
        served = self.inferences[name].rounds.served()
        if served is None:
            return []
        scores = read_scores(served)
        return [image for image in sorted(unlabeled) if image not in scores]

    def __call__(self, request: dict[str, Any], datastore: Datastore) -> dict[str, Any]:
        """Score them.

        Args:
            request: ``model``, if not all.
            datastore: the images.

        Returns:
            For each model, how many images were scored, and how many could not be.
        """
        names = _asked(request, self.inferences)
        return {name: self._score(name, datastore) for name in names if self.inferences[name].is_valid()}

    def _score(self, name: str, datastore: Datastore) -> dict[str, int]:
        inference, served = self.inferences[name], self.inferences[name].rounds.served()
        images = self._unscored(name, datastore.get_unlabeled_images())
        if served is None or not images:
            return {"scored": 0, "failed": 0}
        predictor = inference.predictor()
        pair = list(predictor.networks(inference.model, served).values())
        scores, failed = read_scores(served), 0
        for index, image in enumerate(images, start=1):
            try:
                found = predictor.probabilities(pair, datastore.get_image_uri(image))
            except InputError as error:
                logger.warning("An image was not scored: %s", error)
                failed += 1
                scores[image] = {}  # not to be tried again in this round
                continue
            scores[image] = {"entropy": entropy(sum(found[1:], found[0]) / len(found), predictor.task)}
            if len(found) == 2:
                scores[image]["disagreement"] = disagreement(*found)
            if index % _SAVED_EVERY == 0:
                write_json(served.folder / _SCORES, scores)
                logger.info("%s: %d of %d images scored", name, index, len(images))
        write_json(served.folder / _SCORES, scores)
        return {"scored": len(images) - failed, "failed": failed}


class MostUncertain(Strategy):
    """Choose the unlabeled image with the highest score.

    Images that this strategy has handed out before come after all others, the oldest first. Where no image has a score
    (no model has been trained, or its scores are still being made) one is drawn, and the answer says ``"score": null``.

    Args:
        measure: one of :data:`STRATEGIES`.
        inferences: the served models by name.
    """

    def __init__(self, measure: str, inferences: dict[str, BundleInference]) -> None:
        super().__init__(f"Next: {STRATEGIES[measure]}")
        self.measure, self.inferences = measure, inferences

    def __call__(self, request: dict[str, Any], datastore: Datastore) -> dict[str, Any] | None:
        """Choose.

        Args:
            request: ``model``, if not the first that has scores.
            datastore: the images.

        Returns:
            ``id``, ``score``, and the ``model`` and ``model_round`` it is of; None when no image is unlabeled.
        """
        unlabeled = sorted(datastore.get_unlabeled_images())
        if not unlabeled:
            return None
        handed = _handed_out(self.measure, unlabeled, datastore)
        for name in _asked(request, self.inferences):
            served = self.inferences[name].rounds.served()
            scores = {} if served is None else read_scores(served)
            known = {image: scores[image][self.measure] for image in unlabeled if self.measure in scores.get(image, {})}
            if served is not None and known:
                best = min(known, key=lambda image: (handed[image], -known[image]))
                return {"id": best, "score": known[best], "model": name, "model_round": served.name}
        return {"id": _draw(handed), "score": None}


class AtRandom(Strategy):
    """Draw an unlabeled image, of those that this strategy has not handed out before while there are any."""

    def __init__(self) -> None:
        super().__init__("Next: any image, drawn at random")

    def __call__(self, request: dict[str, Any], datastore: Datastore) -> dict[str, Any] | None:  # noqa: ARG002
        """Draw.

        Args:
            request: nothing of it is looked at.
            datastore: the images.

        Returns:
            ``id``; None when no image is unlabeled.
        """
        unlabeled = sorted(datastore.get_unlabeled_images())
        return {"id": _draw(_handed_out("random", unlabeled, datastore))} if unlabeled else None


def _handed_out(strategy: str, images: Collection[str], datastore: Datastore) -> dict[str, int]:
    """When a strategy has handed out each image, in seconds; 0 for never."""

    def when(image: str) -> int:
        try:
            return int(datastore.get_image_info(image)["strategy"][strategy]["ts"])
        except (KeyError, TypeError, ValueError):  # clients may write there, too
            return 0

    return {image: when(image) for image in images}


def _draw(handed: dict[str, int]) -> str:
    """One of those that were handed out the longest ago."""
    oldest = min(handed.values())
    return random.choice([image for image, when in handed.items() if when == oldest])  # noqa: S311
