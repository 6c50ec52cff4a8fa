"""Training, evaluation and inference of every bundle, as their configurations say."""

import csv
import json

import mlflow
import numpy as np
import pytest
import torch
from PIL import Image

from monai_ssl.data import DataList
from tests.bundles.helpers import BUNDLES, MAIN, is_of_its_model, run_bundle, small, workflow


def test_training_leaves_model_checkpoint_history_and_figure(trained):
    name, root, _ = trained
    state = torch.load(root / "models" / "model.pt", weights_only=True)
    assert all(isinstance(value, torch.Tensor) for value in state.values())
    rows = list(csv.DictReader((root / "eval" / "history.csv").open()))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    summary = json.loads((root / "eval" / "summary.json").read_text())
    candidate, epoch = summary["best"]["candidate"], summary["best"]["epoch"]
    best = max(float(row[f"val_auroc_{candidate}"]) for row in rows)
    assert summary["best"]["value"] == best == float(rows[epoch - 1][f"val_auroc_{candidate}"])
    assert summary["validation"][candidate]["mean"] == best
    assert MAIN[name] in summary["validation"]
    assert Image.open(root / "eval" / "learning_curves.png").size > (500, 300)


def test_the_summary_is_printed(trained, capsys):
    _, _, ran = trained
    report = next(h for h in ran.parser.get_parsed_content("train#handlers") if type(h).__name__ == "TrainingReport")
    report(ran.parser.get_parsed_content("train#trainer"))
    printed = capsys.readouterr().out
    for word in ("epidural", "subdural", "mean", "model.pt", "mlflow ui --backend-store-uri sqlite:///"):
        assert word in printed


def test_everything_is_in_one_mlflow_run(trained):
    name, root, ran = trained
    client = mlflow.MlflowClient(f"sqlite:///{root}/eval/mlruns.db")
    runs = client.search_runs([client.get_experiment_by_name("monai_ssl").experiment_id])
    assert len(runs) == 1
    data = runs[0].data
    assert runs[0].info.status == "FINISHED"
    assert data.params["method"] == name
    assert data.params["seed"] == "0"
    assert int(data.params["data.labeled"]) == len(ran.parser.get_parsed_content("datalist").labeled)
    assert "data.parameters.seed" in data.params
    assert data.params["version.torch"] == torch.__version__
    losses = ran.parser.get_parsed_content("method").loss_names["losses"]
    for term in losses:
        assert {f"loss_{term}", f"weight_{term}"} <= set(data.metrics)
    assert "learning_rate" in data.metrics
    validation = json.loads((root / "eval" / "summary.json").read_text())["validation"][MAIN[name]]
    assert {
        f"val_auroc_{MAIN[name]}_{label}" for label, value in validation.items() if value and label != "mean"
    } <= set(data.metrics)
    artifacts = {entry.path for entry in client.list_artifacts(runs[0].info.run_id)}
    assert {"learning_curves.png", "config_train.json", "history.csv", "model.pt"} <= artifacts


def test_no_patient_or_image_name_is_recorded(trained, demo):
    _, root, _ = trained
    datalist = DataList.load(demo)
    secrets = {entry["image"].rsplit("/", 1)[-1] for entry in datalist.labeled + datalist.validation} | {"DEMO0"}
    client = mlflow.MlflowClient(f"sqlite:///{root}/eval/mlruns.db")
    run = client.search_runs([client.get_experiment_by_name("monai_ssl").experiment_id])[0]
    texts = [str(run.data.params), str(run.data.tags), *(p.read_text() for p in (root / "eval").glob("*.json"))]
    assert not [secret for secret in secrets if any(secret in text for text in texts)]


def test_properties_are_complete_on_several_gpus(trained, demo):
    """Those of the other configurations are looked at in `test_unpacked.py`."""
    name, root, _ = trained
    # No process group is there to join.
    alone = {"initialize": [], "learner": "@method", "validate#dataloader#sampler": None}
    made = workflow(name, ("train", "multi_gpu_train"), "train", **small(demo, root), **alone)
    assert made.check_properties() == []


def test_evaluation_chooses_thresholds_on_validation_and_reports_test(trained, demo):
    name, root, _ = trained
    run_bundle(name, ("train", "evaluate"), "train", "evaluating", **small(demo, root, replicates=20))
    folder = root / "eval" / "evaluation"
    assert {p.name for p in folder.iterdir()} == {
        "evaluation.csv",
        "evaluation.json",
        "cases.csv",
        "thresholds.json",
        "roc_curves.png",
        "calibration.png",
        "saliency.png",
        *(["confusion_matrix.png"] if DataList.load(demo).task == "multiclass" else []),
    }
    report = json.loads((folder / "evaluation.json").read_text())
    assert is_of_its_model(report, root)
    datalist = DataList.load(demo)
    assert report["test"]["images"] == len(datalist.test)
    assert report["validation"]["images"] == len(datalist.validation)
    assert set(report["classes"]) == set(datalist.labels)
    client = mlflow.MlflowClient(f"sqlite:///{root}/eval/mlruns.db")
    runs = client.search_runs([client.get_experiment_by_name("monai_ssl").experiment_id])
    assert len(runs) == 1
    assert runs[0].data.metrics["test_auroc_mean"] == pytest.approx(report["mean"]["auroc"]["value"])
    assert {f"evaluation/{name}.png" for name in ("roc_curves", "calibration", "saliency")} <= {
        entry.path for entry in client.list_artifacts(runs[0].info.run_id, "evaluation")
    }


