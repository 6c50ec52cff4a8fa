"""Labels that are made wrong on purpose, and the experiment with them."""

from collections import Counter

import numpy as np
import pytest
import torch
from fire.parser import DefaultParseValue
from PIL import Image

from benchmarks import label_noise, label_noise_run
from benchmarks.label_flips import flip_labels, flip_targets, with_flipped_labels
from benchmarks.label_noise_report import Condition, figure_of, table
from monai_ssl.data import DataList
from monai_ssl.errors import InputError
from tests.bundles.helpers import run_bundle

ISIC = ("MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC")
LABELS = [0] * 50 + [1] * 30 + [2] * 20 + [-1] * 10


def changed(labels, flipped):
    return [index for index, (old, new) in enumerate(zip(labels, flipped, strict=True)) if old != new]


@pytest.mark.parametrize(("rate", "count"), [(0.0, 0), (0.2, 20), (0.4, 40), (0.999, 100), (1.0, 100)])
def test_symmetric_flips_are_as_many_as_asked_for_and_go_to_any_other_class(rate, count):
    flipped = flip_labels(LABELS, "abc", "symmetric", rate, seed=0)
    places = changed(LABELS, flipped)
    assert len(places) == count
    assert flipped[100:] == [-1] * 10
    assert set(flipped[:100]) <= {0, 1, 2}
    if count == 100:
        assert all(pair[0] != pair[1] for pair in zip(LABELS[:100], flipped, strict=False))
        moved = Counter(zip(LABELS[:100], flipped[:100], strict=True))
        assert min(moved[0, 1], moved[0, 2]) > 15  # of 50, both alike


def test_class_dependent_flips_are_as_many_of_each_class():
    flipped = flip_labels(LABELS, "abc", "class_dependent", 0.3, seed=0)
    moved = Counter((LABELS[index], flipped[index]) for index in changed(LABELS, flipped))
    assert moved == {(0, 1): 15, (1, 2): 9, (2, 0): 6}


def test_of_two_classes_findings_are_overlooked():
    labels = [0] * 40 + [1] * 10
    flipped = flip_labels(labels, ("normal", "pneumonia"), "class_dependent", 0.2, seed=0)
    assert flipped[:40] == [0] * 40
    assert flipped[40:].count(0) == 2
    symmetric = flip_labels(labels, ("normal", "pneumonia"), "symmetric", 0.2, seed=0)
    assert len(changed(labels, symmetric)) == 10


@pytest.mark.parametrize("classes", [ISIC, ISIC[::-1]])
def test_isic_lesions_are_mistaken_by_name(classes):
    names = {classes[index]: classes[target] for index, target in flip_targets(classes).items()}
    assert sorted(names) == sorted(ISIC)
    assert all(name != other for name, other in names.items())
    assert (names["MEL"], names["NV"]) == ("NV", "MEL")


@pytest.mark.parametrize("noise", ["symmetric", "class_dependent"])
def test_flips_follow_the_seed_and_grow_with_the_rate(noise):
    few, many = (flip_labels(LABELS, "abc", noise, rate, seed=1) for rate in (0.2, 0.4))
    assert few == flip_labels(LABELS, "abc", noise, 0.2, seed=1)
    assert few != flip_labels(LABELS, "abc", noise, 0.2, seed=2)
    assert all(many[index] == few[index] for index in changed(LABELS, few))
    assert flip_labels(LABELS, "abc", "none", 0.4, seed=1) == LABELS


def test_only_the_labeled_training_images_change(dermoscopy):
    before = DataList.load(dermoscopy)
    after = with_flipped_labels(before, "symmetric", 0.5, 3)
    for key in ("unlabeled", "validation", "test", "labels", "masks"):
        assert getattr(after, key) == getattr(before, key)
    pairs = list(zip(before.labeled, after.labeled, strict=True))
    assert all({**old, "label": None} == {**new, "label": None} for old, new in pairs)
    count = sum(old["label"] != new["label"] for old, new in pairs)
    assert count == int(0.5 * len(pairs) + 0.5) > 0
    assert after.provenance["label_noise"] == {"noise": "symmetric", "rate": 0.5, "seed": 3, "changed": count}


def test_what_cannot_be_flipped_is_named(demo):
    with pytest.raises(InputError, match="multilabel data list"):
        with_flipped_labels(DataList.load(demo), "symmetric", 0.2, 0)
    with pytest.raises(InputError, match="'pairwise'"):
        flip_labels(LABELS, "abc", "pairwise", 0.2, 0)
    with pytest.raises(InputError, match=r"1\.2"):
        flip_labels(LABELS, "abc", "symmetric", 1.2, 0)
    with pytest.raises(InputError, match="two classes"):
        flip_labels([0, 0], "a", "symmetric", 0.2, 0)


@pytest.fixture
def runs(monkeypatch):
    """The runs of bundles, which are made in this process, by their names."""
    made = []

    def run(bundle, overlays, run_id, log, options):
        made.append(f"{log.parent.name} {log.stem}")
        # As the command line reads them.
        names = [name.removeprefix("--") for name in options[::2]]
        overrides = dict(zip(names, map(DefaultParseValue, options[1::2]), strict=True))
        run_bundle(bundle, ("train", *overlays), "infer" if overlays else "train", run_id, **overrides)

    monkeypatch.setattr(label_noise_run, "run_bundle", run)
    return made


