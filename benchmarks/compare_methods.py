"""Compares methods on the same data lists: trains, evaluates, and prints a table and a figure.

    python -m benchmarks.compare_methods --dataset_dirs LISTS/0 LISTS/1 LISTS/2 --output DIR

Each data list is one seed: the n-th is trained on with seed n by every bundle, at equal numbers of steps, with the
model and the thresholds chosen on validation. What is done already in DIR is not done again. Compare classifiers with
classifiers, and segmentation with segmentation; `upper` trains on the lists of `--full_dirs`, the same but all labeled.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monai_ssl.reports import save_figure

REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class System:
    """What is trained and evaluated.

    Args:
        bundle: its name.
        overlays: the configurations that are laid over the bundle's ``train.json``.
        evaluation: those that are laid over these for the evaluation.
        options: on the command line of both.
        full: whether it trains on the lists in which all training images are labeled.
    """

    bundle: str
    overlays: tuple[str, ...] = ()
    evaluation: tuple[str, ...] = ("evaluate",)
    options: tuple[str, ...] = ()
    full: bool = False


_MASKS = ("segmentation",), ("segmentation_evaluate",)

SYSTEMS = {
    "supervised": System("supervised"),
    "mean_teacher": System("mean_teacher"),
    "noteacher": System("noteacher"),
    "src": System("srcl", ("src",)),
    "srcl_joint": System("srcl", ("joint",)),
    "srcl": System("srcl"),
    "masks_supervised": System("supervised", *_MASKS),
    "masks_mean_teacher": System("mean_teacher", *_MASKS),
    "masks_noteacher": System("noteacher", *_MASKS),
    **{
        f"robust_{loss}": System("robust_pseudo_label", options=("--robust_loss", loss))
        for loss in ("ce", "gce", "bce", "sce")
    },
    "upper": System("supervised", *_MASKS, full=True),
    "s4mtl": System("s4mtl"),
    **{system: System("s4mtl", (system,)) for system in ("s2mtl", "umtl", "unet", "convnet")},
    **{f"{system}_full": System("s4mtl", (system,), full=True) for system in ("umtl", "unet", "convnet")},
}
"""Classifiers; segmentation, from ``masks_supervised`` on; and both together, from ``s4mtl`` on."""

METRICS = {
    "auroc": "AUROC",
    "average_precision": "average precision",
    "accuracy": "accuracy",
    "accuracy_one_against_rest": "one-against-rest accuracy",
    "sensitivity_most_probable": "sensitivity",
    "specificity_most_probable": "specificity",
    "f1_most_probable": "F1",
    "dice": "Dice",
    "hd95": "HD95 (mm or pixels)",
    "jaccard": "Jaccard",
    "ssim": "SSIM",
    "average_hausdorff": "average HD (mm or pixels)",
    "precision": "precision",
    "recall": "recall",
}
"""Those that an evaluation has, which depends on the task. Of several classes there are five of the most probable one,
from accuracy on. Distances are in mm where the images tell the size of a pixel."""

_PRIMARY = ("auroc", "dice")


def train_and_evaluate(system: str, dataset_dir: Path, seed: int, root: Path, overrides: list[str]) -> dict:
    """Run one system on one data list; return its evaluation."""
    report = root / "eval" / "evaluation" / "evaluation.json"
    if not report.is_file():
        chosen = SYSTEMS[system]
        shared = ["--bundle_root", str(root), "--dataset_dir", str(dataset_dir), "--seed", str(seed)]
        shared += [*chosen.options, *overrides]
        for run_id, added in {"training": (), "evaluating": chosen.evaluation}.items():
            run_bundle(chosen.bundle, (*chosen.overlays, *added), run_id, root / f"{run_id}.log", shared)
    return json.loads(report.read_text())


def run_bundle(bundle: str, overlays: tuple[str, ...], run_id: str, log: Path, options: list[str]) -> None:
    """Run a bundle's ``train.json`` with overlays as a process, whose output goes to ``log``.

    Raises:
        SystemExit: when it fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    configs = REPOSITORY / "bundles" / bundle / "configs"
    files = [str(configs / f"{name}.json") for name in ("train", *overlays)]
    command = [sys.executable, "-m", "monai.bundle", "run", run_id, "--config_file", str(files), *options]
    with log.open("w") as file:
        done = subprocess.run(command, cwd=REPOSITORY, stdout=file, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise SystemExit(f"{bundle}: {run_id} failed, see {log}")


def primary_metric(mean: Collection[str]) -> str:
    """Name the metric that systems are compared by: AUROC, or Dice of those that give masks only."""
    return next(metric for metric in _PRIMARY if metric in mean)


def all_metrics(results: dict[str, list[dict]]) -> list[str]:
    """Name the metrics that any system has."""
    return [metric for metric in METRICS if any(metric in reports[0]["mean"] for reports in results.values())]


def table(results: dict[str, list[dict]]) -> str:
    """Format as Markdown: mean and standard deviation over the seeds, and each seed's primary metric with interval.

    A system that gives a mask alone, or a diagnosis alone, has no numbers for the other.
    """
    metrics = all_metrics(results)
    primary = primary_metric(metrics)
    lines = [
        "| method | "
        + " | ".join(METRICS[metric] for metric in metrics)
        + f" | {METRICS[primary]}, each seed [95 % interval] |",
        "| --- |" + " --- |" * (len(metrics) + 1),
    ]
    for system, reports in results.items():
        cells = []
        for metric in metrics:
            if metric not in reports[0]["mean"]:
                cells.append("-")
                continue
            values = np.array([report["mean"][metric]["value"] for report in reports], dtype=float)
            spread = f" ± {values.std(ddof=1):.3f}" if len(values) > 1 else ""
            cells.append(f"{values.mean():.3f}{spread}")
        each = ", ".join(
            "{value:.3f} [{low:.3f}, {high:.3f}]".format_map(report["mean"][primary])
            for report in reports
            if primary in report["mean"]
        )
        lines.append(f"| {system} | " + " | ".join(cells) + f" | {each} |")
    return "\n".join(lines)


def figure_of(results: dict[str, list[dict]], title: str) -> Figure:
    """Draw the primary metric of every seed with its bootstrap interval, one column a method."""
    primary = primary_metric(all_metrics(results))
    results = {system: reports for system, reports in results.items() if primary in reports[0]["mean"]}
    figure = Figure(figsize=(1.7 * len(results) + 1.5, 3.6), layout="constrained")
    axes = figure.subplots()
    for column, reports in enumerate(results.values()):
        for seed, report in enumerate(reports):
            mean = report["mean"][primary]
            x = column + 0.18 * (seed - (len(reports) - 1) / 2)
            axes.plot([x, x], [mean["low"], mean["high"]], color=f"C{seed}", linewidth=1)
            axes.plot(
                x, mean["value"], "o", color=f"C{seed}", markersize=5, label=f"seed {seed}" if not column else None
            )
    finish(axes, list(results), f"mean test {METRICS[primary]}, 95 % interval over patients", title)
    return figure


def finish(axes: Axes, columns: list[str], label: str, title: str) -> None:
    """Name the columns and the values, and add grid, title and legend."""
    axes.set_xticks(range(len(columns)), columns)
    axes.set_ylabel(label)
    axes.set_title(title, fontsize=10)
    axes.grid(axis="y", color="#e6e6e6")
    axes.set_axisbelow(True)
    axes.legend(fontsize=8, frameon=False)


def main(arguments: list[str] | None = None) -> None:
    """Compare, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset_dirs", nargs="+", type=Path, required=True, help="a data list for each seed")
    parser.add_argument("--full_dirs", nargs="+", type=Path, default=[], help="the same lists, but all labeled")
    parser.add_argument("--output", type=Path, required=True, help="where the runs, table.md and the figure go")
    parser.add_argument("--systems", nargs="+", default=["supervised", "mean_teacher", "noteacher"], choices=SYSTEMS)
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2), help="runs side by side")
    parser.add_argument("--title", default="Methods on the same labels")
    options, overrides = parser.parse_known_args(arguments)
    full = [system for system in options.systems if SYSTEMS[system].full]
    if full and len(options.full_dirs) != len(options.dataset_dirs):
        parser.error(f"{', '.join(full)} needs a list in --full_dirs for each of --dataset_dirs")
    runs = [(system, seed) for system in options.systems for seed in range(len(options.dataset_dirs))]
    with ThreadPoolExecutor(options.jobs) as pool:
        futures = {
            (system, seed): pool.submit(
                train_and_evaluate,
                system,
                (options.full_dirs if SYSTEMS[system].full else options.dataset_dirs)[seed].resolve(),
                seed,
                options.output.resolve() / f"{system}_{seed}",
                overrides,
            )
            for system, seed in runs
        }
        results: dict[str, list[dict]] = {system: [] for system in options.systems}
        for number, ((system, seed), future) in enumerate(futures.items(), start=1):
            results[system].append(future.result())
            print(f"{number}/{len(runs)}: {system}, seed {seed}", flush=True)
    text = table(results)
    (options.output / "table.md").write_text(text + "\n")
    picture = options.output / f"{primary_metric(all_metrics(results))}.png"
    save_figure(figure_of(results, options.title), picture)
    print(f"\n{text}\n\nFigure: {picture}")


if __name__ == "__main__":
    main()
