"""What came out of the experiment on wrong labels: a table and a figure."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from benchmarks.compare_methods import finish
from benchmarks.label_noise_run import METRICS, MODELS, Result

__all__ = ["Condition", "Results", "figure_of", "table"]

_NAMES = {"accuracy": "accuracy", "auroc": "macro AUROC", "last": "last epoch", "best": "best on validation"}


class Condition(NamedTuple):
    """A noise and its rate."""

    noise: str
    rate: float

    def __str__(self) -> str:
        return self.noise if self.noise == "none" else f"{self.noise}_{self.rate:g}"

    @property
    def title(self) -> str:
        """Two lines for a figure."""
        return "no wrong\nlabels" if self.noise == "none" else f"{self.noise.replace('_', '-')}\n{self.rate:.0%}"


Results = dict[Condition, dict[str, list[Result]]]
"""The results by condition and loss, one a seed."""


def table(results: Results) -> str:
    """Format mean and standard deviation over the seeds, and the paired differences to cross-entropy, as Markdown."""
    columns = [(model, metric) for metric in METRICS for model in MODELS]
    head = " | ".join(f"{_NAMES[metric]}, {_NAMES[model]}" for model, metric in columns)
    rule = "| --- | --- |" + " --- |" * len(columns)
    values, differences = [f"| noise | loss | {head} |", rule], [f"| noise | loss - ce | {head} |", rule]
    for condition, losses in results.items():
        for loss, runs in losses.items():
            cells = [[run[model][metric] for run in runs] for model, metric in columns]
            values.append(f"| {condition} | {loss} | " + " | ".join(_spread(cell, "") for cell in cells) + " |")
            if loss == "ce" or "ce" not in losses:
                continue
            plain = [[run[model][metric] for run in losses["ce"]] for model, metric in columns]
            paired = [np.subtract(cell, other) for cell, other in zip(cells, plain, strict=True)]
            differences.append(f"| {condition} | {loss} | " + " | ".join(_spread(cell, "+") for cell in paired) + " |")
    parts = [values, differences] if len(differences) > 2 else [values]
    return "\n\n".join("\n".join(part) for part in parts)


def _spread(values: Sequence[float] | np.ndarray, sign: str) -> str:
    spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):{sign}.3f}{spread}"


def figure_of(results: Results, title: str) -> Figure:
    """Draw every seed as a point and their mean as a bar, by condition and loss; a panel for each model and metric."""
    figure = Figure(figsize=(1.2 * (len(results) + 1.5) * len(MODELS), 6.4), layout="constrained")
    panels = figure.subplots(len(METRICS), len(MODELS), sharex=True, sharey="row", squeeze=False)
    figure.suptitle(title, fontsize=11)
    for row, metric in zip(panels, METRICS, strict=True):
        for panel, model in zip(row, MODELS, strict=True):
            for place, losses in enumerate(results.values()):
                for number, (loss, runs) in enumerate(losses.items()):
                    x = place + 0.8 / len(losses) * (number - (len(losses) - 1) / 2)
                    values = [run[model][metric] for run in runs]
                    panel.plot([x] * len(values), values, "o", color=f"C{number}", markersize=4, alpha=0.6)
                    label = None if place else loss
                    panel.plot(
                        [x - 0.08, x + 0.08], [np.mean(values)] * 2, color=f"C{number}", linewidth=2.5, label=label
                    )
            finish(panel, [condition.title for condition in results], f"test {_NAMES[metric]}", _NAMES[model])
            panel.get_legend().remove()
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=9, frameon=False)
    return figure
