"""S4MTL and its baselines: trained, evaluated, compared and used on the radiographs of the demo."""

import csv
import json
import sys

import mlflow
import numpy as np
import pytest
import torch
from PIL import Image

from data_prep.datasets.chest_layout import DIAGNOSES
from monai_ssl.compare.__main__ import main as compare
from monai_ssl.data import DataList
from monai_ssl.errors import find_input_error
from monai_ssl.readers.mask import read_mask
from tests.bundles.helpers import S4MTL, call, command, is_of_its_model, run_bundle, tiny_joint, workflow
from tests.bundles.test_resume import kill_in_the_second_epoch

SYSTEMS = {"s4mtl": (), "s2mtl": ("s2mtl",), "umtl": ("umtl",), "unet": ("unet",), "convnet": ("convnet",)}
WITH_MASKS = ("s4mtl", "s2mtl", "umtl", "unet")
WITH_DIAGNOSIS = ("s4mtl", "s2mtl", "umtl", "convnet")
METRICS = ("dice", "jaccard", "ssim", "average_hausdorff", "precision", "recall")


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=pytest.mark.xdist_group(f"s4mtl_{name}")) for name in SYSTEMS]
)
def system(request, chest, tmp_path_factory):
    """``(name, root, workflow)`` of a system after a small training run and its evaluation."""
    name, root = request.param, tmp_path_factory.mktemp(request.param)
    ran = run_bundle(S4MTL, ("train", *SYSTEMS[name]), "train", "training", **tiny_joint(chest, root))
    shared = {"bundle_root": str(root), "dataset_dir": str(chest), "device": "cpu", "replicates": 20}
    run_bundle(S4MTL, ("train", *SYSTEMS[name], "evaluate"), "train", "evaluating", **shared)
    return name, root, ran


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_what_training_leaves(system):
    name, root, ran = system
    rows = table(root / "eval/history.csv")
    terms = [term for names in ran.parser.get_parsed_content("method").loss_names.values() for term in names]
    assert len(rows) == 2
    assert all(np.isfinite(float(row[f"loss_{term}"])) for row in rows for term in terms)
    summary = json.loads((root / "eval/summary.json").read_text())
    score = float(
        rows[summary["best"]["epoch"] - 1][{"unet": "val_dice", "convnet": "val_auroc"}.get(name, "val_score")]
    )
    assert summary["best"]["value"] == pytest.approx(score)
    if name in ("s4mtl", "s2mtl"):
        for row in rows:
            assert 0 < float(row["fake_real"]) < 1
            assert {"learning_rate_generator", "learning_rate_discriminator"} <= set(row)
    if name in WITH_MASKS and name in WITH_DIAGNOSIS:
        assert score == pytest.approx(np.mean([summary["validation"][part]["mean"] for part in ("Dice", "AUROC")]))
    info = json.loads((root / "models/model.json").read_text())
    assert info["labels"] == list(DIAGNOSES)
    assert info["features"] == [4, 4, 8, 8, 16, 4]
    assert Image.open(root / "eval/learning_curves.png").size > (500, 300)


def test_what_is_tracked(system):
    name, root, _ = system
    client = mlflow.MlflowClient(f"sqlite:///{root}/eval/mlruns.db")
    (run,) = client.search_runs([client.get_experiment_by_name("monai_ssl").experiment_id])
    assert run.data.params["method"] == name
    expected = {"loss", "val_dice" if name == "unet" else "val_auroc"}
    if name in ("s4mtl", "s2mtl"):
        expected |= {"fake_real", "fake_predicted_labeled", "loss_real", "weight_adversarial_labeled"}
    if name in WITH_MASKS:
        expected |= {f"test_{metric}_lung" for metric in METRICS}
    if name in WITH_DIAGNOSIS:
        expected |= {"test_accuracy_mean", *(f"test_f1_most_probable_{label}" for label in DIAGNOSES)}
    assert expected <= set(run.data.metrics)
    artifacts = {entry.path for entry in client.list_artifacts(run.info.run_id, "evaluation")}
    assert "evaluation/evaluation.json" in artifacts
    assert ("evaluation/bland_altman.png" in artifacts) == (name in WITH_MASKS)
    assert ("evaluation/dice_by_class.png" in artifacts) == (name in WITH_MASKS)


