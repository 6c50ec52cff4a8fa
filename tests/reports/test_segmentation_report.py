import csv
import json

import numpy as np
import pytest
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.metrics import RegionScore
from monai_ssl.reports import OverlayRow, SegmentationCase, evaluate_segmentation

NAMES = ("whole", "core", "never")
METRICS = ("dice", "hd95", "jaccard", "ssim", "average_hausdorff", "precision", "recall")
MISSED = RegionScore(
    dice=0.0, hd95=50.0, jaccard=0.0, ssim=0.9, average_hausdorff=50.0, recall=0.0, volume=0, true_volume=7
)
FALSE, ABSENT = (RegionScore(volume=volume, true_volume=0) for volume in (3, 0))


def found(rng, low, high, farthest):
    """A region with numbers at random, each metric with others."""
    parts = dict(zip(METRICS, rng.uniform(low, high, len(METRICS)).tolist(), strict=True))
    parts |= {"hd95": rng.uniform(1, farthest), "average_hausdorff": rng.uniform(0, 1)}
    return RegionScore(**parts, volume=10, true_volume=12)


def make_cases(count=20, picture=None):
    rng = np.random.default_rng(0)
    cases = []
    for index in range(count):
        whole, core = found(rng, 0.5, 1, 9), found(rng, 0.2, 0.9, 20)
        core = {0: MISSED, 1: FALSE, 2: ABSENT, 3: ABSENT}.get(index, core)
        scores = dict(zip(NAMES, (whole, core, ABSENT), strict=True))
        cases.append(SegmentationCase(f"{index}.nii.gz", f"p{index // 2}", scores, ("mm", "mm3"), picture))
    return cases


def column(cases, metric, name):
    return np.array([getattr(case.scores[name], metric) for case in cases])


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("segmentation") / "report"
    mask = np.eye(5, dtype=bool)[None].repeat(3, axis=0)
    cases = make_cases(picture=OverlayRow(np.random.default_rng(0).random((1, 5, 5)), mask))
    return cases, evaluate_segmentation(cases, NAMES, folder, replicates=200), folder


def test_values_are_means_over_the_images_that_have_the_region(evaluated):
    cases, report, _ = evaluated
    means = {}
    for metric in METRICS:
        for name in ("whole", "core"):
            means[metric, name] = np.nanmean(column(cases, metric, name))
            assert report["classes"][name][metric]["value"] == pytest.approx(means[metric, name])
        expected = (means[metric, "whole"] + means[metric, "core"]) / 2
        assert report["mean"][metric]["value"] == pytest.approx(expected)
        assert report["classes"]["never"][metric] == {"value": None, "low": None, "high": None, "replicates": 0}
    counts = {name: [entry[key] for key in ("images", "missed", "false_positives")]
              for name, entry in report["classes"].items()}  # fmt: skip
    assert counts == {"whole": [20, 0, 0], "core": [17, 1, 1], "never": [0, 0, 0]}
    assert report["mean"]["classes"] == ["whole", "core"]
    assert report["test"] == {"images": 20, "patients": 10}
    assert (report["task"], report["length_unit"], report["confidence"]) == ("segmentation", "mm", 0.95)


def test_intervals_are_of_a_bootstrap_over_patients(evaluated):
    """Patients are drawn anew here, image by image, with the same generator."""
    cases, report, _ = evaluated
    for metric in ("hd95", "jaccard", "precision"):
        _check_intervals(cases, report, metric)


def _check_intervals(cases, report, metric):
    names = sorted({case.patient for case in cases})
    draws = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), size=100)
    draws = np.concatenate([draws, _second_hundred(names)])
    means = {"whole": [], "core": [], "mean": []}
    for draw in draws:
        drawn = [case for case in cases for _ in range(draw[names.index(case.patient)])]
        for name in ("whole", "core"):
            means[name].append(np.nanmean(column(drawn, metric, name)))
        means["mean"].append((means["whole"][-1] + means["core"][-1]) / 2)
    for name, values in means.items():
        entry = (report["mean"] if name == "mean" else report["classes"][name])[metric]
        assert [entry["low"], entry["high"]] == pytest.approx(np.quantile(values, [0.025, 0.975]))
        assert entry["low"] < entry["value"] < entry["high"]
        assert entry["replicates"] == 200


def _second_hundred(names):
    generator = np.random.default_rng(0)
    return [generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=100) for _ in range(2)][1]


