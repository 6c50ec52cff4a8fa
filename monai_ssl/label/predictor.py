"""A trained model that predicts one image at a time, by the bundle's own inference configuration."""

import copy
import threading
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Events
from monai.bundle import ConfigParser
from monai.engines import Workflow
from torch import Tensor, nn

from monai_ssl.bundle.model import load_model
from monai_ssl.data import ImageDataset
from monai_ssl.errors import plain_input_errors
from monai_ssl.handlers.checkpoint import load_checkpoint
from monai_ssl.label.catalog import ServedModel
from monai_ssl.label.rounds import Round
from monai_ssl.tasks import Task

__all__ = ["Predictor"]

# What networks are made by.
_SHAPING = (
    *("labels", "channels", "spatial_dims", "regions", "modalities"),
    *("image_size", "patch_size", "spacing", "windows", "mask_form", "architecture"),
)


class Predictor:
    """What a round of training made, ready to use; threads take turns.

    Args:
        model: the served model.
        trained: its round.
        device: where to predict.

    Raises:
        InputError: when the model is missing or damaged.
    """

    def __init__(self, model: ServedModel, trained: Round, device: str | torch.device) -> None:
        self.round, self.device = trained.name, torch.device(device)
        self._lock = threading.Lock()
        parser = ConfigParser()
        parser.read_config(str(model.inference))
        parser.update(
            {
                "bundle_root": str(model.bundle),
                "dataset_dir": str(trained.data),
                "output_dir": str(trained.output),
                "model_dir": str(trained.models),
                "device": self.device,
                "handlers": [],
                "datalist": [{}],  # a place for the image of each request
            }
        )
        with plain_input_errors():
            self.info: dict[str, Any] = parser.get_parsed_content("info")
            self.task: Task = parser.get_parsed_content("task")
            self._dataset: ImageDataset = parser.get_parsed_content("dataset")
            self._evaluator = parser.get_parsed_content("evaluator")
            self._inferer = parser.get_parsed_content("inferer")
            self._preprocess = parser.get_parsed_content("preprocessing")
        self._evaluator.add_event_handler(Events.ITERATION_COMPLETED, self._keep)

    def predict(self, path: str | Path) -> Tensor:
        """Predict an image as the bundle's ``run inference`` does.

        Args:
            path: the file.

        Returns:
            The probability of each class, or the values of the mask (1, *spatial) on the grid of the file.

        Raises:
            InputError: when the image cannot be used.
        """
        with self._lock, plain_input_errors():
            self._dataset.data = [_item(path)]
            self._evaluator.run()
            return self._predicted.cpu()

    def _keep(self, engine: Workflow) -> None:
        """Keep the one prediction, which Ignite forgets at the end of a run."""
        self._predicted = engine.state.output[0]["pred"]

    def probabilities(self, networks: list[nn.Module], path: str | Path) -> list[Tensor]:
        """What several networks say of an image, as it is after preprocessing.

        Args:
            networks: on the predictor's device, in evaluation mode.
            path: the file.

        Returns:
            For each network the probabilities (C, *spatial); spatial is empty for classes of whole images.

        Raises:
            InputError: when the image cannot be used.
        """
        with self._lock, plain_input_errors(), torch.inference_mode():
            image = self._preprocess(_item(path))["image"]
            batch = torch.as_tensor(image)[None].to(self.device)
            logits = [torch.as_tensor(self._inferer(batch, network))[0] for network in networks]
        return [one.sigmoid() if self.task == "multilabel" else one.softmax(dim=0) for one in logits]

    def networks(self, model: ServedModel, trained: Round) -> dict[str, nn.Module]:
        """The networks that a method has trained beside each other, such as student and teacher, by name.

        They are those of the end of training, which is what the checkpoint has; the one that is served is that of the
        best epoch. Averages of others are left out.
        """
        parser = ConfigParser()
        parser.read_config([str(file) for file in model.training])
        parser.update({"bundle_root": str(model.bundle), "device": self.device})
        # In place of the data list, whose images may not be there any more.
        parser.update({key: value for key, value in self.info.items() if key in _SHAPING})
        with plain_input_errors():
            method = parser.get_parsed_content("method")
        method.load_state_dict(load_checkpoint(trained.models / "checkpoint.pt")["method"])
        found = {name: network for name, network in method.candidates.items() if name != "average"}
        teacher = trained.models / "teacher.pt"  # of the bundle whose student is trained after its teacher
        if teacher.is_file():
            found["teacher"] = load_model(copy.deepcopy(method.network), teacher)
        return {name: network.to(self.device).eval() for name, network in found.items()}


def _item(path: str | Path) -> dict[str, str]:
    """An image in the form of a data list."""
    return {"image": str(path), "patient": "", "name": Path(path).name}