def test_the_command(dermoscopy, tmp_path, runs, capsys, monkeypatch):
    arguments = [f"--dataset_dir={dermoscopy}", f"--output={tmp_path}", "--jobs=1", "--noise", "class_dependent"]
    arguments += ["--rates", "0.4", "--seeds", "5", "--parameters", '{"bce": {"beta": 0.5}}']
    tiny = ["--max_epochs", "1", "--image_size", "32", "--batch_size", "8", "--device", "cpu"]
    label_noise.main([*arguments, "--losses", "bce", *tiny])
    assert runs == ["bce_5 training", "bce_5 evaluating_last", "bce_5 evaluating_best"]
    assert (tmp_path / "table.md").read_text().strip() in capsys.readouterr().out
    root = tmp_path / "runs" / "class_dependent_0.4" / "bce_5"
    made = (root / "eval" / "config_train.json").read_text()
    assert '"beta": 0.5' in made
    assert "class_dependent_0.4_seed_5" in made
    with Image.open(tmp_path / "label_noise.png") as image:
        assert min(image.size) > 300

    runs.clear()
    label_noise.main([*arguments, "--losses", "bce", *tiny])
    assert runs == []
    # As of a run that was stopped before its evaluations; what they wrote is still there and need not be made again.
    (root / "result.json").unlink()
    monkeypatch.setattr(label_noise_run, "run_bundle", lambda *given: runs.append(f"bce_5 {given[3].stem}"))
    label_noise.main([*arguments, "--losses", "bce", *tiny])
    assert runs == ["bce_5 evaluating_last", "bce_5 evaluating_best"]
    with pytest.raises(SystemExit, match="run with another overrides"):
        label_noise.main([*arguments, "--losses", "bce", *tiny, "--learning_rate", "0.1"])


def test_the_last_model_is_the_trained_network_of_the_last_epoch(tmp_path):
    state = {"student.weight": torch.ones(2), "ema.weight": torch.zeros(2)}
    (tmp_path / "models").mkdir()
    torch.save({"method": state}, tmp_path / "models" / "checkpoint.pt")
    (tmp_path / "models" / "model.json").write_text("{}")
    folder = label_noise_run._write_last(tmp_path)
    assert torch.load(folder / "model.pt")["weight"].tolist() == [1, 1]
    assert (folder / "model.json").read_text() == "{}"


def results(values):
    """Runs whose four numbers are a value and its shifts."""
    shifts = {"last": 0.0, "best": 0.1}
    return [{model: {"accuracy": v + s, "auroc": v + s + 0.2} for model, s in shifts.items()} for v in values]


def test_the_table_has_values_and_paired_differences():
    made = {
        Condition("none", 0.0): {"ce": results([0.5, 0.54]), "gce": results([0.51, 0.55])},
        Condition("symmetric", 0.4): {"ce": results([0.3, 0.4]), "gce": results([0.4, 0.44])},
    }
    lines = table(made).splitlines()
    assert lines[2] == "| none | ce | 0.520 ± 0.028 | 0.620 ± 0.028 | 0.720 ± 0.028 | 0.820 ± 0.028 |"
    # The seeds differ alike with both losses, so that their difference does not spread.
    assert lines[-2] == "| none | gce |" + " +0.010 ± 0.000 |" * 4
    assert lines[-1] == "| symmetric_0.4 | gce |" + " +0.070 ± 0.042 |" * 4
    alone = table({Condition("none", 0.0): {"gce": results([0.5])}})
    assert alone.splitlines()[2:] == ["| none | gce | 0.500 | 0.600 | 0.700 | 0.800 |"]


def test_the_figure_has_every_seed_and_their_means():
    made = {Condition("class_dependent", 0.2): {"ce": results([0.5, 0.54]), "sce": results([0.6, 0.62])}}
    figure = figure_of(made, "title")
    panel = figure.axes[3]  # AUROC of the best
    heights = [line.get_ydata() for line in panel.lines]
    assert np.allclose(heights, [[0.8, 0.84], [0.82, 0.82], [0.9, 0.92], [0.91, 0.91]])
    assert [text.get_text() for text in panel.get_xticklabels()] == ["class-dependent\n20%"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["ce", "sce"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--parameters", "{"], "is no JSON"),
        (["--parameters", "[1]"], "Give the parameters by loss"),
        (["--parameters", '{"gce": {"q": 2}}'], "`q` is 2"),
        (["--parameters", '{"mae": {}}'], "no loss 'mae'"),
        (["--rates", "2"], "rate of wrong labels is 2.0"),
        (["--dataset_dir", "/nowhere"], "/nowhere"),
    ],
)
def test_faults_of_the_input_are_named_before_anything_runs(dermoscopy, tmp_path, runs, capsys, arguments, message):
    with pytest.raises(SystemExit):
        label_noise.main([f"--dataset_dir={dermoscopy}", f"--output={tmp_path}", *arguments])
    assert message in capsys.readouterr().err
    assert runs == []


def test_conditions():
    assert list(map(str, label_noise.make_conditions(["none", "symmetric"], [0.2, 0.4, 0.2]))) == [
        "none",
        "symmetric_0.2",
        "symmetric_0.4",
    ]
