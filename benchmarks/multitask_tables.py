"""Puts S4MTL and its baselines into the source's tables, and draws its figures of them.

    python -m benchmarks.multitask_tables --comparisons RUNS/0.05 RUNS/0.1 RUNS/1.0 --output RUNS

Each folder is the output of ``python -m benchmarks.compare_methods`` with systems of the bundle ``s4mtl``, and its name
is the labeled fraction; systems that were trained on all labels, ``unet_full`` and the like, are 100 % in whichever
folder they are. Numbers are means over the seeds, in brackets those that the source reports for its chest data, which
are another mixture of patients (``benchmarks/published``). Distances are in pixels of the images' files.
"""

import argparse
import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from monai_ssl.reports import save_figure

PUBLISHED = Path(__file__).parent / "published" / "multitask_chest.csv"
SYSTEMS = {"convnet": "Conv-Net", "unet": "U-Net", "umtl": "U-MTL", "s2mtl": "S2MTL", "s4mtl": "S4MTL"}
MASKS = {
    "dice": "DS",
    "jaccard": "JI",
    "ssim": "SSIM",
    "average_hausdorff": "HD",
    "precision": "Prec",
    "recall": "Rec",
}

Row = tuple[str, int]
"""A system and its labeled percentage."""


def read_runs(comparisons: Sequence[Path]) -> dict[Row, list[Path]]:
    """Find the evaluations of each row, by seed, in the order of the source's tables.

    Raises:
        ValueError: for a folder that is not called after a fraction, or a row and seed that is there twice.
    """
    found: dict[Row, dict[str, Path]] = {}
    for folder in comparisons:
        for path in sorted(folder.glob("*/eval/evaluation/evaluation.json")):
            name, _, seed = path.parents[2].name.rpartition("_")
            system, _, full = name.partition("_")
            if system not in SYSTEMS:
                continue
            seeds = found.setdefault((system, 100 if full else round(100 * float(folder.name))), {})
            if seed in seeds:
                raise ValueError(f"{path.parent} and {seeds[seed]} are of the same system, labels and seed")
            seeds[seed] = path.parent
    order = list(SYSTEMS)
    rows = sorted(found.items(), key=lambda item: (order.index(item[0][0]), -item[0][1]))
    return {row: list(seeds.values()) for row, seeds in rows}


def read_published() -> dict[Row, dict[str, str]]:
    """The numbers of the source's Tables 1 and 3."""
    with PUBLISHED.open(newline="", encoding="utf-8") as file:
        return {(row["system"], int(row["labeled_percent"])): row for row in csv.DictReader(file)}


def mean_of(reports: Sequence[dict], group: str, name: str, metric: str) -> float:
    """Average a metric of a class or a region, or of ``mean`` itself, over the seeds."""
    entries = [report[group] if group == "mean" else report[group][name] for report in reports]
    return float(np.mean([np.nan if entry[metric]["value"] is None else entry[metric]["value"] for entry in entries]))


def tables(runs: dict[Row, list[Path]]) -> str:
    """Format both tables as Markdown."""
    published = read_published()
    reports = {
        row: [json.loads((path / "evaluation.json").read_text()) for path in paths] for row, paths in runs.items()
    }
    classes = next((list(some[0]["classes"]) for some in reports.values() if some[0]["classes"]), [])
    diagnosis = {"Accuracy": ("mean", "", "accuracy", "accuracy")} | {
        f"F1 ({name})": ("classes", name, "f1_most_probable", f"f1_{name}") for name in classes
    }
    masks = {short: ("mean", "", metric, metric) for metric, short in MASKS.items()}
    texts = []
    for columns, needed in ((diagnosis, "classes"), (masks, "regions")):
        lines = ["| system | seeds | " + " | ".join(columns) + " |", "| --- |" + " --- |" * (1 + len(columns))]
        for row, some in reports.items():
            if not some[0][needed]:
                continue
            cells = [
                _cell(mean_of(some, group, name, metric), published.get(row, {}).get(source, ""))
                for group, name, metric, source in columns.values()
            ]
            lines.append(f"| {SYSTEMS[row[0]]}-{row[1]}% | {len(some)} | " + " | ".join(cells) + " |")
        texts.append("\n".join(lines))
    return "\n\n".join(texts)


