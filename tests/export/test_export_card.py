"""The model card, and what an application must know: right, of this very model, and without names and paths."""

import hashlib
import json
import os
import re
import shutil
import sys

import numpy as np
import pytest

from monai_ssl.errors import InputError
from monai_ssl.export import export_bundle
from monai_ssl.export.private import without_paths
from monai_ssl.metrics import Predictions
from monai_ssl.reports import evaluate
from tests.bundles.helpers import REPOSITORY
from tests.export.models import SMALL, make_model

CLASSES = ["epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural"]
SECRETS = ("Doe", "Jane", "secret")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A model with all that its training and evaluation leave, in a folder with a patient's name."""
    folder = tmp_path_factory.mktemp("made") / "Doe^Jane"
    entries = [
        {"image": f"/secret/Doe^Jane/{index}.dcm", "patient": f"Jane{index // 2}", "label": [1, 0, index % 2, 0, 0]}
        for index in range(8)
    ]
    unlabeled = [{"image": "/secret/u.dcm", "patient": "Jane9"}]
    write(
        folder / "list" / "datalist.json",
        {
            **{"name": "heads", "task": "multilabel", "labels": CLASSES, "modality": "CT", "channels": 1},
            **{"spatial_dims": 2, "labeled": entries[:4], "unlabeled": unlabeled, "validation": entries[4:6]},
            "test": entries[6:],
            "provenance": {
                "command": "python -m data_prep folder",
                "options": {"budget": 0.1, "seed": 7},
                "tables_sha256": {"labels.csv": "ab" * 32},
                "source": {"folder": "/secret/Doe^Jane"},
            },
        },
    )
    settings = {"seed": "@seed", "method": "noteacher", "rate": "$1 / 2", "note": f"{folder}/x"}
    config = {"seed": 7, "dataset_dir": str(folder / "list"), "image_size": 32, "parameters": {"settings": settings}}
    write(folder / "eval" / "config_train.json", config)
    make_model(folder / "models", "noteacher", ("inference",), modality="CT", image_size=32, windows=["brain"])
    write(folder / "eval" / "summary.json", {"best": {"value": 0.8125, "candidate": "average", "epoch": 3}})
    evaluate_model(folder)
    return folder


@pytest.fixture
def run(made, tmp_path):
    """A copy of it, with the times of its files."""
    folder = shutil.copytree(made, tmp_path / "Doe^Jane")
    file = folder / "eval" / "config_train.json"
    time = file.stat().st_mtime
    write(file, json.loads(file.read_text()) | {"dataset_dir": str(folder / "list")})
    os.utime(file, (time, time))
    return folder


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def evaluate_model(folder, classes=CLASSES):
    generator = np.random.default_rng(0)
    predictions = [
        Predictions(
            generator.random((30, len(classes))),
            generator.integers(0, 2, (30, len(classes))).astype(float),
            tuple(f"Jane{index // 3}" for index in range(30)),
            tuple(f"/secret/Doe^Jane/{part}{index}.dcm" for index in range(30)),
        )
        for part in ("validation", "test")
    ]
    evaluate(*predictions, classes, "multilabel", folder / "eval" / "evaluation", replicates=20)


def export(folder, formats=("pt",), **options):
    """Export and read the card."""
    given = {"model_dir": folder / "models", "run_dir": folder / "eval", "formats": formats, "overwrite": True}
    export_bundle(REPOSITORY / "bundles" / "noteacher", folder / "out", **(given | options))
    return (folder / "out" / "model_card.md").read_text()


