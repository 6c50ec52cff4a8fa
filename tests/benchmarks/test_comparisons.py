"""The tables and figures of comparisons, from evaluations as the bundles write them."""

import json

import pytest
from PIL import Image

from benchmarks import compare_budgets, compare_methods


def write_report(folder, auroc, **more):
    path = folder / "eval" / "evaluation" / "evaluation.json"
    path.parent.mkdir(parents=True)
    mean = {"auroc": auroc, "average_precision": auroc / 2, **more}
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
    assert rows[0] == "| supervised | 0.610 ± 0.014 | 0.305 ± 0.007 | 0.250 ± 0.000 | 0.600, 0.620 |"
    assert "0.800, 0.820" in rows[4]
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
    for bundle, *overlays in compare_methods.SYSTEMS.values():
        for name in ("train", *overlays, "evaluate"):
            assert (compare_methods.REPOSITORY / "bundles" / bundle / "configs" / f"{name}.json").is_file()
