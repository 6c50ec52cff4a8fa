"""The two stages of SRCL, together and apart, and the systems beside it."""

import csv
import json

import mlflow
import pytest
import torch
from ignite.engine import Events
from PIL import Image

from monai_ssl.errors import find_input_error
from monai_ssl.losses import BrierLoss
from tests.bundles.helpers import call, command, run_bundle, small, workflow
from tests.bundles.test_resume import kill_in_the_second_epoch

TOGETHER = pytest.mark.xdist_group("srcl_stages")  # for a fixture that is made once
QUIET = {"train#handlers#6#_disabled_": True, "pretrain#handlers#4#_disabled_": True}


def tensors(path):
    return torch.load(path, weights_only=True)


def assert_same(first, second):
    assert first.keys() == second.keys()
    assert all(torch.equal(value, second[name]) for name, value in first.items())


@pytest.fixture(scope="module")
def whole(demo, tmp_path_factory):
    """Both stages in one command, of two epochs each."""
    root = tmp_path_factory.mktemp("whole")
    run_bundle("srcl", ("train",), "train", "training", **small(demo, root, pretrain_epochs=2, **QUIET))
    return root


@TOGETHER
def test_each_stage_leaves_its_table_and_figure(whole):
    for name in ("pretraining", "history"):
        rows = list(csv.DictReader((whole / "eval" / f"{name}.csv").open()))
        assert [row["epoch"] for row in rows] == ["1", "2"]
    for name in ("pretraining_curves", "learning_curves"):
        with Image.open(whole / "eval" / f"{name}.png") as image:
            assert min(image.size) > 300


@TOGETHER
def test_the_second_stage_begins_with_the_weights_of_the_first(whole):
    encoder = tensors(whole / "models" / "encoder.pt")
    checkpoint = tensors(whole / "models" / "pretraining_checkpoint.pt")["method"]
    assert_same(encoder, {n.removeprefix("student."): v for n, v in checkpoint.items() if n.startswith("student.")})
    assert not torch.equal(encoder["conv1.weight"], tensors(whole / "models" / "model.pt")["conv1.weight"])


@TOGETHER
def test_the_stages_one_by_one_end_as_both_in_one_command(whole, demo, tmp_path):
    for run_id in ("pretraining", "finetuning"):
        run_bundle("srcl", ("train",), "train", run_id, **small(demo, tmp_path, pretrain_epochs=2, **QUIET))
        assert (tmp_path / "models" / "checkpoint.pt").is_file() is (run_id == "finetuning")
    for name in ("encoder", "model"):
        assert_same(tensors(whole / "models" / f"{name}.pt"), tensors(tmp_path / "models" / f"{name}.pt"))
    assert (whole / "eval" / "history.csv").read_text() == (tmp_path / "eval" / "history.csv").read_text()


@TOGETHER
@pytest.mark.parametrize("stage", ["pretraining_checkpoint", "checkpoint"])
def test_a_run_killed_in_either_stage_resumes_and_ends_the_same(stage, whole, demo, tmp_path):
    arguments = command("srcl", ("train",), "training", small(demo, tmp_path, pretrain_epochs=2, **QUIET))
    kill_in_the_second_epoch(arguments, tmp_path, stage)
    table, first = ("pretraining", True) if stage == "pretraining_checkpoint" else ("history", False)
    assert len(list(csv.DictReader((tmp_path / "eval" / f"{table}.csv").open()))) == 1
    assert (tmp_path / "models" / "encoder.pt").is_file() is not first
    assert "Resumed" in call([*arguments, "--resume", "true"]).stdout
    for name in ("encoder", "model"):
        assert_same(*(tensors(root / "models" / f"{name}.pt") for root in (whole, tmp_path)))
    for name in ("pretraining_checkpoint", "checkpoint"):
        expected, resumed = (tensors(root / "models" / f"{name}.pt") for root in (whole, tmp_path))
        assert_same(expected["method"], resumed["method"])
        assert expected["history"] == resumed["history"]


def test_fine_tuning_needs_pretrained_weights(demo, tmp_path):
    with pytest.raises(RuntimeError) as caught:
        run_bundle("srcl", ("train",), "train", "finetuning", **small(demo, tmp_path, **QUIET))
    assert "encoder.pt: there are no pre-trained weights" in str(find_input_error(caught.value))


