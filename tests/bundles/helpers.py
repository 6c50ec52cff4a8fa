"""Running bundles in tests: small, in their own folders, by workflow or by command line."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from monai.bundle import ConfigWorkflow

REPOSITORY = Path(__file__).resolve().parents[2]
BUNDLES = ("supervised", "mean_teacher", "noteacher", "srcl")
ROBUST = "robust_pseudo_label"
S4MTL = "s4mtl"
ALL = (*BUNDLES, ROBUST, S4MTL)
SEGMENTING = ("supervised", "mean_teacher", "noteacher")
MAIN = {"supervised": "network", "mean_teacher": "teacher", "noteacher": "average", "srcl": "teacher"}

# The fixture of the data that a bundle makes where it is given none.
DEMOS = dict.fromkeys(BUNDLES, "demo") | {"srcl": "dermoscopy", ROBUST: "brain_tumor", S4MTL: "chest"}


def content(bundle: str, name: str) -> dict:
    """A configuration as it is in its file."""
    return json.loads((REPOSITORY / "bundles" / bundle / "configs" / f"{name}.json").read_text())


def configs(bundle: str, *names: str) -> list[str]:
    """Paths of a bundle's configurations."""
    return [str(REPOSITORY / "bundles" / bundle / "configs" / f"{name}.json") for name in names]


def small(demo: Path, root: Path, **more) -> dict:
    """Overrides that make a run small and put what it writes below ``root``."""
    return {
        "bundle_root": str(root),
        "dataset_dir": str(demo),
        "max_epochs": 2,
        "val_interval": 1,
        "pretrain_epochs": 1,  # of the bundles that pre-train
        "image_size": 32,
        "batch_size": 8,
        "unlabeled_batch_size": 8,
        "device": "cpu",
        **more,
    }


def small_volumes(data: Path, root: Path, **more) -> dict:
    """Overrides that make a run on volumes small and put what it writes below ``root``."""
    return small(
        data,
        root,
        **{
            "teacher_epochs": 2,  # of the bundle that has a teacher first
            "batch_size": 2,
            "unlabeled_batch_size": 2,
            "patch_size": [16, 16, 16],
            **more,
        },
    )


def tiny_joint(chest: Path, root: Path, **more) -> dict:
    """Overrides that make a run on masks and diagnoses small and put what it writes below ``root``."""
    return small(chest, root, **{"features": [4, 4, 8, 8, 16, 4], "discriminator_channels": [4, 8, 8, 8], **more})


def workflow(bundle: str, names: tuple[str, ...], kind: str, run_id: str = "run", **overrides) -> ConfigWorkflow:
    """Make and initialise a workflow."""
    made = ConfigWorkflow(config_file=configs(bundle, *names), workflow_type=kind, run_id=run_id, **overrides)
    made.initialize()
    return made


def is_of_its_model(record: dict, root: Path) -> bool:
    """Whether the record of an evaluation has the checksum of the model of a run."""
    return record["model_sha256"] == hashlib.sha256((root / "models/model.pt").read_bytes()).hexdigest()


def run_bundle(bundle: str, names: tuple[str, ...], kind: str, run_id: str = "run", **overrides) -> ConfigWorkflow:
    """Run a workflow from beginning to end."""
    made = workflow(bundle, names, kind, run_id, **overrides)
    made.run()
    made.finalize()
    return made


def command(bundle: str, names: tuple[str, ...], run_id: str, overrides: dict, launcher: list[str] | None = None):
    """The command line of a run."""
    files = configs(bundle, *names)
    given = files[0] if len(files) == 1 else str(files)
    options = [part for name, value in overrides.items() for part in (f"--{name}", str(value))]
    start = launcher or [sys.executable, "-m"]
    return [*start, "monai.bundle", "run", run_id, "--config_file", given, *options]


def environment() -> dict[str, str]:
    """The environment of a run as a subprocess: one thread, no server."""
    kept = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    return kept | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}


def call(arguments: list[str], cwd: Path = REPOSITORY, check: bool = True) -> subprocess.CompletedProcess:
    """Run a command to its end."""
    done = subprocess.run(
        arguments, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=300, check=False
    )
    assert not check or done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done
