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
from monai_ssl.label.rounds import Round, Rounds, read_facts
from monai_ssl.label.settings import Settings
from monai_ssl.label.training_options import DEFAULTS, check_device, read_options
from monai_ssl.label.validated import Validated
from monai_ssl.salt import read_salt

__all__ = ["SemiSupervisedTraining"]

logger = logging.getLogger(__name__)
# The server's own logger for lines of a task, which it prints as they are.
task_logger = logging.getLogger("task_train")

_VAL_SPLIT = 0.2
_PROGRESS = "%|"  # in the lines of progress bars
_ERROR = "error: "  # what begins the one line on which a bundle says what is wrong


class SemiSupervisedTraining(TrainTask):
    """Train a bundle on a datastore, in a process of its own, and serve what it made.

    Args:
        model: what is trained.
        rounds: where.
        settings: the app's.
        validated: the patients that the app's models are validated on.
    """

    def __init__(self, model: ServedModel, rounds: Rounds, settings: Settings, validated: Validated) -> None:
        super().__init__(f"{model.name}: semi-supervised, with all images that have no final label as unlabeled ones")
        self.model, self.rounds, self.settings, self.validated = model, rounds, settings, validated

    def config(self) -> dict[str, Any]:
        """What clients may set, and what it is otherwise."""
        return {
            **DEFAULTS,
            "val_split": _VAL_SPLIT,
            "device": ["cuda", "cpu"] if torch.cuda.is_available() else ["cpu"],
        }

    def stats(self) -> dict[str, Any]:
        """What is known of the round that is served."""
        served = self.rounds.served()
        return {} if served is None else _summary(served)

    def check(self, request: Mapping[str, Any]) -> tuple[dict[str, Any], float]:
        """The options of the bundle in a request, and the fraction of patients to validate on.

        Raises:
            InputError: for values that cannot be used.
        """
        options = {**read_options(request), "device": check_device(request.get("device"))}
        fraction = request.get("val_split", _VAL_SPLIT)
        if isinstance(fraction, bool) or not isinstance(fraction, int | float) or not 0 < fraction < 1:
            raise InputError(f"val_split is {str(fraction)[:80]!r}. Give a number above 0 and below 1, such as 0.2.")
        return options, fraction

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
        options, fraction = self.check(request)
        with self.rounds.new() as begun:
            datalist = list_data(
                datastore,
                self.model.kind,
                self.settings,
                salt=read_salt(self.rounds.folder.parent),
                fraction=fraction,
                former=self.validated.read(),
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
            _run(self.model, begun, options)
            self.validated.add(entry["patient"] for entry in datalist.validation)
            self.rounds.serve(begun)
        summary = _summary(begun)
        logger.info("Trained %s, round %s: %s", self.model.name, begun.name, summary["validation"])
        return summary


def _run(model: ServedModel, begun: Round, options: Mapping[str, Any]) -> None:
    """Run the bundle's training as from the command line: what happens to it leaves the server alone."""
    given = {
        "config_file": str([str(file) for file in model.training]),
        "bundle_root": model.bundle,
        "dataset_dir": begun.data,
        "output_dir": begun.output,
        "model_dir": begun.models,
        **options,
    }
    command = [sys.executable, "-m", "monai_ssl.label.child", "run", "training"]
    command += [part for name, value in given.items() for part in (f"--{name}", str(value))]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd=begun.folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    reason = ""
    try:
        for line in process.stdout or ():
            if text := line.strip():
                task_logger.info("%s", text)
                reason = reason if reason.startswith(_ERROR) or _PROGRESS in text else text
    except BaseException:  # such as Ctrl+C
        process.kill()
        raise
    finally:
        code = process.wait()
    if code:
        raise InputError(f"{model.name} was not trained: {reason.removeprefix(_ERROR)}")


def _summary(trained: Round) -> dict[str, Any]:
    counts = read_facts(trained.data / DATALIST_NAME).get("provenance", {}).get("counts", {})
    summary = read_facts(trained.output / "summary.json")
    return {
        "round": trained.name,
        "labeled": counts.get("labeled"),
        "unlabeled": counts.get("unlabeled"),
        "validation_images": counts.get("validation"),
        "validation": summary.get("validation", {}),
        "best": summary.get("best"),
    }