def test_inference_agrees_with_the_evaluation(trained, demo, tmp_path):
    """A folder goes in, a CSV comes out, with the probabilities that the deployed network gives."""
    name, root, ran = trained
    run_bundle(
        name,
        ("inference",),
        "infer",
        "inference",
        bundle_root=str(root),
        dataset_dir=str(demo / "images"),
        device="cpu",
    )
    rows = list(csv.DictReader((root / "eval" / "predictions.csv").open()))
    datalist = DataList.load(demo)
    images = {
        entry["image"].rsplit("/", 1)[-1]
        for part in ("labeled", "unlabeled", "validation", "test")
        for entry in getattr(datalist, part)
    }
    assert {row["image"] for row in rows} == images
    network = ran.parser.get_parsed_content("network_def")
    network.load_state_dict(torch.load(root / "models" / "model.pt", weights_only=True))
    preprocessing = ran.parser.get_parsed_content("validate#preprocessing")
    for row in rows[:5]:
        item = preprocessing({"image": str(demo / "images" / row["image"])})
        with torch.no_grad():
            expected = network.eval()(item["image"][None])[0].sigmoid()
        given = [float(row[f"probability_{label}"]) for label in datalist.labels]
        np.testing.assert_allclose(given, expected.numpy(), atol=2e-6)


@pytest.mark.parametrize("name", [name for name in BUNDLES if name != "srcl"])  # which has another source
def test_the_papers_settings_run(name, demo, tmp_path):
    """The overlay as it is, but for its size, its length and weights that would have to be downloaded."""
    overrides = small(demo, tmp_path, image_size=32, batch_size=2, unlabeled_batch_size=2, max_epochs=1)
    overrides |= {"pretrained": False, "densenet": "DenseNet121", "train#trainer#epoch_length": 2}
    ran = run_bundle(name, ("train", "paper"), "train", "training", **overrides)
    optimizer = ran.parser.get_parsed_content("optimizer")
    settings = {key: optimizer.param_groups[0][key] for key in ("lr", "betas", "eps", "weight_decay")}
    assert settings == {"lr": 1e-4, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 1e-5}
    image = ran.parser.get_parsed_content("train#dataset")[0]["image"]
    assert image.shape == (3, 32, 32)
    shared = {key: overrides[key] for key in ("bundle_root", "device", "image_size", "pretrained", "densenet")}
    run_bundle(name, ("inference", "paper"), "infer", "inference", dataset_dir=str(demo / "images"), **shared)
    assert (tmp_path / "eval" / "predictions.csv").is_file()


@pytest.mark.parametrize("output", ["F1", "F2"])
def test_one_of_noteachers_networks_can_be_deployed(output, demo, tmp_path):
    run_bundle("noteacher", ("train",), "train", "training", **small(demo, tmp_path, output=output, max_epochs=1))
    assert json.loads((tmp_path / "eval" / "summary.json").read_text())["best"]["candidate"] == output
    run_bundle(
        "noteacher",
        ("inference",),
        "infer",
        "inference",
        bundle_root=str(tmp_path),
        dataset_dir=str(demo / "images"),
        device="cpu",
    )
    assert (tmp_path / "eval" / "predictions.csv").is_file()


def test_evaluation_and_inference_take_over_how_the_model_was_trained(demo, tmp_path):
    """From ``model_dir``, wherever that is: image size, windows and output are not given again."""
    where = {"bundle_root": str(tmp_path), "model_dir": str(tmp_path / "m"), "output_dir": str(tmp_path / "o")}
    trained = small(demo, tmp_path, max_epochs=1, windows=["brain", "bone"], output="F2") | where
    run_bundle("noteacher", ("train",), "train", "training", **trained)
    shared = {**where, "device": "cpu"}
    evaluated = run_bundle(
        "noteacher", ("train", "evaluate"), "train", "evaluating", **shared, dataset_dir=str(demo), replicates=5
    )
    inferred = run_bundle("noteacher", ("inference",), "infer", "inference", **shared, dataset_dir=str(demo / "images"))
    for ran in (evaluated, inferred):
        settings = [ran.parser.get_parsed_content(name) for name in ("image_size", "windows", "output")]
        assert settings == [32, ["brain", "bone"], "F2"]
    assert (tmp_path / "o" / "predictions.csv").is_file()