def test_teacher_and_consistency_wait_for_the_warm_up(demo, tmp_path):
    overrides = small(demo, tmp_path, max_epochs=3, warmup_epochs=2, ramp_epochs=0, **QUIET)
    ran = run_bundle("srcl", ("train", "src"), "train", "training", **overrides)
    rows = list(csv.DictReader((tmp_path / "eval" / "history.csv").open()))
    assert [(float(row["weight_consistency"]), float(row["weight_relation"])) for row in rows] == [
        (0, 0),
        (0, 0),
        (2, 2),
    ]
    steps = ran.parser.get_parsed_content("train#trainer").state.epoch_length
    assert ran.parser.get_parsed_content("train#handlers#7").updates == 1 + steps
    # Untouched until then, the teacher is as good as its first weights; then it is the student's copy.
    assert float(rows[2]["val_auroc_teacher"]) != float(rows[1]["val_auroc_teacher"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"max_epochs": 1, "warmup_epochs": 1}, "--warmup_epochs"), ({"pretrain_epochs": 0}, "src.json")],
)
def test_stages_that_could_learn_nothing_are_refused_before_the_first(changes, message, demo, tmp_path):
    with pytest.raises(RuntimeError) as caught:
        run_bundle("srcl", ("train",), "train", "training", **(small(demo, tmp_path, **QUIET) | changes))
    assert message in str(find_input_error(caught.value))
    assert not (tmp_path / "models").exists()


def test_a_later_run_that_is_cut_leaves_no_encoder_of_an_earlier_one(demo, tmp_path):
    """Nor does it touch a file that the user names to begin with."""
    models = tmp_path / "models"
    models.mkdir()
    for name in ("encoder", "checkpoint"):
        (models / f"{name}.pt").write_bytes(b"of an earlier run")
    (tmp_path / "mine.pt").write_bytes(b"the user's")
    overrides = small(demo, tmp_path, encoder_path=str(tmp_path / "mine.pt"), pretrain_epochs=2, **QUIET)
    made = workflow("srcl", ("train",), "train", "pretraining", **overrides)
    trainer = made.parser.get_parsed_content("pretrain#trainer")
    trainer.add_event_handler(Events.EPOCH_COMPLETED(once=1), trainer.terminate)
    trainer.add_event_handler(Events.COMPLETED, lambda: pytest.fail("it was cut"))
    trainer.fire_event(Events.EPOCH_COMPLETED)
    assert {path.name for path in models.iterdir()} == {"pretraining_checkpoint.pt"}
    assert (tmp_path / "mine.pt").read_bytes() == b"the user's"


def test_each_system_has_the_losses_and_views_of_the_source(demo, tmp_path):
    contrastive = ["BatchRandResizedCropd", "BatchRandFlipd", "BatchRandColorJitterd", "BatchRandGrayscaled"]
    plain = ["BatchRandFlipd", "BatchRandAffined", "BatchRandScaleShiftd"]
    for overlays, views in (
        ((), plain),
        (("src",), plain),
        (("joint",), contrastive),
        (("joint", "paper"), contrastive),
    ):
        paper = {"pretrained": False} if "paper" in overlays else {}
        made = workflow("srcl", ("train", *overlays), "train", **small(demo, tmp_path, **paper, **QUIET))
        content = made.parser.get_parsed_content
        names = [
            type(step).__name__
            for step in content("train#dataloader").dataset.streams["labeled"].transforms[0].transforms
        ]
        assert names == views + ["BatchNormalized"] * len(paper)
        assert type(content("method").supervised_loss) is BrierLoss
        weights = {name: weight.value for name, weight in content("train#trainer").loss_weights.items()}
        expected = {"supervised": 1, "consistency": 2, "relation": 2}
        assert weights == expected | ({"contrastive": 0.3} if "joint" in overlays else {})
        assert content("parameters")["pretrain_epochs"] == (0 if overlays else 1)
        if not overlays:
            loader = content("pretrain#dataloader")
            assert [
                type(step).__name__ for step in loader.dataset.streams["unlabeled"].transforms[1].transforms
            ] == contrastive
            assert {name: w.value for name, w in content("pretrain#trainer").loss_weights.items()} == {"contrastive": 1}


