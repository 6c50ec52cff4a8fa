import csv
import json

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import average_precision_score, roc_auc_score

from monai_ssl.compare import read_scores
from monai_ssl.errors import InputError
from monai_ssl.metrics import Predictions
from monai_ssl.reports import evaluate, read_thresholds

FILES = {"evaluation.csv", "evaluation.json", "cases.csv", "thresholds.json", "roc_curves.png", "calibration.png"}
NAMES = ("edema", "mass", "hernia")


def multilabel(seed, n=120):
    rng = np.random.default_rng(seed)
    p = rng.random((n, 3))
    y = (rng.random((n, 3)) < p**2).astype(float)
    y[:, 2] = 0
    y[:4, 0] = -1
    return Predictions(p, y, tuple(f"p{i // 2}" for i in range(n)), tuple(f"{i}.png" for i in range(n)))


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluation") / "report"
    validation, test = multilabel(0), multilabel(1)
    return validation, test, evaluate(validation, test, NAMES, "multilabel", folder, replicates=200), folder


def test_values_are_scikit_learns(evaluated):
    _, test, report, _ = evaluated
    known = slice(4, None)
    y, p = test.labels[known, 0], test.probabilities[known, 0]
    edema = report["classes"]["edema"]
    assert edema["auroc"]["value"] == pytest.approx(roc_auc_score(y, p))
    assert edema["average_precision"]["value"] == pytest.approx(average_precision_score(y, p))
    called = p >= edema["threshold"]
    assert edema["sensitivity"]["value"] == pytest.approx(called[y == 1].mean())
    assert edema["specificity"]["value"] == pytest.approx(1 - called[y == 0].mean())
    assert (edema["positives"], edema["negatives"]) == ((y == 1).sum(), (y == 0).sum())
    mass = roc_auc_score(test.labels[:, 1], test.probabilities[:, 1])
    assert report["mean"]["auroc"]["value"] == pytest.approx((edema["auroc"]["value"] + mass) / 2)
    assert report["mean"]["classes"] == report["mean"]["classes_with_threshold"] == ["edema", "mass"]
    assert report["test"] == {"images": 120, "patients": 60}


def test_intervals_hold_the_values(evaluated):
    report = evaluated[2]
    for entry in (report["classes"]["edema"], report["classes"]["mass"], report["mean"]):
        for metric in ("auroc", "average_precision", "sensitivity", "specificity"):
            value = entry[metric]
            assert value["low"] < value["value"] < value["high"]
            assert value["replicates"] == 200


def test_undefined_class_has_no_numbers(evaluated):
    hernia = evaluated[2]["classes"]["hernia"]
    assert hernia["threshold"] is None
    assert hernia["auroc"] == {"value": None, "low": None, "high": None, "replicates": 0}


def test_thresholds_come_from_validation_only(evaluated, tmp_path):
    validation, _, report, _ = evaluated
    other = evaluate(validation, multilabel(2), NAMES, "multilabel", tmp_path, replicates=2)
    for name, column in (("edema", 0), ("mass", 1)):
        assert report["classes"][name]["threshold"] == other["classes"][name]["threshold"]
        assert report["classes"][name]["threshold"] in validation.probabilities[:, column]


def test_files(evaluated):
    report, folder = evaluated[2:]
    assert {path.name for path in folder.iterdir()} == FILES
    assert json.loads((folder / "evaluation.json").read_text()) == report
    thresholds = [report["classes"]["edema"]["threshold"], report["classes"]["mass"]["threshold"], np.nan]
    np.testing.assert_array_equal(read_thresholds(folder / "thresholds.json", NAMES), thresholds)
    with (folder / "evaluation.csv").open(newline="") as file:
        rows = {row["class"]: row for row in csv.DictReader(file)}
    assert list(rows) == [*NAMES, "mean"]
    assert float(rows["mass"]["auroc_high"]) == report["classes"]["mass"]["auroc"]["high"]
    assert rows["hernia"]["auroc"] == ""
    assert float(rows["mean"]["specificity"]) == report["mean"]["specificity"]["value"]
    for name in ("roc_curves.png", "calibration.png"):
        with Image.open(folder / name) as image:
            assert image.format == "PNG"


