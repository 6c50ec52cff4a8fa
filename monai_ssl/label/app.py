"""The app that MONAI Label loads."""

# ruff: noqa: E402 - what MONAI Label lacks must be there before it is imported
from monai_ssl.label.upstream import prepare_upstream

prepare_upstream()

import logging
from pathlib import Path
from typing import Any

from monailabel.config import settings as server_settings
from monailabel.interfaces.app import MONAILabelApp
from monailabel.interfaces.datastore import Datastore
from monailabel.interfaces.tasks.scoring import ScoringMethod
from monailabel.interfaces.tasks.strategy import Strategy
from monailabel.utils.async_tasks.task import AsyncTask
from requests import RequestException

from monai_ssl import __version__
from monai_ssl.errors import InputError
from monai_ssl.label.active_learning import STRATEGIES, AtRandom, MostUncertain, Uncertainty
from monai_ssl.label.background import end_with_server
from monai_ssl.label.datastore import CheckedDatastore, MissingError
from monai_ssl.label.infer_task import BundleInference
from monai_ssl.label.rounds import Rounds
from monai_ssl.label.settings import read_settings
from monai_ssl.label.train_task import SemiSupervisedTraining
from monai_ssl.label.uploads import remove_old_uploads, uploads_folder
from monai_ssl.label.validated import Validated

__all__ = ["SemiSupervisedApp"]

logger = logging.getLogger(__name__)


class SemiSupervisedApp(MONAILabelApp):
    """The project's bundles as models of a MONAI Label server.

    Args:
        app_dir: the app's folder; models are kept in ``model/<name>`` in it.
        studies: the folder of images, or the address of a server of images that MONAI Label knows.
        conf: see :func:`monai_ssl.label.settings.read_settings`.

    Raises:
        InputError: for settings that cannot be used.
    """

    def __init__(self, app_dir: str, studies: str, conf: dict[str, str]) -> None:
        end_with_server()
        self.settings = read_settings(conf or {})
        self.rounds = {model.name: Rounds(Path(app_dir) / "model" / model.name) for model in self.settings.models}
        self.inferences = {
            model.name: BundleInference(model, self.rounds[model.name], self.settings) for model in self.settings.models
        }
        self.validated = Validated(Path(app_dir) / "model" / "validated.json")
        self.uncertainty = Uncertainty(self.inferences)
        super().__init__(
            app_dir=app_dir,
            studies=studies,
            conf=conf,
            name="MONAI-SSL",
            description="Semi-supervised learning with the labeled and the unlabeled images of a datastore",
            version=__version__,
        )

    def init_datastore(self) -> Datastore:
        """A folder is looked after by this project; servers of images by MONAI Label."""
        if self.studies.startswith(("http://", "https://")):
            return super().init_datastore()
        return CheckedDatastore(
            self.studies,
            self.settings,
            read_only=server_settings.MONAI_LABEL_DATASTORE_READ_ONLY,
        )

    def init_infers(self) -> dict[str, Any]:
        """A task for each model."""
        return dict(self.inferences)

    def init_trainers(self) -> dict[str, Any]:
        """A task for each model."""
        return {
            model.name: SemiSupervisedTraining(model, self.rounds[model.name], self.settings, self.validated)
            for model in self.settings.models
        }

    def init_strategies(self) -> dict[str, Strategy]:
        """By uncertainty, and at random."""
        return {"random": AtRandom(), **{name: MostUncertain(name, self.inferences) for name in STRATEGIES}}

    def init_scoring_methods(self) -> dict[str, ScoringMethod]:
        """One that all strategies go by."""
        return {"uncertainty": self.uncertainty}

    def infer(self, request: dict[str, Any], datastore: Datastore | None = None) -> dict[str, Any]:
        """Predict an image of the datastore, or one that was uploaded with the request.

        Raises:
            MissingError: when there is no such image; other files of the machine are none.
        """
        image, store = request.get("image"), datastore or self.datastore()
        if not isinstance(image, str) or not isinstance(request.get("model"), str):
            raise InputError("A prediction is of an image and by a model: give their names.")
        if not store.get_image_uri(image) and not _was_uploaded(image):
            raise MissingError(f"There is no image {image!r}.")
        remove_old_uploads()
        try:
            return super().infer(request, datastore)
        except InputError as error:
            # An upload has no name of its own, but the path of where it is kept.
            raise type(error)(str(error).replace(image, "The image")) if _was_uploaded(image) else error from None

    def batch_infer(self, request: dict[str, Any], datastore: Datastore | None = None) -> dict[str, Any]:
        """Predict many images in turn, on the device that one would be; MONAI Label divides them by GPUs, if 0."""
        return super().batch_infer({**request, "multi_gpu": False, "max_workers": 1}, datastore)

    def check_task(self, task: str, request: dict[str, Any]) -> None:
        """Check what a task is asked for, before it is taken.

        Args:
            task: ``"train"``, ``"scoring"`` or ``"batch_infer"``.
            request: of the client.

        Raises:
            InputError: when there is no such model or method, and for options that a training cannot have.
        """
        key, known = ("method", self._scoring_methods) if task == "scoring" else ("model", self.inferences)
        if (name := request.get(key)) not in known:
            raise InputError(f"There is no {key} {name!r}. Give one of {', '.join(known)}.")
        if task == "train":
            self._trainers[name].check(request)

    def next_sample(self, request: dict[str, Any]) -> dict[str, Any]:
        """Choose the image to label next."""
        if not isinstance(request.get("strategy"), str) or not isinstance(request.get("model", ""), str):
            raise InputError("A strategy, and the model that it goes by, are given by their names.")
        return super().next_sample(request)

    def async_scoring(self, method: str | None, params: Any = None) -> Any:
        """Score in a process of its own, where there is anything to score and no such process runs or waits.

        The process of a training asks the server to do it, which may not be reached from there: it is done with the
        next request for an image then.
        """
        if method is None and (
            AsyncTask.status("scoring", check_if_running=True)[0] or not self.uncertainty.is_due(self.datastore())
        ):
            return {}
        try:
            return super().async_scoring(method, params)
        except RequestException:
            logger.info("The images will be scored when the next one is asked for.")
            return {}

    def on_save_label(self, image_id: str, label_id: str) -> None:  # noqa: ARG002
        """Say so, without the name of the image, which may be that of a patient."""
        logger.info("A label was saved.")


def _was_uploaded(path: str) -> bool:
    """Whether a file is one of those that the server keeps uploads in."""
    return Path(path).parent == uploads_folder() and Path(path).is_file()