@pytest.mark.parametrize(
    ("overlay", "terms"),
    [
        ("src", {"supervised", "consistency", "relation"}),
        ("joint", {"supervised", "consistency", "relation", "contrastive"}),
    ],
)
def test_the_systems_of_one_stage(overlay, terms, dermoscopy, tmp_path):
    """On seven classes of RGB images, from training to evaluation and inference."""
    where = {"bundle_root": str(tmp_path), "dataset_dir": str(dermoscopy), "device": "cpu"}
    run_bundle("srcl", ("train", overlay), "train", "training", **small(dermoscopy, tmp_path, **QUIET))
    rows = list(csv.DictReader((tmp_path / "eval" / "history.csv").open()))
    assert {name.removeprefix("loss_") for name in rows[0] if name.startswith("loss_")} == terms
    assert not (tmp_path / "models" / "encoder.pt").exists()
    run_bundle("srcl", ("train", overlay, "evaluate"), "train", "evaluating", **where, replicates=5)
    report = json.loads((tmp_path / "eval" / "evaluation" / "evaluation.json").read_text())
    mean = {name: value["value"] for name, value in report["mean"].items() if isinstance(value, dict)}
    assert mean["accuracy_one_against_rest"] == pytest.approx(1 - 2 * (1 - mean["accuracy"]) / 7)
    for name in ("saliency", "confusion_matrix"):
        with Image.open(tmp_path / "eval" / "evaluation" / f"{name}.png") as image:
            assert min(image.size) > 200
    run_bundle("srcl", ("inference",), "infer", "inference", **(where | {"dataset_dir": str(dermoscopy / "images")}))
    rows = list(csv.DictReader((tmp_path / "eval" / "predictions.csv").open()))
    assert len(rows) == len(list((dermoscopy / "images").iterdir()))


def test_both_stages_are_in_one_mlflow_run(dermoscopy, tmp_path):
    run_bundle("srcl", ("train",), "train", "training", **small(dermoscopy, tmp_path, max_epochs=1))
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/eval/mlruns.db")
    (run,) = client.search_runs([client.get_experiment_by_name("monai_ssl").experiment_id])
    assert run.info.status == "FINISHED"
    assert (run.data.params["pretrain_epochs"], run.data.params["max_epochs"]) == ("1", "1")
    assert {"pretrain_loss_contrastive", "loss_relation", "val_auroc_teacher"} <= set(run.data.metrics)
    artifacts = {entry.path for entry in client.list_artifacts(run.info.run_id)}
    assert {"pretraining_curves.png", "pretraining.csv", "encoder.pt", "learning_curves.png", "model.pt"} <= artifacts


def test_the_layer_is_an_option_and_a_wrong_one_is_named(demo, tmp_path):
    made = workflow("srcl", ("train",), "train", **small(demo, tmp_path, feature_layer="layer2", feature_form="flat"))
    assert made.parser.get_parsed_content("projection_head").layers[0].in_features == 64 * 8 * 8
    with pytest.raises(RuntimeError) as caught:
        run_bundle("srcl", ("train",), "train", "training", **small(demo, tmp_path, feature_layer="layer9", **QUIET))
    message = str(find_input_error(caught.value))
    assert "no layer 'layer9'" in message
    assert "layer4" in message


def test_the_papers_settings_run_in_both_stages(dermoscopy, tmp_path):
    """The overlay as it is, but for its size, its length and weights that would have to be downloaded."""
    overrides = small(dermoscopy, tmp_path, batch_size=2, unlabeled_batch_size=2, max_epochs=2, warmup_epochs=1)
    overrides |= {"pretrained": False, "train#trainer#epoch_length": 2, "pretrain#trainer#epoch_length": 2, **QUIET}
    ran = run_bundle("srcl", ("train", "paper"), "train", "training", **overrides)
    content = ran.parser.get_parsed_content
    assert content("projection_head").layers[0].in_features == 1024
    assert content("train#dataset")[0]["image"].min() >= 0
    assert content("validate#dataset")[0]["image"].min() < 0  # normalised, as the views are
    for loader in ("train", "pretrain"):
        assert next(iter(content(f"{loader}#dataloader")))["unlabeled"][1]["image"].min() < 0
    shared = {key: overrides[key] for key in ("bundle_root", "device", "image_size", "pretrained")}
    images = str(dermoscopy / "images")
    run_bundle("srcl", ("inference", "paper"), "infer", "inference", dataset_dir=images, **shared)
    assert (tmp_path / "eval" / "predictions.csv").is_file()
