"""Teacher, pseudo-labels and student: together, one by one, killed, corrected by hand, and on whole images."""

import csv
import json
import sys

import mlflow
import nibabel as nib
import numpy as np
import pytest
import torch
from PIL import Image

from monai_ssl.data import DataList
from monai_ssl.errors import find_input_error
from monai_ssl.losses import RobustLoss
from tests.bundles.helpers import ROBUST, call, command, is_of_its_model, run_bundle, small, small_volumes, workflow
from tests.bundles.test_resume import kill_in_the_second_epoch

TOGETHER = pytest.mark.xdist_group("robust_stages")  # for a fixture that is made once
QUIET = {"teacher#handlers#5#_disabled_": True, "train#handlers#5#_disabled_": True}
STAGES = ("teacher", "pseudo_label", "student")


def tensors(path):
    return torch.load(path, weights_only=True)


def assert_same(first, second):
    assert first.keys() == second.keys()
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def error_of(caught) -> str:
    return str(find_input_error(caught.value))


@pytest.fixture(scope="module")
def whole(brain_tumor, tmp_path_factory):
    """All three stages in one command, tracked."""
    root = tmp_path_factory.mktemp("whole")
    run_bundle(ROBUST, ("train",), "train", "training", **small_volumes(brain_tumor, root))
    return root


@TOGETHER
def test_what_the_stages_leave(whole, brain_tumor):
    assert {path.name for path in (whole / "models").iterdir()} == {
        *("teacher.pt", "teacher.json", "teacher_checkpoint.pt", "model.pt", "model.json", "checkpoint.pt")
    }
    for folder, network in (("eval/teacher", "teacher"), ("eval", "student")):
        rows = list(csv.DictReader((whole / folder / "history.csv").open()))
        assert [row["epoch"] for row in rows] == ["1", "2"]
        assert f"val_dice_{network}" in rows[0]
        assert Image.open(whole / folder / "learning_curves.png").size > (500, 300)
    assert Image.open(whole / "eval/pseudo_labels.png").size > (500, 300)
    unlabeled = DataList.load(brain_tumor).unlabeled
    masks = {entry["patient"]: whole / f"eval/pseudo_labels/{entry['patient']}.nii.gz" for entry in unlabeled}
    for entry in unlabeled:
        source, mask = nib.load(entry["image"][0]), nib.load(masks[entry["patient"]])
        assert mask.shape == source.shape
        np.testing.assert_allclose(mask.affine, source.affine, atol=1e-5)
        assert set(np.unique(np.asarray(mask.dataobj))) <= {0, 1, 2, 4}


@TOGETHER
def test_one_mlflow_run_has_both_stages(whole):
    client = mlflow.MlflowClient(f"sqlite:///{whole}/eval/mlruns.db")
    (run,) = client.search_runs([client.get_experiment_by_name("monai_ssl").experiment_id])
    assert run.info.status == "FINISHED"
    assert {"teacher_loss_supervised", "teacher_val_dice_teacher", "loss_pseudo", "val_dice_student"} <= set(
        run.data.metrics
    )
    assert run.data.params["robust_loss"] == "gce"
    artifacts = {entry.path for entry in client.list_artifacts(run.info.run_id)}
    assert {"learning_curves.png", "pseudo_labels.png", "model.pt"} <= artifacts


@TOGETHER
def test_student_and_teacher_begin_apart(whole):
    first = tensors(whole / "models/teacher_checkpoint.pt")["method"]
    second = tensors(whole / "models/checkpoint.pt")["method"]
    names = [name for name in first if name.endswith("weight")]
    assert not any(torch.equal(first[name], second[name]) for name in names)


@TOGETHER
@pytest.mark.parametrize("by", ["overlay", "run id"])
def test_the_stages_one_by_one_end_as_all_in_one_command(whole, brain_tumor, tmp_path, by):
    ids = dict(zip(STAGES, ("training_teacher", "pseudo_labeling", "training_student"), strict=True))
    for stage in STAGES:
        names, run_id = (("train", stage), "training") if by == "overlay" else (("train",), ids[stage])
        run_bundle(ROBUST, names, "train", run_id, **small_volumes(brain_tumor, tmp_path, **QUIET))
        assert (tmp_path / "models/checkpoint.pt").is_file() is (stage == "student")
    for name in ("teacher", "model"):
        assert_same(tensors(tmp_path / f"models/{name}.pt"), tensors(whole / f"models/{name}.pt"))


@TOGETHER
@pytest.mark.parametrize("checkpoint", ["teacher_checkpoint", "checkpoint"])
def test_a_run_killed_in_either_training_resumes_and_ends_the_same(whole, brain_tumor, tmp_path, checkpoint):
    arguments = command(ROBUST, ("train",), "training", small_volumes(brain_tumor, tmp_path, **QUIET))
    kill_in_the_second_epoch(arguments, tmp_path, checkpoint)
    assert "Resumed" in call([*arguments, "--resume", "true"]).stdout
    assert_same(tensors(tmp_path / "models/model.pt"), tensors(whole / "models/model.pt"))


