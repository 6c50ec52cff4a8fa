"""Puts comparisons at several labeling budgets together: a table, and the AUROC or Dice of each system by budget.

    python -m benchmarks.compare_budgets --comparisons RUNS/0.05 RUNS/0.1 RUNS/0.2 --output RUNS

Each folder is the output of ``python -m benchmarks.compare_methods`` at one budget, and has its name.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from benchmarks.compare_methods import METRICS, SYSTEMS, all_metrics, finish, primary_metric, table
from monai_ssl.reports import save_figure

Results = dict[str, list[dict]]


def read_comparison(folder: Path) -> Results:
    """Read the evaluations of every system in a comparison, by seed."""
    found = {system: sorted(folder.glob(f"{system}_[0-9]*/eval/evaluation/evaluation.json")) for system in SYSTEMS}
    return {system: [json.loads(path.read_text()) for path in paths] for system, paths in found.items() if paths}


def figure_of(comparisons: dict[str, Results], title: str) -> Figure:
    """Draw the mean of the primary metric over the seeds by budget, a line a system, and each seed as a point.

    What is trained on all labels, at whichever budget, is a dashed line across. Systems without it are left out.
    """
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.subplots()
    primary = primary_metric({metric for results in comparisons.values() for metric in all_metrics(results)})
    systems = list(
        dict.fromkeys(
            system
            for results in comparisons.values()
            for system, reports in results.items()
            if primary in reports[0]["mean"]
        )
    )
    for number, system in enumerate(systems):
        values = {
            place: [report["mean"][primary]["value"] for report in results[system]]
            for place, results in enumerate(comparisons.values())
            if system in results
        }
        if SYSTEMS[system].full:
            level = np.mean([value for seeds in values.values() for value in seeds])
            axes.axhline(level, color="0.4", linestyle="--", linewidth=1, label=f"{system} (all labels)")
            continue
        places = {place: place + 0.06 * (number - (len(systems) - 1) / 2) for place in values}
        for place, seeds in values.items():
            axes.plot([places[place]] * len(seeds), seeds, ".", color=f"C{number}", alpha=0.5)
        means = [np.mean(seeds) for seeds in values.values()]
        axes.plot(list(places.values()), means, "o-", color=f"C{number}", linewidth=1.2, markersize=4, label=system)
    axes.set_xlabel("labeled part of the training images")
    finish(axes, list(comparisons), f"mean test {METRICS[primary]}: seeds and their mean", title)
    return figure


def main(arguments: list[str] | None = None) -> None:
    """Print the tables and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comparisons", nargs="+", type=Path, required=True, help="a folder for each budget")
    parser.add_argument("--output", type=Path, required=True, help="where budgets.md and budgets.png go")
    parser.add_argument("--title", default="Methods by labeling budget")
    options = parser.parse_args(arguments)
    comparisons = {folder.name: read_comparison(folder) for folder in options.comparisons}
    empty = [str(folder) for folder in options.comparisons if not comparisons[folder.name]]
    if empty:
        parser.error(f"there is no evaluation in {', '.join(empty)}")
    text = "\n\n".join(f"{budget}\n\n{table(results)}" for budget, results in comparisons.items())
    (options.output / "budgets.md").write_text(text + "\n")
    save_figure(figure_of(comparisons, options.title), options.output / "budgets.png")
    print(f"{text}\n\nFigure: {options.output / 'budgets.png'}")


if __name__ == "__main__":
    main()