def test_cases(evaluated):
    _, test, _, folder = evaluated
    with (folder / "cases.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["image", "patient", *(f"{part}_{n}" for part in ("label", "probability") for n in NAMES)]
    assert [(row["image"], row["patient"]) for row in rows] == list(zip(test.images, test.patients, strict=True))
    for c, name in enumerate(NAMES):
        assert [row[f"label_{name}"] for row in rows] == ["" if y < 0 else str(int(y)) for y in test.labels[:, c]]
        found = [float(row[f"probability_{name}"]) for row in rows]
        np.testing.assert_allclose(found, test.probabilities[:, c], atol=1e-6)
    scores = read_scores(folder / "cases.csv")
    assert scores["probability_mass"]["p0", ""] == pytest.approx(test.probabilities[:2, 1].mean(), abs=1e-6)


def test_patients_are_named_in_the_table_of_images_only(tmp_path, capsys):
    secret = Predictions(
        *(getattr(multilabel(0), part) for part in ("probabilities", "labels")), ("DOE^JANE",) * 120, ("x",) * 120
    )
    evaluate(secret, secret, NAMES, "multilabel", tmp_path, replicates=2)
    assert "DOE" not in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir() if b"DOE" in path.read_bytes()] == ["cases.csv"]


def test_table(tmp_path, capsys):
    # Perfect on both: every interval is a point.
    perfect = Predictions(
        np.array([[0.9], [0.8], [0.2], [0.1]] * 5), np.array([[1], [1], [0], [0]] * 5), tuple("abcd") * 5, ("i",) * 20
    )
    evaluate(perfect, perfect, ["edema"], "multilabel", tmp_path, replicates=20)
    lines = capsys.readouterr().out.splitlines()
    assert lines[6:] == ["", f"Report:  {tmp_path}"]
    assert lines[0] == "20 test images of 4 patients, 95% bootstrap intervals over patients"
    assert lines[4].split() == ["edema", "10/20", "0.8", *["1.000", "(1.000-1.000)"] * 4]
    assert lines[5].split() == ["mean", *["1.000", "(1.000-1.000)"] * 4]


def test_multiclass_is_one_against_the_rest(tmp_path):
    rng = np.random.default_rng(3)
    p = rng.dirichlet(np.ones(3), 90)
    y = np.array([rng.choice(3, p=row) for row in p])
    predictions = Predictions(p, y, tuple(map(str, range(90))), tuple(map(str, range(90))))
    report = evaluate(predictions, predictions, NAMES, "multiclass", tmp_path, replicates=20)
    assert report["mean"]["auroc"]["value"] == pytest.approx(roc_auc_score(y, p, multi_class="ovr"))


def test_seed(evaluated, tmp_path):
    validation, test, report, _ = evaluated
    again = evaluate(validation, test, NAMES, "multilabel", tmp_path, replicates=200)
    assert again == report
    other = evaluate(validation, test, NAMES, "multilabel", tmp_path, replicates=200, seed=1)
    assert other["mean"]["auroc"]["low"] != report["mean"]["auroc"]["low"]
    assert other["mean"]["auroc"]["value"] == report["mean"]["auroc"]["value"]


def test_all_files_or_none(evaluated, tmp_path, monkeypatch):
    validation, test = evaluated[:2]
    (tmp_path / "evaluation.json").write_text("old")

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr("monai_ssl.reports.evaluation.table_rows", fail)
    with pytest.raises(OSError, match="disk full"):
        evaluate(validation, test, NAMES, "multilabel", tmp_path, replicates=2)
    assert [path.name for path in tmp_path.iterdir()] == ["evaluation.json"]
    assert (tmp_path / "evaluation.json").read_text() == "old"


def test_predictions_that_do_not_fit(evaluated, tmp_path):
    validation, test = evaluated[:2]
    with pytest.raises(InputError, match="not multiclass with 3"):
        evaluate(validation, test, NAMES, "multiclass", tmp_path)
    with pytest.raises(InputError, match="not multilabel with 1"):
        evaluate(validation, test, ["edema"], "multilabel", tmp_path)
    unlabeled = Predictions(test.probabilities, np.full((120, 3), np.nan), test.patients, test.images)
    with pytest.raises(InputError, match="among the test images"):
        evaluate(validation, unlabeled, NAMES, "multilabel", tmp_path)
    with pytest.raises(InputError, match="among the validation images"):
        evaluate(unlabeled, test, NAMES, "multilabel", tmp_path)
    assert not list(tmp_path.iterdir())
