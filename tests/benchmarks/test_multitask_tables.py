"""The source's tables and figures of S4MTL and its baselines, from evaluations as the bundle writes them."""

import csv
import json

import pytest
from PIL import Image

from benchmarks import compare_budgets, multitask_tables

CLASSES = ("normal", "tuberculosis")


def entry(value):
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def write_report(folder, accuracy=None, dice=None):
    path = folder / "eval" / "evaluation"
    path.mkdir(parents=True)
    report = {"classes": {}, "regions": {}, "mean": {}}
    if accuracy is not None:
        report["classes"] = {name: {"f1_most_probable": entry(accuracy - 0.1)} for name in CLASSES}
        report["mean"] |= {"accuracy": entry(accuracy), "auroc": entry(accuracy + 0.1)}
    if dice is not None:
        report["regions"] = {"lung": {"dice": entry(dice)}}
        report["mean"] |= {metric: entry(dice) for metric in multitask_tables.MASKS}
        (path / "masks").mkdir()
        with (path / "masks" / "cases.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["image", "dice"], ["a", dice], ["b", dice / 2], ["c", ""]])
    (path / "evaluation.json").write_text(json.dumps(report))


@pytest.fixture
def runs(tmp_path):
    for budget, shift in (("0.05", 0.0), ("0.5", 0.1)):
        for seed in (0, 1):
            write_report(tmp_path / budget / f"s4mtl_{seed}", 0.6 + shift + 0.02 * seed, 0.8 + shift)
            write_report(tmp_path / budget / f"convnet_{seed}", 0.5 + shift)
    write_report(tmp_path / "0.5" / "unet_full_0", dice=0.9)
    return tmp_path


def test_the_tables_have_our_numbers_and_the_sources(runs, capsys):
    multitask_tables.main(["--comparisons", str(runs / "0.05"), str(runs / "0.5"), "--output", str(runs)])
    printed = capsys.readouterr().out
    diagnosis, masks, _ = printed.split("\n\n")
    assert diagnosis.splitlines() == [
        "| system | seeds | Accuracy | F1 (normal) | F1 (tuberculosis) |",
        "| --- | --- | --- | --- | --- |",
        "| Conv-Net-50% | 2 | 0.600 (0.630) | 0.500 (0.460) | 0.500 (0.710) |",
        "| Conv-Net-5% | 2 | 0.500 (0.480) | 0.400 (0.650) | 0.400 (0.000) |",
        # the mean of .70 and .72
        "| S4MTL-50% | 2 | 0.710 (0.700) | 0.610 (0.530) | 0.610 (0.710) |",
        "| S4MTL-5% | 2 | 0.610 (0.590) | 0.510 (0.600) | 0.510 (0.360) |",
    ]
    assert [row.split(" | ")[0] for row in masks.splitlines()[2:]] == ["| U-Net-100%", "| S4MTL-50%", "| S4MTL-5%"]
    assert "| U-Net-100% | 1 | 0.900 (0.922) | 0.900 (0.856) | 0.900 (0.816) | 0.900 (4.524) |" in masks
    assert (runs / "multitask.md").read_text().strip() == f"{diagnosis}\n\n{masks}"
    for name in ("dice_boxes", "accuracy"):
        with Image.open(runs / f"{name}.png") as image:
            assert min(image.size) > 300


def test_the_figures_show_each_seed_and_image(runs):
    found = multitask_tables.read_runs([runs / "0.05", runs / "0.5"])
    boxes = multitask_tables.boxes_figure(found, "title")
    assert [panel.get_title() for panel in boxes.axes] == ["U-Net", "S4MTL"]
    assert multitask_tables.read_dice(found["s4mtl", 5]) == [0.8, 0.4, 0.8, 0.4]
    (axes,) = multitask_tables.accuracy_figure(found, "title").axes
    lines = {line.get_label(): list(line.get_ydata()) for line in axes.lines if not line.get_label().startswith("_")}
    assert lines == {"Conv-Net": pytest.approx([0.5, 0.6]), "S4MTL": pytest.approx([0.61, 0.71])}


def test_a_folder_without_these_systems(runs, capsys):
    (runs / "none").mkdir()
    with pytest.raises(SystemExit):
        multitask_tables.main(["--comparisons", str(runs / "none"), "--output", str(runs)])
    assert "no evaluation of convnet, unet, umtl, s2mtl, s4mtl" in capsys.readouterr().err


def test_what_is_there_twice_and_folders_without_a_fraction(runs, capsys):
    write_report(runs / "0.05" / "unet_full_0", dice=0.9)
    (runs / "0.5").rename(runs / "half")
    both = [str(runs / "0.05"), str(runs / "half")]
    for folders, message in (
        (both, "could not convert string to float: 'half'"),
        (both[:1] * 2, "same system, labels"),
    ):
        with pytest.raises(SystemExit):
            multitask_tables.main(["--comparisons", *folders, "--output", str(runs)])
        assert message in capsys.readouterr().err
    multitask_tables.main(["--comparisons", both[0], "--output", str(runs / "new" / "folder")])
    assert (runs / "new" / "folder" / "multitask.md").is_file()


def test_systems_of_one_task_beside_those_of_both(runs, capsys):
    """A system without a metric has a dash, and is not in the figure of that metric."""
    compare_budgets.main(["--comparisons", str(runs / "0.5"), "--output", str(runs)])
    rows = {line.split(" | ")[0][2:]: line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")}
    assert rows["convnet"].startswith("| convnet | 0.700 ± 0.000 | 0.600 ± 0.000 | - | - |")
    assert rows["unet_full"].startswith("| unet_full | - | - | 0.900 | 0.900 |")