def test_evaluation(system, chest):
    name, root, _ = system
    folder, datalist = root / "eval/evaluation", DataList.load(chest)
    report = json.loads((folder / "evaluation.json").read_text())
    assert all(is_of_its_model(json.loads(path.read_text()), root) for path in folder.rglob("evaluation.json"))
    masked = [entry for entry in datalist.test if "mask" in entry]
    assert len(masked) < len(datalist.test)
    if name in WITH_MASKS:
        rows = table(folder / "masks/cases.csv")
        assert [row["image"] for row in rows] == [entry["image"].removeprefix(f"{chest}/") for entry in masked]
        dice = np.mean([float(row["dice"]) for row in rows])
        assert report["mean"]["dice"]["value"] == pytest.approx(dice, abs=1e-3)
        for row in rows:
            jaccard, found = float(row["jaccard"]), float(row["dice"])
            assert jaccard == pytest.approx(found / (2 - found), abs=1e-3)
        assert (folder / "masks/overlays.png").is_file()
    else:
        assert not (folder / "masks").exists()
    if name in WITH_DIAGNOSIS:
        rows = table(folder / "diagnosis/cases.csv")
        assert len(rows) == len(datalist.test)
        right = np.mean([row["class"] == row["predicted"] for row in rows])
        assert report["mean"]["accuracy"]["value"] == pytest.approx(right)
        assert {row["class"] for row in rows} == set(DIAGNOSES)
    else:
        assert not (folder / "diagnosis").exists()


def test_inference_gives_masks_of_the_images_and_the_diagnoses_of_the_evaluation(system, chest):
    name, root, _ = system
    images = chest / "images"
    shared = {"bundle_root": str(root), "dataset_dir": str(images), "device": "cpu"}
    run_bundle(S4MTL, ("inference",), "infer", "inference", **shared)
    files = sorted(path.name for path in images.iterdir())
    if name in WITH_MASKS:
        rows = {row["image"]: row for row in table(root / "eval/masks/volumes.csv")}
        assert sorted(rows) == files
        for image, row in rows.items():
            mask = read_mask(root / "eval/masks" / row["mask"])
            assert mask.shape == Image.open(images / image).size[::-1]
            assert set(np.unique(mask)) <= {0, 255}
            assert float(row["lung"]) == np.count_nonzero(mask)
        assert (root / "eval/masks/overlays.png").is_file()
        judged = {row["image"].rpartition("/")[2]: row for row in table(root / "eval/evaluation/masks/cases.csv")}
        for image, row in judged.items():
            assert float(row["predicted_pixels"]) == float(rows[image]["lung"])
    else:
        assert not (root / "eval/masks").exists()
    if name in WITH_DIAGNOSIS:
        rows = {row["image"]: row for row in table(root / "eval/predictions.csv")}
        assert sorted(rows) == files
        for row in table(root / "eval/evaluation/diagnosis/cases.csv"):
            found = rows[row["image"].rpartition("/")[2]]
            assert found["prediction"] == row["predicted"]
            for label in DIAGNOSES:
                assert float(found[f"probability_{label}"]) == pytest.approx(
                    float(row[f"probability_{label}"]), abs=1e-3
                )
    else:
        assert not (root / "eval/predictions.csv").exists()


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("train",), "train"),
        (("train", "multi_gpu_train"), "train"),
        (("train", "evaluate"), "train"),
        (("inference",), "infer"),
    ],
)
def test_properties_are_complete(system, chest, names, kind):
    name, root, _ = system
    overrides = tiny_joint(chest, root) if kind == "train" else {"bundle_root": str(root), "dataset_dir": str(chest)}
    if "multi_gpu_train" in names:
        overrides |= {"initialize": [], "learner": "@method", "validate#dataloader#sampler": None}
    layered = (names[0], *SYSTEMS[name], *names[1:]) if kind == "train" else names
    assert workflow(S4MTL, layered, kind, **overrides).check_properties() == []