def section(card, title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", card, re.MULTILINE | re.DOTALL)[1]


def test_the_numbers_of_its_evaluation_are_in_the_card(run, capsys):
    card = export(run)
    report = json.loads((run / "eval/evaluation/evaluation.json").read_text())
    evaluation = section(card, "Evaluation")
    assert "On 30 test images of 10 patients" in evaluation
    for name, entry in report["classes"].items():
        (row,) = (line for line in evaluation.splitlines() if line.startswith(f"| {name} |"))
        cells = [cell.strip() for cell in row.split("|")[2:-1]]
        assert cells[:2] == [str(entry["positives"]), str(entry["negatives"])]
        for cell, metric in zip(cells[3:], ("auroc", "average_precision", "sensitivity", "specificity"), strict=True):
            value, low, high = (entry[metric][part] for part in ("value", "low", "high"))
            assert cell == f"{value:.3f} ({low:.3f}-{high:.3f})"
    thresholds = json.loads((run / "eval/evaluation/thresholds.json").read_text())
    assert json.loads((run / "out/preprocessing.json").read_text())["outputs"]["logits"]["thresholds"] == thresholds
    for name, value in thresholds.items():
        assert f"| {name} | {value:.4g} |" in section(card, "How to use it")


def test_an_evaluation_on_other_images_than_the_data_list_has(run):
    """Such as those of another hospital, which may have been trained on."""
    warning = "so make sure that it was neither trained nor chosen on images of these patients"
    assert warning in section(export(run), "Evaluation")
    content = json.loads((run / "list/datalist.json").read_text())
    entry = content["test"][0]
    content["test"] = [entry | {"patient": f"t{index // 3}"} for index in range(30)]
    write(run / "list/datalist.json", content)
    evaluation = section(export(run), "Evaluation")
    assert "On 30 test images of 10 patients, which it was neither trained nor chosen on." in evaluation
    assert warning not in evaluation


def test_what_is_known_of_training_and_data(run):
    card = export(run)
    about, data = section(card, "What it is"), section(card, "Training data")
    assert "those of epoch 3 (network `average`)" in about
    assert "0.812" in about
    assert "Training: seed 7, method noteacher, note (path left out)\n" in about
    assert "Data set `heads`, of 5 patients." in data
    assert "| training, with labels | 4 | 2 | 4 | 0 | 2 | 0 | 0 |" in data
    assert "| training, without labels | 1 | 1 |" in data
    assert "budget 0.1, seed 7" in data
    assert "ab" * 32 in data
    assert "Not evaluated" not in card
    assert "fewer than 30 labeled positive images: epidural (4)" in section(card, "Intended use and limits")
    assert "Research only; not for clinical use" in card


def test_no_file_tells_a_name_or_a_folder(run):
    export(run)
    for path in (run / "out").iterdir():
        content = path.read_bytes()
        for secret in (*SECRETS, str(run), str(REPOSITORY), sys.prefix):
            assert secret.encode() not in content, (path.name, secret)


def older(path, model, by=10):
    """Let a file be from before the model."""
    time = model.stat().st_mtime - by
    os.utime(path, (time, time))


def test_an_evaluation_from_before_the_model_is_of_another(run):
    for path in (run / "eval/evaluation").iterdir():
        older(path, run / "models/model.pt")
    card = export(run)
    assert section(card, "Evaluation").strip().startswith("**Not evaluated**: the evaluation that is there is older")
    assert "**Not evaluated**" in section(card, "Intended use and limits")
    assert "inference calls a class at 0.5" in card
    assert "thresholds" not in json.loads((run / "out/preprocessing.json").read_text())["outputs"]["logits"]


def name_model(folder, content):
    """Let the record of the evaluation say that it is of a model whose file has this content."""
    file = folder / "eval/evaluation/evaluation.json"
    write(file, json.loads(file.read_text()) | {"model_sha256": hashlib.sha256(content).hexdigest()})


def test_the_checksum_in_an_evaluation_tells_which_model_it_is_of(run):
    """Whatever the times are, as of a model that was copied."""
    model = run / "models/model.pt"
    name_model(run, model.read_bytes())
    for path in (run / "eval/evaluation").iterdir():
        older(path, model)
    card = export(run)
    evaluation = section(card, "Evaluation")
    assert "On 30 test images" in evaluation
    assert "told by the SHA-256 of the model's file" in evaluation
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    assert f"of the training, of which all of these were made: `{digest}`" in section(card, "Files")
    assert "thresholds" in json.loads((run / "out/preprocessing.json").read_text())["outputs"]["logits"]


def test_an_evaluation_with_another_checksum_is_of_another_model(run):
    name_model(run, b"another")  # and younger than the model
    card = export(run)
    assert "**Not evaluated**: the evaluation that is there is of another model, by the checksum" in card
    assert "inference calls a class at 0.5" in card
    assert "thresholds" not in json.loads((run / "out/preprocessing.json").read_text())["outputs"]["logits"]
    with pytest.raises(InputError, match=r"evaluation: the evaluation that is there is of another model"):
        export(run, evaluation_dir=run / "eval/evaluation")


def test_an_evaluation_without_a_checksum_is_shown_with_a_warning(run):
    assert "told by the times of the files alone" in section(export(run), "Evaluation")


def test_names_with_signs_of_markdown(run):
    names = ["<5 mm | >5 mm", "a\\b", *CLASSES[2:]]
    info = json.loads((run / "models/model.json").read_text())
    write(run / "models/model.json", info | {"labels": names})
    content = json.loads((run / "list/datalist.json").read_text())
    write(run / "list/datalist.json", content | {"labels": names})
    evaluate_model(run, names)
    card = export(run)
    for title, count in (("Training data", 1), ("Evaluation", 1), ("How to use it", 1)):
        tables = re.findall(r"(?:^\|.*\n)+", section(card, title), re.MULTILINE)
        assert len(tables) == count
        for lines in tables:
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines.splitlines()}) == 1
            assert r"<5 mm \| >5 mm" in lines
            assert r"a\\b" in lines


