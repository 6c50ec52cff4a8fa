import csv
import json

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, recall_score, roc_auc_score

from monai_ssl.compare.__main__ import main
from monai_ssl.metrics import Predictions
from monai_ssl.reports import evaluate

NAMES = ("Melanocytic nevus", "Melanoma", "Benign keratosis", "Dermatofibroma")
MOST_PROBABLE = (
    "sensitivity_most_probable",
    "specificity_most_probable",
    "f1_most_probable",
    "accuracy_one_against_rest",
)


def multiclass(seed, n=120, absent=None):
    """Two images a patient; every tenth label is missing."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(4), n)
    y = np.array([rng.choice(4, p=row) for row in p])
    y[y == absent] = 0
    y[::10] = -1
    return Predictions(p, y, tuple(f"p{i // 2}" for i in range(n)), tuple(f"{i}.png" for i in range(n)))


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("multiclass")
    test = multiclass(1)
    return test, evaluate(multiclass(0), test, NAMES, "multiclass", folder, replicates=150), folder


@pytest.fixture
def known(evaluated):
    test = evaluated[0]
    some = test.labels >= 0
    return test.labels[some], test.probabilities[some].argmax(axis=1), test.probabilities[some]


def test_values_are_scikit_learns(evaluated, known):
    true, called, p = known
    report = evaluated[1]
    mean = {metric: entry["value"] for metric, entry in report["mean"].items() if isinstance(entry, dict)}
    assert mean["auroc"] == pytest.approx(roc_auc_score(true, p, multi_class="ovr"))
    assert mean["accuracy"] == pytest.approx(accuracy_score(true, called))
    assert mean["sensitivity_most_probable"] == pytest.approx(balanced_accuracy_score(true, called))
    assert mean["f1_most_probable"] == pytest.approx(f1_score(true, called, average="macro"))
    assert mean["accuracy_one_against_rest"] == pytest.approx(1 - 2 * (1 - accuracy_score(true, called)) / 4)
    for c, entry in enumerate(report["classes"].values()):
        sensitivity, specificity, f1, accuracy = (entry[metric]["value"] for metric in MOST_PROBABLE)
        assert sensitivity == pytest.approx(recall_score(true == c, called == c))
        assert specificity == pytest.approx(recall_score(true != c, called != c))
        assert f1 == pytest.approx(f1_score(true == c, called == c))
        assert accuracy == pytest.approx(accuracy_score(true == c, called == c))
        assert "accuracy" not in entry


def test_intervals(evaluated):
    report = evaluated[1]
    for entry in (*report["classes"].values(), report["mean"]):
        for metric in MOST_PROBABLE:
            assert entry[metric]["low"] < entry[metric]["value"] < entry[metric]["high"]
            assert entry[metric]["replicates"] == 150
    # One is a line in the other, and so are their quantiles.
    plain, mean = report["mean"]["accuracy"], report["mean"]["accuracy_one_against_rest"]
    for end in ("value", "low", "high"):
        assert mean[end] == pytest.approx(1 - 2 * (1 - plain[end]) / 4)
    assert plain["low"] < plain["value"] < plain["high"]


def test_class_without_test_images(tmp_path):
    test = multiclass(1, absent=3)
    report = evaluate(multiclass(0), test, NAMES, "multiclass", tmp_path, replicates=20)
    absent, mean = report["classes"]["Dermatofibroma"], report["mean"]
    undefined = {"value": None, "low": None, "high": None, "replicates": 0}
    assert [absent[metric] for metric in MOST_PROBABLE[:3]] == 3 * [undefined]
    some = test.labels >= 0
    called = test.probabilities[some].argmax(axis=1)
    assert absent["accuracy_one_against_rest"]["value"] == pytest.approx(np.mean(called != 3))
    assert mean["classes"] == list(NAMES[:3])
    for metric, over in zip(MOST_PROBABLE, (*3 * (NAMES[:3],), NAMES), strict=True):
        assert mean[metric]["value"] == pytest.approx(np.mean([report["classes"][c][metric]["value"] for c in over]))
    assert mean["accuracy"]["value"] == pytest.approx(accuracy_score(test.labels[some], called))


def test_class_without_validation_images(tmp_path, capsys):
    """It has no threshold, so the means at thresholds are over the others, and all else is over all classes."""
    test = multiclass(1)
    report = evaluate(multiclass(0, absent=3), test, NAMES, "multiclass", tmp_path, replicates=20)
    mean, absent = report["mean"], report["classes"]["Dermatofibroma"]
    assert absent["threshold"] is None
    assert mean["classes"] == list(NAMES)
    assert mean["classes_with_threshold"] == list(NAMES[:3])
    undefined = {"value": None, "low": None, "high": None, "replicates": 0}
    for metric in ("sensitivity", "specificity"):
        assert absent[metric] == undefined
        over_three = np.mean([report["classes"][c][metric]["value"] for c in NAMES[:3]])
        assert mean[metric]["value"] == pytest.approx(over_three)
    some = test.labels >= 0
    true, called = test.labels[some], test.probabilities[some].argmax(axis=1)
    assert absent["sensitivity_most_probable"]["value"] == pytest.approx(recall_score(true == 3, called == 3))
    assert absent["specificity_most_probable"]["value"] == pytest.approx(recall_score(true != 3, called != 3))
    assert mean["sensitivity_most_probable"]["value"] == pytest.approx(balanced_accuracy_score(true, called))
    for metric in (*MOST_PROBABLE, "auroc", "average_precision"):
        assert absent[metric]["low"] < absent[metric]["value"] < absent[metric]["high"]
        assert absent[metric]["replicates"] == 20
        over_all = np.mean([report["classes"][c][metric]["value"] for c in NAMES])
        assert mean[metric]["value"] == pytest.approx(over_all)
    note = "No threshold from validation, so not in the mean of sensitivity and specificity: Dermatofibroma"
    assert note in capsys.readouterr().out.splitlines()


def test_files(evaluated):
    _, report, folder = evaluated
    assert {path.name for path in folder.iterdir()} == {
        "evaluation.csv",
        "evaluation.json",
        "cases.csv",
        "thresholds.json",
        "roc_curves.png",
        "calibration.png",
        "confusion_matrix.png",
    }
    assert json.loads((folder / "evaluation.json").read_text()) == report
    with (folder / "evaluation.csv").open(newline="") as file:
        rows = {row["class"]: row for row in csv.DictReader(file)}
    melanoma, mean = rows["Melanoma"], rows["mean"]
    for metric in MOST_PROBABLE:
        assert float(melanoma[metric]) == report["classes"]["Melanoma"][metric]["value"]
        assert float(mean[f"{metric}_high"]) == report["mean"][metric]["high"]
    assert (melanoma["accuracy"], melanoma["accuracy_replicates"]) == ("", "")
    assert float(mean["accuracy_low"]) == report["mean"]["accuracy"]["low"]
    with Image.open(folder / "confusion_matrix.png") as image:
        assert image.format == "PNG"


def test_no_file_where_one_fails(tmp_path, monkeypatch):
    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr("monai_ssl.reports.evaluation.confusion_figure", fail)
    with pytest.raises(OSError, match="disk full"):
        evaluate(multiclass(0), multiclass(1), NAMES, "multiclass", tmp_path, replicates=2)
    assert not list(tmp_path.iterdir())


def test_cases(evaluated):
    test, _, folder = evaluated
    with (folder / "cases.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["image", "patient", "class", "predicted", "correct", *(f"probability_{n}" for n in NAMES)]
    assert [(row["image"], row["patient"]) for row in rows] == list(zip(test.images, test.patients, strict=True))
    called = [NAMES[c] for c in test.probabilities.argmax(axis=1)]
    assert [row["predicted"] for row in rows] == called
    true = ["" if c < 0 else NAMES[c] for c in test.labels]
    assert [row["class"] for row in rows] == true
    expected = [str(int(a == b)) if b else "" for a, b in zip(called, true, strict=True)]
    assert [row["correct"] for row in rows] == expected
    found = [[float(row[f"probability_{name}"]) for name in NAMES] for row in rows]
    np.testing.assert_allclose(found, test.probabilities, atol=1e-6)


def test_runs_can_be_compared(evaluated, tmp_path, capsys):
    """By patient: the part of the images of each that is called right."""
    test, _, folder = evaluated
    other = Predictions(np.roll(test.probabilities, 1, axis=1), test.labels, test.patients, test.images)
    evaluate(other, other, NAMES, "multiclass", tmp_path, replicates=2)
    capsys.readouterr()
    tables = [str(run / "cases.csv") for run in (folder, tmp_path)]
    assert main([*tables, "--names", "first", "rolled", "--metrics", "correct", "--by_image"]) == 0
    printed = capsys.readouterr().out
    known = test.labels >= 0
    right = accuracy_score(test.labels[known], test.probabilities[known].argmax(axis=1))
    assert f"correct: {np.count_nonzero(known)} images" in printed
    assert next(line for line in printed.splitlines() if line.startswith("first")).split()[1] == f"{right:.3f}"


def test_a_confusion_matrix_of_before_does_not_stay_beside_labels_of_their_own(tmp_path):
    evaluate(multiclass(0), multiclass(1), NAMES, "multiclass", tmp_path, replicates=2)
    (tmp_path / "notes.txt").write_text("mine")
    multilabel = [Predictions(p.probabilities, p.label_columns, p.patients, p.images) for p in map(multiclass, (0, 1))]
    evaluate(*multilabel, NAMES, "multilabel", tmp_path, replicates=2)
    assert not (tmp_path / "confusion_matrix.png").exists()
    assert (tmp_path / "notes.txt").exists()


def test_table(tmp_path, capsys):
    # Called are 0, 1, 1, 2; true are 0, 1, 2, 2; all of one patient, so that every interval is a point.
    p = np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.1, 0.6, 0.3], [0.3, 0.3, 0.4]])
    predictions = Predictions(p, np.array([0, 1, 2, 2]), ("a",) * 4, tuple("wxyz"))
    evaluate(predictions, predictions, "ABC", "multiclass", tmp_path, replicates=2)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines[:-1])) <= 120
    start = next(i for i, line in enumerate(lines) if line.startswith("most probable class"))

    def cells(*values):
        return [part for value in values for part in (f"{value:.3f}", f"({value:.3f}-{value:.3f})")]

    metrics = ["sensitivity", "specificity", "f1", "accuracy_one_against_rest"]
    assert lines[start].split() == ["most", "probable", "class", *metrics]
    assert [line.split() for line in lines[start + 2 : start + 6]] == [
        ["A", *cells(1, 1, 1, 1)],
        ["B", *cells(1, 2 / 3, 2 / 3, 3 / 4)],
        ["C", *cells(1 / 2, 1, 2 / 3, 3 / 4)],
        ["mean", *cells(5 / 6, 8 / 9, 7 / 9, 5 / 6)],
    ]
    assert lines[start + 6 :] == [
        "",
        "accuracy, the fraction of images called right: 0.750 (0.750-0.750)",
        "The mean of accuracy_one_against_rest is over all classes: 1 - 2 (1 - accuracy) / 3.",
        "",
        f"Report:  {tmp_path}",
    ]
