"""One run of the experiment on wrong labels: train with a loss, evaluate the last and the best model."""

import json
import shutil
from pathlib import Path
from typing import Any

from benchmarks.compare_methods import run_bundle
from monai_ssl.data import DataList
from monai_ssl.files import write_json
from monai_ssl.handlers.checkpoint import load_checkpoint, save_tensors

__all__ = ["METRICS", "MODELS", "Result", "train_and_evaluate"]

METRICS = ("accuracy", "auroc")
MODELS = ("last", "best")
Result = dict[str, dict[str, float]]
"""The test metrics, by model and metric."""

_STUDENT = "student."
# Neither the intervals nor the saliency maps are looked at.
_EVALUATE = ["--replicates", "10", "--saliency_per_class", "0"]


def train_and_evaluate(dataset_dir: Path, loss: dict[str, Any], seed: int, root: Path, overrides: list[str]) -> Result:
    """Train the bundle ``supervised`` with a loss and evaluate two of its models on the test images.

    ``"last"`` is the trained network after the last epoch; ``"best"`` the model that the bundle saves, which validates
    best among all epochs and may be the network or its EMA copy. What is done already in ``root`` is not done again; an
    unfinished training goes on from its last epoch.

    Args:
        dataset_dir: the data list.
        loss: the configuration of the supervised loss.
        seed: of the run.
        root: the folder of the run.
        overrides: of the bundle.

    Raises:
        SystemExit: when a command fails, or what is in ``root`` was done with other settings.
    """
    settings = {"loss": loss, "seed": seed, "overrides": overrides, "data list": DataList.load(dataset_dir).digest}
    _check_settings(root / "settings.json", settings)
    done = root / "result.json"
    if not done.is_file():
        shared = ["--bundle_root", str(root), "--dataset_dir", str(dataset_dir), "--seed", str(seed)]
        shared += ["--method#supervised_loss", str(loss), *overrides]
        if not (root / "eval" / "summary.json").is_file():
            run_bundle("supervised", (), "training", root / "training.log", [*shared, "--resume", "true"])
        folders = {"last": _write_last(root), "best": root / "models"}
        result = {}
        for model in MODELS:
            folder = root / "evaluation" / model
            options = ["--model_dir", str(folders[model]), "--evaluation_dir", str(folder)]
            log = root / f"evaluating_{model}.log"
            run_bundle("supervised", ("evaluate",), "evaluating", log, [*shared, *options, *_EVALUATE])
            means = json.loads((folder / "evaluation.json").read_text())["mean"]
            result[model] = {metric: means[metric]["value"] for metric in METRICS}
        write_json(done, result)
    return json.loads(done.read_text())


def _check_settings(path: Path, settings: dict[str, Any]) -> None:
    if path.is_file():
        known = json.loads(path.read_text())
        different = [name for name in settings if known.get(name) != settings[name]]
        if different:
            raise SystemExit(f"{path.parent}: this was run with another {', '.join(different)}. Give another --output.")
    else:
        write_json(path, settings)


def _write_last(root: Path) -> Path:
    """Write the network of the last epoch as a model; return its folder."""
    method = load_checkpoint(root / "models" / "checkpoint.pt")["method"]
    folder = root / "models_last"
    network = {name.removeprefix(_STUDENT): value for name, value in method.items() if name.startswith(_STUDENT)}
    save_tensors(network, folder / "model.pt")
    shutil.copyfile(root / "models" / "model.json", folder / "model.json")
    return folder
