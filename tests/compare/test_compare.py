"""The command, on tables as evaluations write them."""

import csv
import math

import numpy as np
import pytest
from scipy import stats

from monai_ssl.compare import read_scores
from monai_ssl.compare.__main__ import main
from monai_ssl.errors import InputError

HEADER = "image,patient,region,outcome,dice,hd95_mm"


@pytest.fixture
def runs(tmp_path):
    """Three runs on twelve images of six patients, with two regions; the first is the best."""
    random = np.random.RandomState(0)
    truth = random.rand(12, 2) * 0.3 + 0.6
    for run, (shift, noise) in {"s4mtl": (0.05, 0.01), "unet": (0.0, 0.02), "umtl": (-0.1, 0.02)}.items():
        lines = [HEADER]
        for image, region in np.ndindex(12, 2):
            dice = truth[image, region] + shift + noise * random.randn()
            lines.append(f"img{image}.png,p{image // 2},{'AB'[region]},found,{dice:.4f},{10 * (1 - dice):.4f}")
        path = tmp_path / run / "eval" / "cases.csv"
        path.parent.mkdir(parents=True)
        path.write_text("\n".join(lines) + "\n")
    return tmp_path


def tables(folder, *names):
    return [str(folder / name / "eval" / "cases.csv") for name in names]


def column(folder, run, region, name="dice", by="patient"):
    with (folder / run / "eval" / "cases.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["region"] == region]
    units = list(dict.fromkeys(row[by] for row in rows))
    return np.array([np.mean([float(row[name]) for row in rows if row[by] == unit]) for unit in units])


def test_the_table_and_the_csv(runs, capsys):
    output = runs / "comparison.csv"
    assert main([*tables(runs, "s4mtl", "unet", "umtl"), "--metrics", "dice", "--output", str(output)]) == 0
    printed = capsys.readouterr().out
    assert "dice, A: 6 patients" in printed
    assert "dice, B: 6 patients" in printed
    assert "hd95" not in printed
    assert f"Table: {output}" in printed
    with output.open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["region"], row["run"], row["reference"]) for row in rows] == [
        (region, run, "s4mtl") for region in "AB" for run in ("s4mtl", "unet", "umtl")
    ]
    values = {run: column(runs, run, "A") for run in ("s4mtl", "unet", "umtl")}
    reference, unet, umtl = rows[:3]
    assert float(reference["mean"]) == pytest.approx(values["s4mtl"].mean())
    assert reference["t_p"] == ""
    assert float(reference["anova_p"]) == pytest.approx(stats.f_oneway(*values.values()).pvalue)
    p = {run: stats.ttest_rel(values["s4mtl"], values[run]).pvalue for run in ("unet", "umtl")}
    assert float(unet["t_p"]) == pytest.approx(p["unet"])
    # Of two, the smaller is doubled.
    assert p["umtl"] < p["unet"]
    assert float(umtl["t_p_holm"]) == pytest.approx(2 * p["umtl"])
    assert float(unet["t_p_holm"]) == pytest.approx(max(p["unet"], 2 * p["umtl"]))
    assert float(umtl["difference"]) == pytest.approx((values["s4mtl"] - values["umtl"]).mean())
    line = next(line for line in printed.splitlines() if line.startswith("umtl"))
    assert f"{values['umtl'].mean():.3f} ± {values['umtl'].std(ddof=1):.3f}" in line


def test_images_where_they_are_asked_for(runs, capsys):
    main([*tables(runs, "unet", "umtl"), "--by_image", "--metrics", "hd95_mm", "--names", "a", "b"])
    printed = capsys.readouterr().out
    assert "hd95_mm, A: 12 images" in printed
    expected = column(runs, "unet", "A", "hd95_mm", "image").mean()
    assert f"{expected:.3f}" in next(line for line in printed.splitlines() if line.startswith("a "))


def test_text_columns_are_no_metrics(runs):
    assert list(read_scores(runs / "unet" / "eval" / "cases.csv")) == ["dice", "hd95_mm"]


def test_undefined_values_leave_a_patient_out(tmp_path, capsys):
    for name, last in {"a": "0.5", "b": ""}.items():
        rows = [f"i{number},{value}" for number, value in enumerate(["0.1", "0.3", "0.6", last])]
        (tmp_path / f"{name}.csv").write_text("\n".join(["image,dice", *rows]) + "\n")
    assert main([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]) == 0
    assert "dice: 3 patients" in capsys.readouterr().out
    assert math.isnan(read_scores(tmp_path / "b.csv")["dice"]["i3", ""])


def test_other_images_are_refused_and_not_named(runs, capsys):
    path = runs / "umtl" / "eval" / "cases.csv"
    path.write_text(path.read_text().replace(",p5,", ",someone,"))
    assert main(tables(runs, "s4mtl", "umtl")) == 2
    error = capsys.readouterr().err
    assert "umtl: 1 of those in s4mtl are missing of the region A, and 1 are there" in error
    assert "someone" not in error
    assert "p5" not in error


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "a header with the column `image`"),
        ("name,dice\na,0.5\n", "a header with the column `image`"),
        ("image,outcome\na,found\n", "no column of numbers"),
        ("image,dice\na,0.5\na,0.6\n", "lines 2 and 3 are of one image"),
    ],
)
def test_bad_tables(tmp_path, content, message):
    path = tmp_path / "cases.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_scores(path)


def test_a_missing_table_and_a_missing_metric(runs, capsys):
    assert main([str(runs / "none.csv"), *tables(runs, "unet")]) == 2
    assert "none.csv: this table cannot be read" in capsys.readouterr().err
    assert main([*tables(runs, "unet", "umtl"), "--metrics", "jaccard"]) == 2
    assert "Not all tables have jaccard; all have dice, hd95_mm" in capsys.readouterr().err
    assert main([*tables(runs, "unet", "umtl"), "--names", "a", "a"]) == 2
    assert "as many `--names`, each its own" in capsys.readouterr().err
    assert main(tables(runs, "unet")) == 2
    assert "One run has nothing to be compared with" in capsys.readouterr().err
