"""Figures of an evaluation, one panel a class."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from sklearn.metrics import roc_curve

from monai_ssl.errors import InputError
from monai_ssl.metrics import (
    brier_score,
    check_arrays,
    defined_classes,
    macro,
    reliability,
    roc_auc_by_class,
    sensitivity_specificity,
)
from monai_ssl.reports.figures.canvas import COLORS, GREY, new_figure

__all__ = ["calibration_figure", "roc_figure"]

_LIMITS = (0.1, 0.2, 0.5)


def roc_figure(
    probabilities: ArrayLike, labels: ArrayLike, class_names: Sequence[str], thresholds: ArrayLike, title: str
) -> Figure:
    """Draw the receiver operating characteristic of each class, with the operating point at its threshold.

    Args:
        probabilities: (N, C), each from 0 to 1.
        labels: (N, C) in {0, 1}; -1 or NaN is missing.
        class_names: C names.
        thresholds: (C,), NaN for a class without: it gets no operating point.
        title: says which data these are.

    Raises:
        InputError: when the parts do not fit together.
    """
    p, y = check_arrays(probabilities, labels)
    t = np.asarray(thresholds, dtype=np.float64)
    areas = roc_auc_by_class(p, y)
    sensitivity, specificity = sensitivity_specificity(p, y, t)
    figure, panels = _panels(class_names, y)
    figure.suptitle(f"{title}\nmean AUROC {macro(areas):.3f}; dots: operating points at the thresholds", fontsize=10)
    figure.supxlabel("1 − specificity (false-positive rate)", fontsize=9)
    figure.supylabel("Sensitivity (true-positive rate)", fontsize=9)
    for c, panel in panels.items():
        known = ~np.isnan(y[:, c])
        x, height, _ = roc_curve(y[known, c], p[known, c])
        panel.plot(x, height, color=COLORS[0], linewidth=1.6)
        text = f"AUROC {areas[c]:.3f}"
        if not np.isnan(t[c]):
            point = (1 - specificity[c], sensitivity[c])
            panel.plot(*point, "o", color=COLORS[1], markersize=5, clip_on=False, zorder=3)
            text += f"\nat threshold {t[c]:.2g}:\nsens. {sensitivity[c]:.2f}, spec. {specificity[c]:.2f}"
        # A curve better than chance leaves the lower right corner free, any other the upper left.
        x, y_text, horizontal, vertical = (
            (0.97, 0.04, "right", "bottom") if areas[c] >= 0.5 else (0.03, 0.96, "left", "top")
        )
        panel.text(x, y_text, text, ha=horizontal, va=vertical, fontsize=7, transform=panel.transAxes)
    return figure


def calibration_figure(
    probabilities: ArrayLike, labels: ArrayLike, class_names: Sequence[str], title: str, bins: int = 10
) -> Figure:
    """Draw a reliability diagram of each class: the fraction of positives over the mean probability, in quantile bins.

    The area of a point grows with the number of images in its bin. The panel's title gives the smallest and largest of
    these numbers, the expected calibration error (ECE) and the Brier score; its scale goes up to 0.1, 0.2, 0.5 or 1.

    Args:
        probabilities: (N, C), each from 0 to 1.
        labels: (N, C) in {0, 1}; -1 or NaN is missing.
        class_names: C names.
        title: says which data these are.
        bins: number of quantile bins a class.

    Raises:
        InputError: when the parts do not fit together.
    """
    p, y = check_arrays(probabilities, labels)
    figure, panels = _panels(class_names, y)
    figure.suptitle(f"{title}\n{bins} quantile bins a class", fontsize=10)
    figure.supxlabel("Mean predicted probability", fontsize=9)
    figure.supylabel("Observed fraction of positives", fontsize=9)
    for c, panel in panels.items():
        points = reliability(p[:, c], y[:, c], bins)
        panel.plot(points.predicted, points.observed, color=COLORS[0], linewidth=1, zorder=2)
        area = 8 + 32 * points.counts / points.counts.max()
        panel.scatter(points.predicted, points.observed, s=area, color=COLORS[0], clip_on=False, zorder=3)
        least, most = points.counts.min(), points.counts.max()
        # Points may lie anywhere in the panel, so the numbers stand above it.
        title = (
            f"{panel.get_title()}, {least if least == most else f'{least}–{most}'} a bin\n"
            f"ECE {points.expected_calibration_error:.3f}, Brier {brier_score(p[:, c], y[:, c]):.3f}"
        )
        panel.set_title(title, fontsize=8, parse_math=False)
        # Rare classes have low probabilities only: they get a finer scale, the same on both axes.
        largest = max(points.predicted.max(), points.observed.max())
        limit = next((limit for limit in _LIMITS if largest <= limit), 1.0)
        panel.set(xlim=(0, limit), ylim=(0, limit), xticks=(0, limit / 2, limit), yticks=(0, limit / 2, limit))
    return figure


def _panels(class_names: Sequence[str], labels: np.ndarray) -> tuple[Figure, dict[int, Axes]]:
    """Make a square panel with the diagonal for each class; give those of the classes that can be drawn."""
    if labels.shape[1] != len(class_names):
        raise InputError(f"{len(class_names)} class names for {labels.shape[1]} columns. Give one name a class.")
    columns = min(5, math.ceil(math.sqrt(len(class_names))))
    rows = math.ceil(len(class_names) / columns)
    side = 2.3 if len(class_names) > 1 else 4.2
    figure = new_figure(max(columns * side, 4.2) + 0.4, rows * (side + 0.25) + 0.7)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    defined = defined_classes(labels)
    panels: dict[int, Axes] = {}
    for c, panel in enumerate(grid):
        if c >= len(class_names):
            panel.set_axis_off()
            continue
        positives, known = np.count_nonzero(labels[:, c] == 1), np.count_nonzero(~np.isnan(labels[:, c]))
        panel.set_title(f"{class_names[c]}\n{positives} of {known} positive", fontsize=8, parse_math=False)
        panel.set(xlim=(0, 1), ylim=(0, 1), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1), aspect="equal")
        panel.tick_params(labelsize=7)
        panel.spines[["top", "right"]].set_visible(False)
        if defined[c]:
            panel.plot((0, 1), (0, 1), color=GREY, linewidth=0.8, linestyle="--", zorder=1)
            panels[c] = panel
        else:
            panel.set(xticks=(), yticks=())
            panel.text(0.5, 0.5, "undefined", ha="center", va="center", fontsize=8, color=GREY)
    return figure, panels
