"""A bundle's folder by itself: unpacked under another name and used there, as the model zoo runs it."""

import shutil
import sys
from pathlib import Path

import pytest
from monai.bundle import ConfigWorkflow

import monai_ssl.bundle
from monai_ssl.bundle import evaluation
from tests.bundles.helpers import (
    ALL,
    DEMOS,
    REPOSITORY,
    ROBUST,
    S4MTL,
    call,
    content,
    small,
    small_volumes,
    tiny_joint,
)

SMALL = {ROBUST: small_volumes, S4MTL: tiny_joint}
# Before there are pseudo-labels, there is no student's training whose properties could be looked at.
EARLIER = ("training_teacher", "pseudo_labeling")
STAGES = {ROBUST: (*EARLIER, "training_student")}


@pytest.fixture(autouse=True)
def _without_mlflow(monkeypatch):
    """Its new database takes longer than all else here; other tests look into it."""
    for module in (monai_ssl.bundle, evaluation):
        monkeypatch.setattr(module, "tracking_enabled", lambda: False)


def run(folder, names, kind, run_id, **overrides):
    """Run a bundle's configurations in the order in which the zoo's unit tests do."""
    files = [str(folder / "configs" / f"{name}.json") for name in names]
    made = ConfigWorkflow(
        config_file=files[0] if len(files) == 1 else files,
        meta_file=str(folder / "configs" / "metadata.json"),
        logging_file=str(folder / "configs" / "logging.conf"),
        workflow_type=kind,
        run_id=run_id,
        **overrides,
    )
    made.initialize()
    if run_id not in EARLIER:
        assert made.check_properties() == []
    made.run()
    made.finalize()


def pack(folder, target):
    """Zip a folder, unpack it as ``target``, and leave nothing else."""
    archive = shutil.make_archive(str(folder), "zip", folder.parent, folder.name)
    shutil.unpack_archive(archive, target.parent / "unpacking")
    (target.parent / "unpacking" / folder.name).rename(target)
    (target.parent / "unpacking").rmdir()
    Path(archive).unlink()
    shutil.rmtree(folder)
    return target


def results(folder):
    """What inference has written."""
    files = [folder / "eval" / name for name in ("predictions.csv", "masks/volumes.csv")]
    return {path.name: path.read_bytes() for path in files if path.is_file()}


@pytest.mark.parametrize("bundle", ALL)
def test_it_is_all_that_one_needs(bundle, request, tmp_path, monkeypatch):
    """Trained, evaluated and used from inside; packed with its model, and used from elsewhere with `bundle_root`."""
    monkeypatch.setattr(sys, "path", sys.path[:])  # a workflow adds its bundle's folder
    data = request.getfixturevalue(DEMOS[bundle])
    copy = shutil.copytree(REPOSITORY / "bundles" / bundle, tmp_path / bundle)
    folder = pack(copy, tmp_path / f"{bundle}_v{content(bundle, 'metadata')['version']}")
    monkeypatch.chdir(folder)
    overrides = SMALL.get(bundle, small)(data, folder, max_epochs=1, teacher_epochs=1)
    del overrides["bundle_root"]
    for run_id in STAGES.get(bundle, ("training",)):
        run(Path(), ("train",), "train", run_id, **overrides)
    shared = {"device": "cpu", "dataset_dir": str(data)}
    images = {**shared, "dataset_dir": str(data / "images")}
    run(Path(), ("inference",), "infer", "inference", **images)
    first = results(folder)
    assert first
    run(Path(), ("train", "evaluate"), "train", "evaluating", **shared, replicates=5)
    assert (folder / "eval/evaluation/evaluation.json").is_file()

    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    shutil.rmtree(folder / "eval")
    folder = pack(folder, tmp_path / "models" / bundle)
    run(folder, ("inference",), "infer", "run", bundle_root=f"models/{bundle}", **images)
    assert results(folder) == first
    assert [path.name for path in tmp_path.iterdir()] == ["models"]  # nothing is written beside the folder


def test_by_command_from_inside_a_folder_of_another_name(demo, tmp_path):
    """The demo, too, is looked for inside it."""
    folder = tmp_path / "noteacher (1)"
    shutil.copytree(REPOSITORY / "bundles" / "noteacher", folder)
    (folder / "data").mkdir()
    (folder / "data" / "demo").symlink_to(demo)
    sizes = ["--max_epochs", "1", "--image_size", "32", "--batch_size", "8", "--unlabeled_batch_size", "8"]
    start = [sys.executable, "-m", "monai.bundle", "run", "training", "--config_file", "configs/train.json"]
    call([*start, *sizes, "--device", "cpu", "--train#handlers#6#_disabled_", "True"], cwd=folder)  # no database
    assert (folder / "models" / "model.pt").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == [folder.name]