@pytest.mark.parametrize("content", [{}, {"task": "multilabel", "classes": {}}, [1]])
def test_a_damaged_evaluation(content, run):
    write(run / "eval/evaluation/evaluation.json", content)
    with pytest.raises(InputError, match=r"evaluation\.json: this file is damaged .* Evaluate again"):
        export(run)


@pytest.mark.parametrize("option", ["run_dir", "evaluation_dir"])
def test_a_folder_that_is_named_must_hold_what_it_is_named_for(option, run):
    with pytest.raises(InputError, match="nowhere: "):
        export(run, **{option: run / "nowhere"})


def test_an_evaluation_of_other_classes_is_of_another_model(run):
    evaluate_model(run, [*CLASSES[:-1], "another"])
    assert "**Not evaluated**: the evaluation that is there is of other classes" in export(run)


def test_a_run_that_began_after_the_model_is_another(run):
    older(run / "models/model.pt", run / "eval/config_train.json")
    card = export(run)
    assert "settings not known, for the config_train.json that is there is of a run that began after" in card
    assert "epoch 3" not in card


def test_a_run_of_other_settings_is_another(run):
    config = json.loads((run / "eval/config_train.json").read_text()) | {"image_size": 48, "resume": True}
    write(run / "eval/config_train.json", config)
    assert "of another run, with another image_size" in export(run)


def test_a_model_alone(run):
    card = export(run, run_dir=None)
    for title in ("Training data", "Evaluation"):
        assert "ot known" in section(card, title) or "Not evaluated" in section(card, title)
    card = export(run, run_dir=None, evaluation_dir=run / "eval/evaluation", dataset_dir=run / "list")
    assert "On 30 test images" in card
    assert "Data set `heads`" in card


def test_a_data_list_of_another_model(run):
    content = json.loads((run / "list/datalist.json").read_text())
    write(run / "list/datalist.json", content | {"modality": "MR"})
    assert "Not known: the data list that is there has other modality than this model." in export(run)
    with pytest.raises(InputError, match=r"datalist\.json: the data list that is there has other modality"):
        export(run, dataset_dir=run / "list")
    with pytest.raises(InputError, match="there is no such folder"):
        export(run, dataset_dir=run / "none")


