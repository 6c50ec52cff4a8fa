"""Agreement of predicted and true areas or volumes, by region."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from monai_ssl.reports.figures.canvas import COLORS, GREY
from monai_ssl.reports.figures.panels import class_color, class_legend, region_panels

__all__ = ["bland_altman_figure"]

_LIMIT = 1.96
# Units of a report: as they are written, and from 10,000 on by how much they are divided and what they are then.
_UNITS = {"pixels": ("pixels", 1000, "1000 pixels"), "mm2": ("mm²", 100, "cm²"), "mm3": ("mm³", 1000, "cm³")}
_LARGE = 10_000


def bland_altman_figure(
    predicted: NDArray[np.float64],
    true: NDArray[np.float64],
    classes: NDArray[np.integer],
    class_names: Sequence[str],
    region_names: Sequence[str],
    unit: str,
    title: str,
) -> Figure:
    r"""Draw the difference of predicted and true size against their mean (Bland and Altman, The Lancet, 1986).

    .. math:: x_i = \tfrac{1}{2} (p_i + t_i), \quad y_i = p_i - t_i, \quad bias = \bar{y}, \quad
        limits = \bar{y} \pm 1.96 \, s_y

    with the standard deviation :math:`s_y` of a sample, of the images that have a region or are said to have it. The
    limits hold 95 % of normally distributed differences; where all differences are the same there are none.

    Args:
        predicted: areas or volumes (N, R).
        true: the same.
        classes: class indices (N,), -1 where not known.
        class_names: C names.
        region_names: R names.
        unit: "pixels", "mm2" or "mm3".
        title: says which data these are.

    Raises:
        ValueError: for another unit.
    """
    if unit not in _UNITS:
        raise ValueError(f"`unit` must be one of {', '.join(_UNITS)}, got {unit!r}.")
    figure, panels = region_panels(region_names, width=4.2, height=3.3, title=title)
    quantity = "volume" if unit == "mm3" else "area"
    for panel, found, known in zip(panels, predicted.T, true.T, strict=True):
        some = (found > 0) | (known > 0)
        if not some.any():
            panel.set(xticks=(), yticks=())
            panel.text(
                0.5, 0.5, "in no image", ha="center", va="center", fontsize=8, color=GREY, transform=panel.transAxes
            )
            continue
        name, factor, large = _UNITS[unit]
        if max(found.max(), known.max()) >= _LARGE:
            name, found, known = large, found / factor, known / factor
        _draw(panel, found[some], known[some], classes[some], any_class=bool((classes >= 0).any()))
        panel.set_xlabel(f"mean of predicted and true {quantity} ({name})", fontsize=8)
        panel.set_ylabel(f"predicted − true {quantity} ({name})", fontsize=8)
    class_legend(figure, classes, class_names)
    return figure


def _draw(
    panel: Axes,
    predicted: NDArray[np.float64],
    true: NDArray[np.float64],
    classes: NDArray[np.integer],
    any_class: bool,
) -> None:
    differences = predicted - true
    colors = [class_color(index) if any_class else COLORS[0] for index in classes.tolist()]
    panel.scatter((predicted + true) / 2, differences, s=14, c=colors, alpha=0.75, linewidths=0, zorder=3)
    panel.axhline(0, color="#d0d0d0", linewidth=0.8, zorder=1)
    bias = float(differences.mean())
    lines = {"bias": bias}
    if np.ptp(differences) > 0:
        margin = _LIMIT * float(differences.std(ddof=1))
        lines |= {f"+{_LIMIT} SD": bias + margin, f"−{_LIMIT} SD": bias - margin}
    for label, value in lines.items():
        panel.axhline(
            value, color="black" if label == "bias" else GREY, linestyle="-" if label == "bias" else "--",
            linewidth=1, zorder=2,
        )  # fmt: skip
        panel.text(
            1.01, value, f"{label}\n{_number(value)}", va="center", fontsize=7, transform=panel.get_yaxis_transform()
        )
    panel.set_title(f"{panel.get_title()}, n = {len(true)}", fontsize=9, parse_math=False)
    panel.margins(y=0.12)
    panel.xaxis.set_major_locator(MaxNLocator(5))


def _number(value: float) -> str:
    text = f"{value:+,.0f}" if abs(value) >= 100 else f"{value:+.3g}"
    return text.replace("-", "−")