@TOGETHER
def test_masks_corrected_by_hand_are_true_labels(whole, brain_tumor, tmp_path):
    """They move to the labeled images, and another teacher does not throw them away."""
    for stage in STAGES[:2]:
        run_bundle(ROBUST, ("train", stage), "train", "training", **small_volumes(brain_tumor, tmp_path, **QUIET))
    mask = sorted((tmp_path / "eval/pseudo_labels").glob("*.nii.gz"))[0]
    image = nib.load(mask)
    values = np.zeros(image.shape, np.uint8)
    values[8:14, 8:14, 8:14] = 4
    nib.save(nib.Nifti1Image(values, image.affine), mask)
    settings = small_volumes(brain_tumor, tmp_path, **QUIET)
    ran = run_bundle(ROBUST, ("train", "student"), "train", "training", **settings)
    loader = ran.parser.get_parsed_content("train#dataloader")
    labeled, unlabeled = (loader.dataset.streams[name].pool for name in ("labeled", "unlabeled"))
    datalist = DataList.load(brain_tumor)
    assert len(labeled) == len(datalist.labeled) + 1
    assert len(unlabeled) == len(datalist.unlabeled) - 1
    corrected = labeled[len(datalist.labeled)]
    assert corrected["label"].max() == 3  # the place of 4 among 0, 1, 2, 4
    assert corrected["label"].sum() == 3 * 6**3
    assert "pseudo_label" not in corrected
    for item in unlabeled:
        assert "label" not in item
    before = (tmp_path / "models/teacher.pt").read_bytes()
    with pytest.raises(RuntimeError) as caught:
        run_bundle(ROBUST, ("train",), "train", "training", **(settings | {"seed": 5}))
    assert mask.name in error_of(caught)
    assert mask.is_file()
    assert (tmp_path / "models/teacher.pt").read_bytes() == before  # it is told before anything is trained
    run_bundle(ROBUST, ("train",), "train", "training", **(settings | {"resume": "true"}))


@TOGETHER
def test_pseudo_labels_of_another_teacher_are_refused(whole, brain_tumor, tmp_path):
    run_bundle(
        ROBUST, ("train", "teacher"), "train", "training", **small_volumes(brain_tumor, tmp_path, seed=3, **QUIET)
    )
    overrides = small_volumes(brain_tumor, tmp_path, pseudo_label_dir=str(whole / "eval/pseudo_labels"), **QUIET)
    with pytest.raises(RuntimeError) as caught:
        run_bundle(ROBUST, ("train", "student"), "train", "training", **overrides)
    assert "another teacher" in error_of(caught)


@TOGETHER
def test_without_a_teacher_there_are_no_pseudo_labels(whole, brain_tumor, tmp_path):
    for stage, said in (("pseudo_label", "teacher.pt"), ("student", "no pseudo-labels yet")):
        with pytest.raises(RuntimeError) as caught:
            run_bundle(ROBUST, ("train", stage), "train", "training", **small_volumes(brain_tumor, tmp_path, **QUIET))
        assert said in error_of(caught)


@TOGETHER
def test_evaluation_and_inference(whole, brain_tumor):
    shared = {"bundle_root": str(whole), "dataset_dir": str(brain_tumor), "device": "cpu"}
    run_bundle(ROBUST, ("train", "evaluate"), "train", "evaluating", replicates=20, **shared)
    report = json.loads((whole / "eval/evaluation/evaluation.json").read_text())
    assert is_of_its_model(report, whole)
    assert list(report["classes"]) == ["whole tumor", "tumor core", "enhancing tumor"]
    run_bundle(ROBUST, ("inference",), "infer", "inference", **(shared | {"dataset_dir": str(brain_tumor / "images")}))
    assert len(list((whole / "eval/masks").rglob("*_mask.nii.gz"))) == 10


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"q": 0.7}),
        ({"robust_loss": "ce"}, {}),
        ({"robust_loss": "bce"}, {"beta": 0.001}),
        ({"robust_loss": "sce"}, {"alpha": 0.01, "gamma": 1.0}),
        ({"robust_loss": "gce", "loss_parameters": {"q": 0.3}}, {"q": 0.3}),
    ],
)
def test_one_value_chooses_the_loss(brain_tumor, tmp_path, given, expected):
    made = workflow(ROBUST, ("train",), "train", **small_volumes(brain_tumor, tmp_path, **given))
    loss = made.parser.get_parsed_content("method").pseudo_loss
    logits, labels = torch.randn(2, 4, 5, 5, 5), torch.randint(0, 4, (2, 1, 5, 5, 5))
    reference = RobustLoss(given.get("robust_loss", "gce"), "multiclass", **expected)
    assert torch.equal(loss(logits, labels), reference(logits, labels))


def test_an_unknown_loss_is_named(brain_tumor, tmp_path):
    made = workflow(ROBUST, ("train",), "train", **small_volumes(brain_tumor, tmp_path, robust_loss="mae"))
    with pytest.raises(RuntimeError) as caught:
        made.parser.get_parsed_content("method")
    assert "'mae'" in error_of(caught)


