"""The bundles as users start them."""

import sys

import mlflow
import pytest
import torch

from tests.bundles.helpers import call, command, small

TINY = {"max_epochs": 1, "image_size": 32, "device": "cpu"}


def runs(uri):
    client = mlflow.MlflowClient(uri)
    return client.search_runs([client.get_experiment_by_name("monai_ssl").experiment_id])


def test_from_the_repository_and_with_monais_tracking_there_is_one_run(demo, tmp_path):
    arguments = command(
        "supervised", ("train",), "training", small(demo, tmp_path, max_epochs=1) | {"tracking": "mlflow"}
    )
    output = call(arguments).stdout
    assert "Validation AUROC" in output
    found = runs(f"sqlite:///{tmp_path}/eval/mlruns.db")
    assert len(found) == 1
    assert found[0].info.status == "FINISHED"
    assert {"train_loss", "loss_supervised", "val_auroc_network"} <= set(found[0].data.metrics)


@pytest.mark.parametrize(
    ("bundle", "terms"),
    [("noteacher", ["supervised_1", "consistency_unlabeled"]), ("srcl", ["supervised", "consistency", "relation"])],
)
def test_two_processes_agree_with_each_other_and_with_one_on_the_joint_batch(bundle, terms, demo, tmp_path):
    """Without BatchNorm and augmentation, which see a process's own images, the two runs are the same."""
    same = {
        "backbone": {
            "_target_": "DenseNet",
            "spatial_dims": 2,
            "in_channels": 1,
            "out_channels": 5,
            "init_features": 8,
            "growth_rate": 4,
            "block_config": [1, 1],
            "norm": ["instance", {"affine": True}],
        },
        "augmentation": "$None",
        "contrastive_augmentation": "$None",
        "feature_layer": "features",
        "optimizer#_target_": "torch.optim.SGD",
        "learning_rate": 0.05,
    }
    if bundle == "srcl":
        same["pretrain#optimizer#_target_"] = "torch.optim.SGD"
    half = {"batch_size": 4, "unlabeled_batch_size": 6}
    whole = {"batch_size": 8, "unlabeled_batch_size": 12}
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m"]
    two, one = tmp_path / "two", tmp_path / "one"
    call(command(bundle, ("train", "multi_gpu_train"), "training", {**small(demo, two), **same, **half}, launcher))
    call(command(bundle, ("train",), "training", {**small(demo, one), **same, **whole}))
    first, second = (torch.load(path / "models" / "checkpoint.pt", weights_only=True) for path in (two, one))
    for name, value in first["method"].items():
        torch.testing.assert_close(value, second["method"][name], rtol=1e-4, atol=1e-5, msg=name)
    for row, other in zip(first["history"]["rows"], second["history"]["rows"], strict=True):
        for name in ("loss", *(f"loss_{term}" for term in terms), "images"):
            assert row[name] == pytest.approx(other[name], rel=1e-4)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"dataset_dir": "/nowhere/at/all"}, "/nowhere/at/all"),
        ({"output_dir": "/proc/output"}, "/proc/output"),
    ],
)
def test_a_fault_of_the_input_is_one_line(overrides, message, demo, tmp_path):
    arguments = command("noteacher", ("train",), "training", {**small(demo, tmp_path), **overrides})
    done = call(arguments, check=False)
    assert done.returncode == 1
    assert message in done.stderr.splitlines()[-1]
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in done.stderr