def test_files(evaluated):
    cases, report, folder = evaluated
    assert {path.name for path in folder.iterdir()} == {
        *("evaluation.csv", "evaluation.json", "cases.csv", "dice.png", "overlays.png")
    }
    assert json.loads((folder / "evaluation.json").read_text()) == report
    with (folder / "evaluation.csv").open(newline="") as file:
        rows = {row["region"]: row for row in csv.DictReader(file)}
    assert list(rows) == [*NAMES, "mean"]
    for metric in METRICS:
        assert float(rows["core"][f"{metric}_high"]) == report["classes"]["core"][metric]["high"]
    assert (rows["core"]["missed"], rows["never"]["dice"], rows["mean"]["images"]) == ("1", "", "")
    with (folder / "cases.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 3 * len(cases)
    assert lines[1] == {
        **{"image": "0.nii.gz", "patient": "p0", "region": "core", "outcome": "missed", "dice": "0.0"},
        **{"hd95_mm": "50.0", "jaccard": "0.0", "ssim": "0.9", "average_hausdorff_mm": "50.0"},
        **{"precision": "", "recall": "0.0", "predicted_mm3": "0", "true_mm3": "7"},
    }
    assert (lines[4]["outcome"], lines[4]["dice"], lines[4]["predicted_mm3"]) == ("false positive", "", "3")
    for name in ("dice.png", "overlays.png"):
        with Image.open(folder / name) as image:
            assert image.format == "PNG"


def test_table(tmp_path, capsys):
    numbers = {"dice": 0.5, "hd95": 12.345, "jaccard": 1 / 3, "ssim": 0.75, "average_hausdorff": 2.5, "precision": 1}
    scores = {"whole": RegionScore(**numbers, recall=0.25, volume=1, true_volume=4), "never": ABSENT}
    cases = [SegmentationCase("a.png", "p", scores, ("pixels", "pixels"))]
    evaluate_segmentation(cases, ["whole", "never"], tmp_path, replicates=3)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 test images of 1 patients, 95% bootstrap intervals over patients"
    assert lines[2].split("  ")[-1].strip() == "hd95 (pixels)"
    assert lines[4].split() == [*("whole", "1", "0", "0"), *("0.500", "(0.500-0.500)", "12.35", "(12.35-12.35)")]
    assert lines[5].split() == ["never", "0", "0", "0", "-", "-"]
    assert lines[6].split() == ["mean", *("0.500", "(0.500-0.500)", "12.35", "(12.35-12.35)")]
    further = "jaccard  ssim   average hausdorff (pixels)  precision  recall"
    assert lines[8] == f"region  {further}"
    assert lines[10].split() == ["whole", "0.333", "0.750", "2.50", "1.000", "0.250"]
    assert lines[11].split() == ["never", *5 * "-"]
    assert lines[12].split() == ["mean", "0.333", "0.750", "2.50", "1.000", "0.250"]
    assert lines[13:] == ["", f"Report:  {tmp_path}"]


def test_long_names_leave_the_table_readable(tmp_path, capsys):
    cases = make_cases()
    evaluate_segmentation(cases, NAMES, tmp_path, replicates=2)
    assert max(map(len, capsys.readouterr().out.splitlines()[:-1])) <= 120


def test_the_class_of_each_image_has_a_column(tmp_path):
    evaluate_segmentation(make_cases(4), NAMES, tmp_path, replicates=2, groups={"1.nii.gz": "tuberculosis"})
    with (tmp_path / "cases.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:4] == ["image", "patient", "class", "region"]
    assert [row["class"] for row in rows] == 3 * [""] + 3 * ["tuberculosis"] + 6 * [""]


def test_an_earlier_picture_does_not_stay(tmp_path):
    (tmp_path / "overlays.png").write_text("old")
    evaluate_segmentation(make_cases(), NAMES, tmp_path, replicates=2)
    assert not (tmp_path / "overlays.png").exists()


def test_all_files_or_none(tmp_path, monkeypatch):
    (tmp_path / "evaluation.json").write_text("old")

    def fail(*args):
        raise OSError("disk full")

    # The CSV files are written last, when all others are there under temporary names.
    monkeypatch.setattr("monai_ssl.reports.files.csv.writer", fail)
    with pytest.raises(OSError, match="disk full"):
        evaluate_segmentation(make_cases(), NAMES, tmp_path, replicates=2)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("evaluation.json", "old")]


def test_what_does_not_fit(tmp_path):
    cases = make_cases(4)
    with pytest.raises(InputError, match="no test images"):
        evaluate_segmentation([], NAMES, tmp_path)
    with pytest.raises(InputError, match=r"0.nii.gz: its regions are whole, core, never, not core, whole"):
        evaluate_segmentation(cases, ["core", "whole"], tmp_path)
    other = SegmentationCase("x.png", "p9", cases[0].scores, ("pixels", "pixels"))
    with pytest.raises(InputError, match=r"x.png: its distances are in pixels"):
        evaluate_segmentation([*cases, other], NAMES, tmp_path)
    empty = SegmentationCase("x", "p", dict.fromkeys(NAMES, ABSENT), ("mm", "mm3"))
    with pytest.raises(InputError, match="no mask of the test images shows a region"):
        evaluate_segmentation([empty], NAMES, tmp_path)
    assert not list(tmp_path.iterdir())