@pytest.mark.parametrize("soft", [False, True])
def test_classification(dermoscopy, tmp_path, soft):
    names = ("train", "classification")
    settings = small(dermoscopy, tmp_path, teacher_epochs=2, soft=soft)
    run_bundle(ROBUST, names, "train", "training", **settings)
    rows = list(csv.DictReader((tmp_path / "eval/pseudo_labels/pseudo_labels.csv").open()))
    assert len(rows) == len(DataList.load(dermoscopy).unlabeled)
    assert "val_auroc_student" in (tmp_path / "eval/history.csv").read_text()
    run_bundle(ROBUST, (*names, "classification_evaluate"), "train", "evaluating", **settings, replicates=20)
    assert (tmp_path / "eval/evaluation/confusion_matrix.png").is_file()
    overrides = {"bundle_root": str(tmp_path), "dataset_dir": str(dermoscopy / "images"), "device": "cpu"}
    run_bundle(ROBUST, ("classification_inference",), "infer", "inference", **overrides)
    assert (tmp_path / "eval/predictions.csv").is_file()


def test_soft_masks_and_confidence_maps(brain_tumor, tmp_path):
    overrides = small_volumes(brain_tumor, tmp_path, soft=True, confidence_maps=True, max_epochs=1, teacher_epochs=1)
    ran = run_bundle(ROBUST, ("train",), "train", "training", **overrides, **QUIET)
    unlabeled = DataList.load(brain_tumor).unlabeled
    for kind in ("confidence", "probabilities"):
        assert len(list((tmp_path / "eval/pseudo_labels").glob(f"*_{kind}.nii.gz"))) == len(unlabeled)
    batch = next(iter(ran.parser.get_parsed_content("train#dataloader")))
    label = batch["unlabeled"][0]["pseudo_label"]
    assert label.shape == (2, 4, 16, 16, 16)
    # Rounded to 1/255 a channel, and background is all that comes in from outside.
    torch.testing.assert_close(label.sum(dim=1), torch.ones(2, 16, 16, 16), atol=0.02, rtol=0)
    shared = {"bundle_root": str(tmp_path), "dataset_dir": str(brain_tumor), "device": "cpu"}
    run_bundle(ROBUST, ("train", "evaluate"), "train", "evaluating", replicates=20, **shared)  # without `soft`


def test_the_settings_of_brats_2018(brain_tumor, tmp_path):
    """TransBTS, small; the batch is shared by true and pseudo-labels as the images are."""
    overrides = small_volumes(brain_tumor, tmp_path, max_epochs=1, teacher_epochs=1, val_interval=1) | {"batch_size": 4}
    overrides.pop("unlabeled_batch_size")
    smaller = {"init_filters": 8, "hidden_size": 32, "mlp_dim": 64, "num_layers": 1, "num_heads": 2}
    overrides |= {f"backbone#{name}": value for name, value in smaller.items()}
    ran = run_bundle(ROBUST, ("train", "paper_brats2018"), "train", "training", **overrides, **QUIET)
    get = ran.parser.get_parsed_content
    assert type(get("network_def")).__name__ == "TransBTS"
    datalist = DataList.load(brain_tumor)
    share = len(datalist.labeled) / (len(datalist.labeled) + len(datalist.unlabeled))
    batch = next(iter(get("train#dataloader")))
    sizes = {stream: len(views[0]["image"]) for stream, views in batch.items()}
    assert sum(sizes.values()) == 4
    assert sizes["labeled"] == max(1, round(4 * share))
    weights = get("train#trainer").loss_weights
    assert weights["supervised"](0) + weights["pseudo"](0) == pytest.approx(1)
    assert get("optimizer").defaults["lr"] == 2e-4


def test_the_settings_of_cifar10(dermoscopy, tmp_path):
    overrides = small(dermoscopy, tmp_path, max_epochs=2, teacher_epochs=2, milestones=[1])
    overrides.pop("unlabeled_batch_size")
    ran = run_bundle(ROBUST, ("train", "classification", "paper_cifar10"), "train", "training", **overrides, **QUIET)
    rows = list(csv.DictReader((tmp_path / "eval/history.csv").open()))
    assert [float(row["learning_rate"]) for row in rows] == pytest.approx([0.1, 0.01])
    assert sum(p.numel() for p in ran.parser.get_parsed_content("network_def").parameters()) == pytest.approx(
        11.2e6, rel=0.01
    )


def test_two_processes_train_together(brain_tumor, tmp_path):
    overrides = small_volumes(brain_tumor, tmp_path, max_epochs=1, teacher_epochs=1, device="cpu", **QUIET)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m"]
    call(command(ROBUST, ("train", "multi_gpu_train"), "training", overrides, launcher))
    assert (tmp_path / "models/model.pt").is_file()
    assert len(list((tmp_path / "eval/pseudo_labels").glob("*.nii.gz"))) == len(DataList.load(brain_tumor).unlabeled)