def test_two_runs_are_compared_by_their_tables(chest, tmp_path, capsys):
    tables = []
    for seed in (0, 1):
        root = tmp_path / str(seed)
        run_bundle(S4MTL, ("train", "unet"), "train", "training", **tiny_joint(chest, root, seed=seed, max_epochs=1))
        run_bundle(
            S4MTL, ("train", "unet", "evaluate"), "train", "evaluating", **tiny_joint(chest, root, replicates=20)
        )
        tables.append(str(root / "eval/evaluation/masks/cases.csv"))
    assert compare([*tables, "--metrics", "dice", "ssim", "--output", str(tmp_path / "table.csv")]) == 0
    assert "dice, lung" in capsys.readouterr().out
    first, second = (
        np.array([float(row["dice"]) for row in table(tmp_path / f"{s}/eval/evaluation/masks/cases.csv")])
        for s in (0, 1)
    )
    rows = {(row["metric"], row["run"].split("/")[0]): row for row in table(tmp_path / "table.csv")}
    assert float(rows["dice", "1"]["difference"]) == pytest.approx((first - second).mean(), abs=1e-3)


def test_a_killed_run_resumes_and_ends_the_same(chest, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    settings = {"max_epochs": 3, "train#handlers#8#_disabled_": True}
    call(command(S4MTL, ("train",), "training", tiny_joint(chest, whole, **settings)))
    arguments = command(S4MTL, ("train",), "training", tiny_joint(chest, cut, **settings))
    kill_in_the_second_epoch(arguments, cut)
    assert "Resumed" in call([*arguments, "--resume", "true"]).stdout
    expected, resumed = (torch.load(root / "models/checkpoint.pt", weights_only=True) for root in (whole, cut))
    assert expected.keys() == resumed.keys()
    for name, value in expected["method"].items():
        assert torch.equal(value, resumed["method"][name]), name
    for part in ("history", "best_model", "lr_scheduler", "discriminator_lr_scheduler", "engine", "watch"):
        assert expected[part] == resumed[part], part


def test_two_processes(chest, tmp_path):
    """Both phases under ``DistributedDataParallel``; the copies of the networks stay equal."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m"]
    overrides = tiny_joint(chest, tmp_path, max_epochs=1)
    output = call(command(S4MTL, ("train", "multi_gpu_train"), "training", overrides, launcher))
    assert "Validation results at epoch 1" in output.stdout
    (row,) = table(tmp_path / "eval/history.csv")
    alone = len(DataList.load(chest).unlabeled)
    assert int(row["images"]) >= 2 * alone
    assert all(np.isfinite(float(row[name])) for name in row if name.startswith(("loss_", "fake_")))
    # Each process draws surrogate transforms and dropout of its own.
    first, second = torch.load(tmp_path / "models/checkpoint.pt", weights_only=True)["random"]
    assert not torch.equal(first["torch"], second["torch"])


def test_the_classifier_alone_needs_no_masks(dermoscopy, tmp_path):
    run_bundle(S4MTL, ("train", "convnet"), "train", "training", **tiny_joint(dermoscopy, tmp_path, max_epochs=1))
    assert len(json.loads((tmp_path / "models/model.json").read_text())["labels"]) == 7


def test_the_others_do(dermoscopy, tmp_path):
    with pytest.raises(RuntimeError) as caught:
        run_bundle(S4MTL, ("train",), "train", "training", **tiny_joint(dermoscopy, tmp_path))
    assert "The data list's task is multiclass" in str(find_input_error(caught.value))


def test_a_model_of_other_surrogate_transforms_is_evaluated(chest, tmp_path):
    """What evaluates it needs to know how many there were, not which."""
    few = ["identity", "flip_horizontal"]
    run_bundle(S4MTL, ("train",), "train", "training", **tiny_joint(chest, tmp_path, max_epochs=1, surrogates=few))
    shared = {"bundle_root": str(tmp_path), "dataset_dir": str(chest), "device": "cpu", "replicates": 20}
    run_bundle(S4MTL, ("train", "evaluate"), "train", "evaluating", **shared)
    run_bundle(S4MTL, ("inference",), "infer", "inference", **{**shared, "dataset_dir": str(chest / "images")})
    assert (tmp_path / "eval/predictions.csv").is_file()


def test_the_classifier_alone_takes_the_discriminators_options(chest, tmp_path):
    for options, rate in (({}, 5e-4), ({"learning_rate": 0.1}, 0.1), ({"discriminator_learning_rate": 0.2}, 0.2)):
        made = workflow(S4MTL, ("train", "convnet"), "train", **tiny_joint(chest, tmp_path, **options))
        group = made.parser.get_parsed_content("optimizer").param_groups[0]
        assert (group["lr"], group["betas"][0]) == (rate, 0.6)
        assert made.parser.get_parsed_content("parameters")["learning_rate"] == rate


def test_masks_of_another_size(chest, tmp_path):
    """Refused, or resampled where that is asked for: while training, and while evaluating."""
    datalist = DataList.load(chest)
    for split in (datalist.labeled, datalist.validation, datalist.test):
        entry = next(entry for entry in split if "mask" in entry)
        copy = tmp_path / f"{id(split)}.png"
        mask = Image.open(entry["mask"])
        mask.resize([3 * side for side in mask.size], Image.Resampling.NEAREST).save(copy)
        entry["mask"] = str(copy)
    folder = tmp_path / "list"
    folder.mkdir()
    datalist.save(folder)
    overrides = tiny_joint(folder, tmp_path / "run", max_epochs=1)
    with pytest.raises(RuntimeError) as caught:
        run_bundle(S4MTL, ("train", "unet"), "train", "training", **overrides)
    assert "--mask_of_other_size resample" in str(caught.getrepr(style="long"))
    overrides["mask_of_other_size"] = "resample"
    run_bundle(S4MTL, ("train", "unet"), "train", "training", **overrides)
    run_bundle(S4MTL, ("train", "unet", "evaluate"), "train", "evaluating", replicates=20, **overrides)
    small_root = tmp_path / "same"
    run_bundle(S4MTL, ("train", "unet"), "train", "training", **tiny_joint(chest, small_root, max_epochs=1))
    run_bundle(
        S4MTL, ("train", "unet", "evaluate"), "train", "evaluating", **tiny_joint(chest, small_root, replicates=20)
    )
    dice = [
        [row["dice"] for row in table(root / "eval/evaluation/masks/cases.csv")]
        for root in (tmp_path / "run", small_root)
    ]
    assert dice[0] == dice[1]  # tripled and thinned out again, a mask is what it was


def test_images_that_are_too_small(chest, tmp_path):
    with pytest.raises(RuntimeError) as caught:
        workflow(S4MTL, ("train",), "train", **tiny_joint(chest, tmp_path, image_size=16)).run()
    assert "single position at its coarsest level" in str(caught.getrepr(style="long"))


def test_too_few_logits_for_the_surrogate_transforms(chest, tmp_path):
    with pytest.raises(RuntimeError) as caught:
        workflow(S4MTL, ("train",), "train", **tiny_joint(chest, tmp_path, num_surrogates=4)).run()
    assert "can tell 4 surrogate transforms apart, but there are 6" in str(caught.getrepr(style="long"))


def test_the_texts_settings(chest, tmp_path):
    made = workflow(S4MTL, ("train", "paper"), "train", **{"bundle_root": str(tmp_path), "dataset_dir": str(chest)})
    content = made.parser.get_parsed_content
    for name, rate, beta, gamma in (("", 2e-3, 0.9, 0.9), ("discriminator_", 1e-4, 0.6, 0.5)):
        optimizer, scheduler = content(f"{name}optimizer"), content(f"{name}lr_scheduler")
        assert optimizer.param_groups[0]["lr"] == rate
        assert optimizer.param_groups[0]["betas"][0] == beta
        assert (scheduler.step_size, scheduler.gamma) == (2, gamma)
    assert content("batch_size") == content("unlabeled_batch_size") == 16
    assert content("input_size") == [128, 128]
    assert content("train#handlers#1").ramp.scale == 1.0
