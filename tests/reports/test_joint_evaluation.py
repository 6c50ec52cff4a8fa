import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from benchmarks.compare_methods import METRICS, table
from monai_ssl.compare.__main__ import main
from monai_ssl.errors import InputError
from monai_ssl.metrics import Predictions, region_scores
from monai_ssl.reports import SegmentationCase, evaluate, evaluate_joint, evaluate_segmentation

CLASSES = ("normal", "tuberculosis", "nodule")
REGIONS = {"lung": [1], "heart": [2]}


def diagnoses(seed, count=24):
    """Every eighth image has no class."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(3), count)
    y = np.arange(count) % 3
    y[7::8] = -1
    return Predictions(p, y, tuple(f"p{i // 2}" for i in range(count)), tuple(f"images/{i}.png" for i in range(count)))


def masks(count=24):
    """Every fifth image has no mask; the last two are of no diagnosis' images."""
    rng = np.random.default_rng(5)
    cases = []
    for index in [index for index in range(count) if index % 5] + [90, 91]:
        truth = np.zeros((20, 24), np.uint8)
        truth[3:12, 3:15], truth[14:18, 4:20] = 1, 2
        found = np.roll(truth, rng.integers(-2, 3, 2), (0, 1))
        scores = region_scores(found, truth, REGIONS)
        cases.append(SegmentationCase(f"images/{index}.png", f"p{index // 2}", scores, ("pixels", "pixels")))
    return cases


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("joint") / "report"
    given = diagnoses(0), diagnoses(1), masks()
    return given, evaluate_joint(folder, CLASSES, list(REGIONS), *given, replicates=30, seed=3), folder


def test_the_numbers_are_those_of_the_two_evaluations(evaluated, tmp_path):
    (validation, test, cases), report, _ = evaluated
    diagnosis = evaluate(validation, test, CLASSES, "multiclass", tmp_path, replicates=30, seed=3)
    found = evaluate_segmentation(cases, list(REGIONS), tmp_path, replicates=30, seed=3)
    assert report["classes"] == diagnosis["classes"]
    assert report["regions"] == found["classes"]
    assert found["mean"].pop("classes") == list(REGIONS)
    assert report["mean"] == {**diagnosis["mean"], **found["mean"], "regions": list(REGIONS)}
    head = {key: report[key] for key in ("task", "confidence", "replicates", "seed", "length_unit", "test")}
    # 24 images of 12 patients, and 2 of a 13th that have a mask alone.
    assert head == {
        **{"task": "joint", "confidence": 0.95, "replicates": 30, "seed": 3, "length_unit": "pixels"},
        "test": {"images": 26, "patients": 13},
    }


