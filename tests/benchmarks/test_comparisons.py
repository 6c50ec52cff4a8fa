"""The tables and figures of comparisons, from evaluations as the bundles write them."""

import ast
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from benchmarks import compare_budgets, compare_methods


def write_report(folder, auroc=None, **more):
    path = folder / "eval" / "evaluation" / "evaluation.json"
    path.parent.mkdir(parents=True)
    mean = {} if auroc is None else {"auroc": auroc, "average_precision": auroc / 2}
    mean |= more
    values = {name: {"value": value, "low": value - 0.1, "high": value + 0.1} for name, value in mean.items()}
    path.write_text(json.dumps({"mean": {"classes": ["a"], **values}}))


@pytest.fixture
def runs(tmp_path):
    for budget, shift in (("0.1", 0.0), ("0.2", 0.1)):
        for system, auroc in {"supervised": 0.6, "srcl_joint": 0.7, "srcl": 0.5}.items():
            for seed in (0, 1):
                write_report(tmp_path / budget / f"{system}_{seed}", auroc + shift + 0.02 * seed, accuracy=0.25)
    return tmp_path


def test_budgets_side_by_side(runs, capsys):
    folders = [str(runs / budget) for budget in ("0.1", "0.2")]
    compare_budgets.main(["--comparisons", *folders, "--output", str(runs)])
    printed = capsys.readouterr().out
    rows = [line for line in printed.splitlines() if line.startswith("| s")]
    assert [row.split(" | ")[0] for row in rows] == 2 * ["| supervised", "| srcl_joint", "| srcl"]
    # The mean of .60 and .62 and the deviation of a sample of two.
    assert (
        rows[0]
        == "| supervised | 0.610 ± 0.014 | 0.305 ± 0.007 | 0.250 ± 0.000 | 0.600 [0.500, 0.700], 0.620 [0.520, 0.720] |"
    )
    assert "0.800 [0.700, 0.900], 0.820 [0.720, 0.920]" in rows[4]
    assert (runs / "budgets.md").read_text().strip() in printed
    with Image.open(runs / "budgets.png") as image:
        assert min(image.size) > 300


def test_a_folder_without_evaluations_is_named(runs, capsys):
    (runs / "0.3").mkdir()
    with pytest.raises(SystemExit):
        compare_budgets.main(["--comparisons", str(runs / "0.1"), str(runs / "0.3"), "--output", str(runs)])
    assert "no evaluation in" in capsys.readouterr().err


def test_what_is_done_is_not_done_again(runs, capsys):
    """All reports are there, so that nothing is trained."""
    lists = [str(runs / "nowhere"), str(runs / "nowhere")]
    compare_methods.main(
        ["--dataset_dirs", *lists, "--output", str(runs / "0.1"), "--systems", "srcl", "supervised", "--jobs", "1"]
    )
    assert "4/4: supervised, seed 1" in capsys.readouterr().out
    assert (runs / "0.1" / "table.md").read_text().splitlines()[2].startswith("| srcl | 0.510 ± 0.014")


def test_every_system_is_a_bundle_with_its_overlays():
    for system in compare_methods.SYSTEMS.values():
        configs = compare_methods.REPOSITORY / "bundles" / system.bundle / "configs"
        for name in ("train", *system.overlays, *system.evaluation):
            assert (configs / f"{name}.json").is_file()


def test_segmentation_is_compared_by_dice(tmp_path, capsys):
    for system, dice in {"robust_ce": 0.5, "upper": 0.8}.items():
        for seed in (0, 1):
            write_report(tmp_path / "0.3" / f"{system}_{seed}", dice=dice + 0.02 * seed, hd95=10.0 * (1 + seed))
    compare_budgets.main(["--comparisons", str(tmp_path / "0.3"), "--output", str(tmp_path)])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    # The mean of 10 and 20, and the deviation of a sample of two, 10 / sqrt(2).
    assert rows[0] == "| method | Dice | HD95 (mm or pixels) | Dice, each seed [95 % interval] |"
    assert rows[2] == "| robust_ce | 0.510 ± 0.014 | 15.000 ± 7.071 | 0.500 [0.400, 0.600], 0.520 [0.420, 0.620] |"
    assert rows[3].startswith("| upper | 0.810 ± 0.014")
    with Image.open(tmp_path / "budgets.png") as image:
        assert min(image.size) > 300

    lists = ["nowhere", "nowhere"]
    arguments = ["--dataset_dirs", *lists, "--output", str(tmp_path / "0.3"), "--systems", "upper", "robust_ce"]
    with pytest.raises(SystemExit):
        compare_methods.main(arguments)
    assert "upper needs a list in --full_dirs" in capsys.readouterr().err
    compare_methods.main([*arguments, "--full_dirs", *lists])
    assert (tmp_path / "0.3" / "dice.png").is_file()


def test_configurations_options_and_lists_of_each_system(tmp_path, monkeypatch):
    ran = []

    def run(command, **_):
        options = dict(zip(command[5::2], command[6::2], strict=True))
        files = [Path(file) for file in ast.literal_eval(options["--config_file"])]
        ran.append((command[4], files[0].parts[-3], [file.stem for file in files], options))
        if command[4] == "evaluating":
            write_report(Path(options["--bundle_root"]), dice=0.5)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(compare_methods.subprocess, "run", run)
    arguments = ["--dataset_dirs", "few", "--full_dirs", "all", "--output", str(tmp_path), "--jobs", "1"]
    compare_methods.main([*arguments, "--systems", "masks_noteacher", "robust_sce", "upper", "--max_epochs", "3"])
    masks = ["train", "segmentation"]
    assert [step[:3] for step in ran] == [
        ("training", "noteacher", masks),
        ("evaluating", "noteacher", [*masks, "segmentation_evaluate"]),
        ("training", "robust_pseudo_label", ["train"]),
        ("evaluating", "robust_pseudo_label", ["train", "evaluate"]),
        ("training", "supervised", masks),
        ("evaluating", "supervised", [*masks, "segmentation_evaluate"]),
    ]
    assert [Path(options["--dataset_dir"]).name for *_, options in ran] == 4 * ["few"] + 2 * ["all"]
    assert [options.get("--robust_loss") for *_, options in ran] == [None, None, "sce", "sce", None, None]
    assert {options["--max_epochs"] for *_, options in ran} == {"3"}
