"""Compares methods on the same data lists: trains, evaluates, and prints a table and a figure.

    python -m benchmarks.compare_methods --dataset_dirs LISTS/0 LISTS/1 LISTS/2 --output DIR

Each data list is one seed: the n-th is trained on with seed n by every bundle, at equal numbers of steps, with the
model and the thresholds chosen on validation. What is done already in DIR is not done again.
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monai_ssl.reports import save_figure

REPOSITORY = Path(__file__).resolve().parents[1]
SYSTEMS = {
    "supervised": ("supervised",),
    "mean_teacher": ("mean_teacher",),
    "noteacher": ("noteacher",),
    "src": ("srcl", "src"),
    "srcl_joint": ("srcl", "joint"),
    "srcl": ("srcl",),
}
"""Each system's bundle, and the overlays that make it of the bundle."""

METRICS = {
    "auroc": "AUROC",
    "average_precision": "average precision",
    "accuracy": "accuracy",
    "accuracy_one_against_rest": "one-against-rest accuracy",
    "sensitivity_most_probable": "sensitivity",
    "specificity_most_probable": "specificity",
}
"""Those that an evaluation has, which depends on the task; the last four are of the most probable class."""


def train_and_evaluate(system: str, dataset_dir: Path, seed: int, root: Path, overrides: list[str]) -> dict:
    """Run one system on one data list; return its evaluation."""
    report = root / "eval" / "evaluation" / "evaluation.json"
    if not report.is_file():
        root.mkdir(parents=True, exist_ok=True)
        bundle, *overlays = SYSTEMS[system]
        configs = REPOSITORY / "bundles" / bundle / "configs"
        train = [str(configs / f"{name}.json") for name in ("train", *overlays)]
        evaluate = [*train, str(configs / "evaluate.json")]
        shared = ["--bundle_root", str(root), "--dataset_dir", str(dataset_dir), "--seed", str(seed), *overrides]
        for run_id, files in {"training": train, "evaluating": evaluate}.items():
            command = [sys.executable, "-m", "monai.bundle", "run", run_id, "--config_file", str(files), *shared]
            log = root / f"{run_id}.log"
            with log.open("w") as file:
                done = subprocess.run(command, cwd=REPOSITORY, stdout=file, stderr=subprocess.STDOUT, check=False)
            if done.returncode:
                raise SystemExit(f"{system}, seed {seed}: {run_id} failed, see {log}")
    return json.loads(report.read_text())


def table(results: dict[str, list[dict]]) -> str:
    """Format mean and standard deviation over the seeds, and each seed's AUROC, as Markdown."""
    known = next(iter(results.values()))[0]["mean"]
    metrics = [metric for metric in METRICS if metric in known]
    lines = [
        "| method | " + " | ".join(METRICS[metric] for metric in metrics) + " | AUROC, each seed |",
        "| --- |" + " --- |" * (len(metrics) + 1),
    ]
    for system, reports in results.items():
        cells = []
        for metric in metrics:
            values = np.array([report["mean"][metric]["value"] for report in reports], dtype=float)
            spread = f" ± {values.std(ddof=1):.3f}" if len(values) > 1 else ""
            cells.append(f"{values.mean():.3f}{spread}")
        each = ", ".join(f"{report['mean']['auroc']['value']:.3f}" for report in reports)
        lines.append(f"| {system} | " + " | ".join(cells) + f" | {each} |")
    return "\n".join(lines)


def figure_of(results: dict[str, list[dict]], title: str) -> Figure:
    """Draw every seed's test AUROC with its bootstrap interval, one column a method."""
    figure = Figure(figsize=(1.7 * len(results) + 1.5, 3.6), layout="constrained")
    axes = figure.subplots()
    for column, reports in enumerate(results.values()):
        for seed, report in enumerate(reports):
            auroc = report["mean"]["auroc"]
            x = column + 0.18 * (seed - (len(reports) - 1) / 2)
            axes.plot([x, x], [auroc["low"], auroc["high"]], color=f"C{seed}", linewidth=1)
            axes.plot(
                x, auroc["value"], "o", color=f"C{seed}", markersize=5, label=f"seed {seed}" if not column else None
            )
    finish(axes, list(results), "mean test AUROC, 95 % interval over patients", title)
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
    parser.add_argument("--output", type=Path, required=True, help="where the runs, table.md and auroc.png go")
    parser.add_argument("--systems", nargs="+", default=["supervised", "mean_teacher", "noteacher"], choices=SYSTEMS)
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2), help="runs side by side")
    parser.add_argument("--title", default="Methods on the same labels")
    options, overrides = parser.parse_known_args(arguments)
    runs = [(system, seed) for system in options.systems for seed in range(len(options.dataset_dirs))]
    with ThreadPoolExecutor(options.jobs) as pool:
        futures = {
            (system, seed): pool.submit(
                train_and_evaluate,
                system,
                options.dataset_dirs[seed].resolve(),
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
    save_figure(figure_of(results, options.title), options.output / "auroc.png")
    print(f"\n{text}\n\nFigure: {options.output / 'auroc.png'}")


if __name__ == "__main__":
    main()