def _cell(value: float, published: str) -> str:
    return f"{value:.3f}" + (f" ({float(published):.3f})" if published else "")


def read_dice(paths: Sequence[Path]) -> list[float]:
    """The Dice of each image of each seed."""
    values = []
    for path in paths:
        with (path / "masks" / "cases.csv").open(newline="", encoding="utf-8") as file:
            values += [float(row["dice"]) for row in csv.DictReader(file) if row["dice"]]
    return values


def boxes_figure(runs: dict[Row, list[Path]], title: str) -> Figure:
    """Draw box plots of the images' Dice by system and labeled fraction: the source's Figure 1."""
    rows = [row for row, paths in runs.items() if (paths[0] / "masks" / "cases.csv").is_file()]
    systems = [system for system in SYSTEMS if any(row[0] == system for row in rows)]
    figure = Figure(figsize=(2.1 * len(systems) + 1, 3.8), layout="constrained")
    for panel, system in zip(np.ravel(figure.subplots(1, len(systems), sharey=True)), systems, strict=True):
        percents = sorted(percent for name, percent in rows if name == system)
        values = [read_dice(runs[system, percent]) for percent in percents]
        panel.boxplot(values, widths=0.6, flierprops={"markersize": 2}, medianprops={"color": "black"})
        panel.set_xticks(range(1, len(percents) + 1), [f"{percent}%" for percent in percents], fontsize=8)
        panel.set_title(SYSTEMS[system], fontsize=9)
        panel.grid(axis="y", color="#e6e6e6")
        panel.set_axisbelow(True)
    figure.axes[0].set_ylabel("Dice of each test image, all seeds")
    figure.supxlabel("labeled part of the training images", fontsize=9)
    figure.suptitle(title, fontsize=10)
    return figure


def accuracy_figure(runs: dict[Row, list[Path]], title: str) -> Figure:
    """Draw the accuracy by system and labeled fraction, each seed a point: the source's Figure 2."""
    figure = Figure(figsize=(6.0, 3.8), layout="constrained")
    axes = figure.subplots()
    percents = sorted({percent for _, percent in runs})
    for system, name in SYSTEMS.items():
        points = {}
        for percent in percents:
            reports = [json.loads((path / "evaluation.json").read_text()) for path in runs.get((system, percent), [])]
            if reports and reports[0]["classes"]:
                points[percents.index(percent)] = [report["mean"]["accuracy"]["value"] for report in reports]
        if points:
            (line,) = axes.plot(list(points), [np.mean(seeds) for seeds in points.values()], "o-", label=name)
            for place, seeds in points.items():
                axes.plot([place] * len(seeds), seeds, ".", color=line.get_color(), alpha=0.5)
    axes.set_xticks(range(len(percents)), [f"{percent}%" for percent in percents])
    axes.set(xlabel="labeled part of the training images", ylabel="accuracy: seeds and their mean", title=title)
    axes.grid(axis="y", color="#e6e6e6")
    axes.legend(fontsize=8, frameon=False)
    return figure


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables and draw the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comparisons", nargs="+", type=Path, required=True, help="a folder for each fraction")
    parser.add_argument("--output", type=Path, required=True, help="where the tables and figures go")
    parser.add_argument("--title", default="Segmentation and diagnosis by labeled fraction")
    options = parser.parse_args(arguments)
    try:
        runs = read_runs(options.comparisons)
    except ValueError as error:
        parser.error(str(error))
    if not runs:
        parser.error(f"there is no evaluation of {', '.join(SYSTEMS)} in {', '.join(map(str, options.comparisons))}")
    text = tables(runs)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "multitask.md").write_text(text + "\n")
    for name, draw in {"dice_boxes": boxes_figure, "accuracy": accuracy_figure}.items():
        save_figure(draw(runs, options.title), options.output / f"{name}.png")
    print(f"{text}\n\nFigures: {options.output}/dice_boxes.png, accuracy.png")


if __name__ == "__main__":
    main()
