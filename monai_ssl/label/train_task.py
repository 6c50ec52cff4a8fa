"""Training on the labeled and the unlabeled images of a datastore."""

import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import torch
from monailabel.interfaces.datastore import Datastore
from monailabel.interfaces.tasks.train import TrainTask

from monai_ssl.data.datalist_file import DATALIST_NAME
from monai_ssl.errors import InputError
from monai_ssl.label.catalog import ServedModel
from monai_ssl.label.datalists import list_data
from monai_ssl.label.rounds import Round, Rounds
from monai_ssl.label.settings import Settings
from monai_ssl.salt import read_salt

__all__ = ["SemiSupervisedTraining"]

logger = logging.getLogger(__name__)
# The server's own logger for lines of a task, which it prints as they are.
task_logger = logging.getLogger("task_train")

_DEFAULTS: dict[str, Any] = {"max_epochs": 50, "val_split": 0.2, "seed": 0}
# Options of the bundles that a request may have; those of other tasks of MONAI Label are not theirs.
_OPTIONS = (
    *("max_epochs", "seed", "batch_size", "unlabeled_batch_size", "learning_rate", "image_size", "windows"),
    *("patch_size", "spacing", "architecture", "mask_form", "amp", "cache_rate", "val_interval"),
    *("pretrain_epochs", "teacher_epochs", "tracking"),
)


class SemiSupervisedTraining(TrainTask):
    """Train a bundle on a datastore, in a process of its own, and serve what it made.

    Args:
        model: what is trained.
        rounds: where.
        settings: the app's.
    """

    def __init__(self, model: ServedModel, rounds: Rounds, settings: Settings) -> None:
        super().__init__(f"{model.name}: semi-supervised, with all images that have no final label as unlabeled ones")
        self.model, self.rounds, self.settings = model, rounds, settings

    def config(self) -> dict[str, Any]:
        """What clients may set, and what it is otherwise."""
        return {**_DEFAULTS, "device": ["cuda", "cpu"] if torch.cuda.is_available() else ["cpu"]}

    def stats(self) -> dict[str, Any]:
        """What is known of the round that is served."""
        served = self.rounds.served()
        return {} if served is None else _summary(served)

    def __call__(self, request: dict[str, Any], datastore: Datastore) -> dict[str, Any]:
        """Train a round.

        Args:
            request: ``val_split``, the fraction of labeled patients to validate on, and options of the bundle.
            datastore: the images and labels.

        Returns:
            The counts of images, the validation metrics of the model, and its round.

        Raises:
            BusyError: when the model is being trained already.
            InputError: when it cannot be trained.
        """
        options = {name: request[name] for name in _OPTIONS if request.get(name) is not None}
        fraction = request.get("val_split", _DEFAULTS["val_split"])
        if not isinstance(fraction, int | float):
            raise InputError(f"val_split is {fraction!r}. Give a number above 0 and below 1, such as 0.2.")
        with self.rounds.new() as begun:
            datalist = list_data(
                datastore,
                self.model.kind,
                self.settings,
                salt=read_salt(self.rounds.folder.parent),
                fraction=fraction,
                former=self._former_validation(),
            )
            begun.data.mkdir()
            datalist.save(begun.data)
            logger.info(
                "Training %s on %d labeled and %d unlabeled images; %d to validate on.",
                self.model.name,
                len(datalist.labeled),
                len(datalist.unlabeled),
                len(datalist.validation),
            )
            device = _device(request.get("device"))
            _run(self.model, begun, {**_DEFAULTS, **options, "device": device})
            self.rounds.serve(begun)
        summary = _summary(begun)
        logger.info("Trained %s, round %s: %s", self.model.name, begun.name, summary["validation"])
        return summary

    def _former_validation(self) -> set[str]:
        served = self.rounds.served()
        if served is None or not (served.data / DATALIST_NAME).is_file():
            return set()
        entries = served.read(served.data / DATALIST_NAME)["validation"]
        return {entry["patient"] for entry in entries}


def _run(model: ServedModel, begun: Round, options: Mapping[str, Any]) -> None:
    """Run the bundle's training as from the command line: what happens to it leaves the server alone."""
    given = {
        "config_file": str([str(file) for file in model.training]),
        "bundle_root": model.bundle,
        "dataset_dir": begun.data,
        "output_dir": begun.output,
        "model_dir": begun.models,
        **{name: value for name, value in options.items() if name != "val_split"},
    }
    command = [sys.executable, "-m", "monai.bundle", "run", "training"]
    command += [part for name, value in given.items() for part in (f"--{name}", str(value))]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd=begun.folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    last = ""
    try:
        for line in process.stdout or ():
            if line.strip():
                last = line.strip()
                task_logger.info("%s", last)
    finally:
        # Also when this process is told to stop while it waits.
        if process.poll() is None and sys.exc_info()[0] is not None:
            process.kill()
        code = process.wait()
    if code:
        raise InputError(f"{model.name} was not trained: {last.removeprefix('error: ')}")


def _device(given: Any) -> str:
    name = str(given or "cuda")
    if name.startswith("cuda") and not torch.cuda.is_available():
        return "cpu"
    return "cuda:0" if name == "cuda" else name


def _summary(trained: Round) -> dict[str, Any]:
    counts = trained.read(trained.data / DATALIST_NAME).get("provenance", {}).get("counts", {})
    summary = trained.read(trained.output / "summary.json")
    return {
        "round": trained.name,
        "labeled": counts.get("labeled"),
        "unlabeled": counts.get("unlabeled"),
        "validation_images": counts.get("validation"),
        "validation": summary.get("validation", {}),
        "best": summary.get("best"),
    }