def test_how_images_are_prepared(run):
    card = export(run)
    steps = json.loads((run / "out/preprocessing.json").read_text())
    load, resize = (
        next(step["arguments"] for step in steps["preprocessing"] if step["transform"].endswith(name))
        for name in (".LoadRadiologyImaged", ".Resized")
    )
    assert load["windows"] == ["brain"]
    assert (resize["spatial_size"], resize["mode"], resize["anti_aliasing"]) == ([32, 32], "area", False)
    assert steps["input"]["shape"] == ["batch", 1, 32, 32]
    assert steps["outputs"]["logits"] == steps["outputs"]["logits"] | {"activation": "sigmoid", "channels": CLASSES}
    use = section(card, "How to use it")
    assert "center 40, width 80 Hounsfield units (0 to 80). This range becomes [0, 1]" in use
    assert "2. Resize to 32 x 32 pixels (`area` interpolation)" in use
    assert "1. Turn the logits into probabilities: sigmoid" in use


def test_how_masks_are_made(tmp_path):
    make_model(
        tmp_path / "models", "supervised", ("segmentation_inference",), patch_size=[16, 16, 16], spacing=[1, 1, 2]
    )
    files = ["segmentation_inference.json"]
    export_bundle(REPOSITORY / "bundles/supervised", tmp_path / "out", files, tmp_path / "models", formats=["pt"])
    use = section((tmp_path / "out/model_card.md").read_text(), "How to use it")
    steps = json.loads((tmp_path / "out/preprocessing.json").read_text())
    names = [step["transform"].rsplit(".", 1)[-1] for step in steps["preprocessing"]]
    assert names == [
        *("CopyItemsd", "LoadRadiologyImaged", "ZeroBackgroundd", "Spacingd", "CropToNonzerod"),
        *("NormalizeIntensityd", "SpatialPadd"),
    ]
    assert steps["inferer"]["arguments"]["roi_size"] == [16, 16, 16]
    for part in (
        "spacing of 1 x 1 x 2 mm",
        "sliding windows of 16 x 16 x 16 that overlap by 25%",
        "in this order: flair, t1, t1ce, t2",
        "4. mask value 4 (whole tumor, tumor core, enhancing tumor)",
        "softmax over the channels",
        "undo the spatial steps",
        "the mask value of the most probable channel",
        "whole tumor: 1, 2, 4; tumor core: 1, 4; enhancing tumor: 4",
    ):
        assert part in use


def test_masks_and_diagnoses(tmp_path):
    make_model(tmp_path / "models", "s4mtl", ("inference",), image_size=32, **SMALL)
    export_bundle(REPOSITORY / "bundles/s4mtl", tmp_path / "out", model_dir=tmp_path / "models", formats=["pt"])
    card = (tmp_path / "out/model_card.md").read_text()
    assert "Output `mask`: logits, float32, (batch, 1, 32, 32). Its channels, in this order:\n\n1. lung\n" in card
    assert "Output `diagnosis`: logits, float32, (batch, 3). Its channels, in this order:\n\n1. normal\n" in card
    assert "1. Turn the logits of `mask` into probabilities: sigmoid" in card
    assert "2. Turn the logits of `diagnosis` into probabilities: softmax" in card
    assert "the class with the largest probability" in card


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/data/Doe, Jane/1.dcm", "(path left out)"),
        ("--source=/data/x", "--source=(path left out)"),
        ("see '~/x' and 'C:\\Users\\Doe'", "see '(path left out)' and '(path left out)'"),
        (r"\\server\share", "(path left out)"),
        ("file:///data/x", "(path left out)"),
        ("MR/CT, 1 / 2, and/or, images/1.dcm", "MR/CT, 1 / 2, and/or, images/1.dcm"),
        ("https://example.org/a/b", "https://example.org/a/b"),
    ],
)
def test_paths_are_left_out(text, expected):
    assert without_paths({"a": [text, 1]}) == {"a": [expected, 1]}