def test_files(evaluated):
    (_, test, cases), report, folder = evaluated
    assert {path.name for path in folder.iterdir()} == {
        *("diagnosis", "masks", "evaluation.json", "bland_altman.png", "dice_by_class.png")
    }
    assert json.loads((folder / "evaluation.json").read_text()) == report
    assert (folder / "diagnosis" / "confusion_matrix.png").is_file()
    for name in ("bland_altman", "dice_by_class"):
        with Image.open(folder / f"{name}.png") as image:
            assert image.format == "PNG"
    with (folder / "masks" / "cases.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    label = dict(zip(test.images, test.labels.tolist(), strict=True))
    expected = [CLASSES[label[case.image]] if label.get(case.image, -1) >= 0 else "" for case in cases]
    assert [row["class"] for row in rows[::2]] == [row["class"] for row in rows[1::2]] == expected
    assert set(expected) == {*CLASSES, ""}


def test_both_tables_can_be_compared(evaluated, capsys):
    folder = evaluated[2]
    for part, metric in (("diagnosis", "correct"), ("masks", "average_hausdorff_pixels")):
        tables = 2 * [str(folder / part / "cases.csv")]
        assert main([*tables, "--names", "a", "b", "--metrics", metric]) == 0
        assert metric in capsys.readouterr().out


def test_the_table_of_methods_has_the_means_of_both(evaluated):
    header, _, row = table({"s4mtl": [evaluated[1]]}).splitlines()
    names = [cell.strip() for cell in header.split("|")[2:-2]]
    assert names == [METRICS[metric] for metric in METRICS if metric in evaluated[1]["mean"]]
    assert {"AUROC", "F1", "Dice", "Jaccard", "SSIM", "precision", "recall"} <= set(names)
    mean = evaluated[1]["mean"]["jaccard"]["value"]
    assert row.split("|")[2 + names.index("Jaccard")].strip() == f"{mean:.3f}"


def test_what_a_model_does_not_give_is_left_out_and_nothing_of_before_stays(tmp_path):
    given = diagnoses(0), diagnoses(1)
    evaluate_joint(tmp_path, CLASSES, list(REGIONS), *given, masks(), replicates=2)
    (tmp_path / "diagnosis" / "notes.txt").write_text("mine")
    report = evaluate_joint(tmp_path, CLASSES, list(REGIONS), cases=masks(), replicates=2)
    assert report["classes"] == {}
    assert set(report["regions"]) == set(REGIONS)
    assert report["mean"]["regions"] == list(REGIONS)
    assert "auroc" not in report["mean"]
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {
        *("evaluation.json", "bland_altman.png", "diagnosis/notes.txt"),
        *(f"masks/{name}" for name in ("evaluation.csv", "evaluation.json", "cases.csv", "dice.png")),
    }
    with (tmp_path / "masks" / "cases.csv").open() as file:
        assert next(file).startswith("image,patient,region,")
    (tmp_path / "diagnosis" / "notes.txt").unlink()
    report = evaluate_joint(tmp_path, CLASSES, list(REGIONS), *given, replicates=2)
    assert report["regions"] == {}
    assert "length_unit" not in report
    assert "dice" not in report["mean"]
    assert {path.name for path in tmp_path.iterdir()} == {"evaluation.json", "diagnosis"}


def test_a_part_that_the_test_images_cannot_judge_is_left_out(tmp_path, caplog):
    validation, test, cases = diagnoses(0), diagnoses(1), masks()
    unknown = Predictions(test.probabilities, np.full(24, -1), test.patients, test.images)
    report = evaluate_joint(tmp_path, CLASSES, list(REGIONS), validation, unknown, cases, replicates=2)
    assert (report["classes"], set(report["regions"])) == ({}, set(REGIONS))
    report = evaluate_joint(tmp_path, CLASSES, list(REGIONS), validation, test, (), replicates=2)
    assert (set(report["classes"]), report["regions"]) == (set(CLASSES), {})
    told = [record.message for record in caplog.records]
    assert told == [
        "No test image has a class, so the diagnosis is not evaluated.",
        "No test image has a mask, so the masks are not evaluated.",
    ]
    with pytest.raises(InputError, match="No test image has a mask or a class"):
        evaluate_joint(tmp_path, CLASSES, list(REGIONS), validation, unknown, ())


def test_classes_may_come_with_the_masks(tmp_path):
    """Of a model that gives no diagnosis."""
    cases = [replace(case, label=index % 3 - 1) for index, case in enumerate(masks())]
    evaluate_joint(tmp_path, CLASSES, list(REGIONS), cases=cases, replicates=2)
    assert (tmp_path / "dice_by_class.png").is_file()
    with (tmp_path / "masks" / "cases.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[::2]
    assert [row["class"] for row in rows[:4]] == ["", "normal", "tuberculosis", ""]


def test_labels_of_their_own_are_no_classes_of_an_image(tmp_path):
    several = [Predictions(p.probabilities, p.label_columns, p.patients, p.images) for p in map(diagnoses, (0, 1))]
    evaluate_joint(tmp_path, CLASSES, list(REGIONS), *several, masks(), replicates=2)
    assert not (tmp_path / "dice_by_class.png").exists()
    assert (tmp_path / "bland_altman.png").exists()


def test_what_does_not_fit_is_refused_before_anything_is_written(tmp_path):
    validation, test, cases = diagnoses(0), diagnoses(1), masks()
    with pytest.raises(ValueError, match="nothing to evaluate"):
        evaluate_joint(tmp_path, CLASSES, list(REGIONS))
    for part in ({"validation": validation}, {"test": test}):
        with pytest.raises(ValueError, match="go together"):
            evaluate_joint(tmp_path, CLASSES, list(REGIONS), **part, cases=cases)
    with pytest.raises(InputError, match="its regions are lung, heart, not lung"):
        evaluate_joint(tmp_path, CLASSES, ["lung"], validation, test, cases)
    with pytest.raises(InputError, match="with 3 classes, not multiclass with 2"):
        evaluate_joint(tmp_path, CLASSES[:2], list(REGIONS), validation, test, cases)
    unknown = Predictions(validation.probabilities, np.full(24, -1), validation.patients, validation.images)
    with pytest.raises(InputError, match="among the validation images"):
        evaluate_joint(tmp_path, CLASSES, list(REGIONS), unknown, test, cases)
    assert not list(tmp_path.iterdir())
