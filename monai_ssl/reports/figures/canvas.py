"""What all figures share: canvas, colors and saving.

Figures are plain matplotlib figures with a canvas of their own: no display, no state shared with the caller's figures.
"""

import os

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from monai_ssl.files import write_whole

__all__ = ["COLORS", "GREY", "new_figure", "save_figure"]

# The palette of Okabe and Ito, told apart with any kind of color vision; yellow is too faint on white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
GREY = "#8c8c8c"


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure, width and height in inches."""
    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure whole or not at all; the suffix of ``path`` says the format."""
    with write_whole(path) as temporary:
        figure.savefig(temporary)
