"""Learning curves: losses, their weights, learning rate and validation metrics over the epochs."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from monai_ssl.errors import InputError
from monai_ssl.reports.figures.canvas import COLORS, GREY, new_figure

__all__ = ["learning_curves_figure"]

History = Sequence[Mapping[str, float]]

# Beyond this ratio the smaller terms would lie on the axis.
_LOG_RATIO = 30
_MAY_BE_LOG = ("Training loss", "Learning rate")
_RATE, _FAKE = "learning_rate", "fake_"
_MARKERS = "osD^vP"
_STYLES = ("-", "--", ":")


def learning_curves_figure(
    history: History,
    metrics: Sequence[str] = (),
    title: str = "Learning curves",
    best: tuple[str, float] | None = None,
) -> Figure:
    """Draw a run's history, with the best epoch marked throughout where there is validation.

    Args:
        history: one mapping an epoch: "epoch"; and where known "loss", "loss_<term>", "weight_<term>",
            "learning_rate" or "learning_rate_<optimizer>", "fake_<pairs>" (how probable a discriminator finds it that
            a mask is predicted) and the validation metrics. A key may be absent in some epochs. Other keys are not
            drawn.
        metrics: the validation metrics to draw, as the AUROC of each network; higher is better. None for a stage of
            training that is not validated.
        title: says which run and data these are.
        best: the metric and the epoch by which the model was chosen; without it the first with the highest value of
            any of the metrics, among which NaN does not count.

    Returns:
        the figure, with a panel for each group of which the history has anything.

    Raises:
        InputError: when the history is empty, an entry has no epoch, or no epoch has any of the metrics, or the
            one in ``best``.
    """
    if not history or any("epoch" not in entry for entry in history):
        raise InputError("the history is empty or lacks epochs. Give one entry with an 'epoch' for each.")
    chosen = _choose(history, metrics, best) if metrics else None
    keys = list(dict.fromkeys(key for entry in history for key in entry))
    panels = {
        "Training loss": [key for key in keys if key == "loss" or key.startswith("loss_")],
        "Weight of the loss term": [key for key in keys if key.startswith("weight_")],
        "Learning rate": [key for key in keys if key == _RATE or key.startswith(f"{_RATE}_")],
        "Probability of a predicted mask": [key for key in keys if key.startswith(_FAKE)],
        "Validation metric": [key for key in metrics if key in keys],
    }
    panels = {label: series for label, series in panels.items() if series}
    looks = _looks(keys, metrics)
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(5 * columns, 3.1 * rows + 0.4)
    figure.suptitle(
        title if chosen is None else f"{title}\nbest epoch {chosen[1]:g}: {chosen[2]} {chosen[0]:.3f}", fontsize=10
    )
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for panel in grid[len(panels) :]:
        panel.set_axis_off()
    for panel, (label, series) in zip(grid, panels.items(), strict=False):
        _draw(panel, history, {key: looks[key] for key in series}, label)
        if chosen is None:
            continue
        value, epoch, name = chosen
        panel.axvline(epoch, color=GREY, linewidth=0.9, linestyle="--", zorder=1)
        if name in series:
            panel.plot(epoch, value, "*", color=COLORS[-1], markersize=11, zorder=4, clip_on=False)
    return figure


def _choose(history: History, metrics: Sequence[str], best: tuple[str, float] | None) -> tuple[float, float, str]:
    """Value, epoch and name of the metric by which the model was chosen."""
    candidates = [
        (entry[name], entry["epoch"], name)
        for entry in history
        for name in metrics
        if not math.isnan(entry.get(name, math.nan))
    ]
    if not candidates:
        raise InputError(f"no epoch has a metric of {list(metrics)}. Validate at least once and name its metrics.")
    if best is not None:
        candidates = [candidate for candidate in candidates if candidate[:0:-1] == best]
        if not candidates:
            raise InputError(f"epoch {best[1]} has no metric {best[0]!r}. Name one of {list(metrics)} that it has.")
    return max(candidates, key=lambda candidate: candidate[0])


def _looks(keys: Sequence[str], metrics: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Give each series its color, marker and line; a loss term and its weight look alike in their two panels."""
    terms = list(dict.fromkeys(key.split("_", 1)[1] for key in keys if key.startswith(("loss_", "weight_"))))
    looks: dict[str, dict[str, Any]] = {}
    rates, fakes = (
        [key.removeprefix(start) for key in keys if key.startswith(start)] for start in (f"{_RATE}_", _FAKE)
    )
    groups = ((terms, ("loss_", "weight_")), (metrics, ("",)), (rates, (f"{_RATE}_",)), (fakes, (_FAKE,)))
    for names, prefixes in groups:
        for i, name in enumerate(names):
            colors = COLORS[:-1]
            style = _STYLES[i // len(colors) % len(_STYLES)]
            look = {"color": colors[i % len(colors)], "marker": _MARKERS[i % len(_MARKERS)], "linestyle": style}
            looks.update({prefix + name: {**look, "linewidth": 1.3, "label": name} for prefix in prefixes})
    plain = {"color": COLORS[-1], "marker": "o", "linewidth": 2}
    return looks | {"loss": {**plain, "label": "total"}, _RATE: plain}


def _draw(panel: Axes, history: History, looks: dict[str, dict[str, Any]], label: str) -> None:
    values = []
    for key, look in looks.items():
        known = [entry for entry in history if key in entry]
        values += [entry[key] for entry in known]
        # Where markers would run into each other the line is enough; a series of one value has nothing else.
        size = 3 if len(known) <= 30 else 0
        panel.plot([e["epoch"] for e in known], [e[key] for e in known], markersize=size, **look)
    if label in _MAY_BE_LOG and min(values) > 0 and max(values) > _LOG_RATIO * min(values):
        panel.set_yscale("log")
        label += " (log scale)"
    panel.set_xlabel("Epoch", fontsize=9)
    panel.set_ylabel(label, fontsize=9)
    panel.tick_params(labelsize=8, labelbottom=True)
    panel.set_xlim(history[0]["epoch"] - 0.5, history[-1]["epoch"] + 0.5)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    panel.grid(color="#e6e6e6", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    if _RATE not in looks:
        # Above the axes, where no curve can lie.
        panel.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=7, frameon=False, borderaxespad=0.2)
