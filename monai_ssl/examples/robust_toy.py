"""What a robust loss does: one linear classifier, some wrong labels, two losses.

    python -m monai_ssl.examples.robust_toy --output robust_toy.png

Three Gaussian classes in the plane and a small cluster that has the label of the wrong class. A single-layer perceptron
is trained by cross-entropy, another by beta cross-entropy; the figure shows the points and both decision boundaries.

Source: Semi-supervised Learning using Robust Loss, figure 2. The text gives no numbers of its points, nor its beta.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from torch import Tensor, nn

from monai_ssl.losses import RobustLoss
from monai_ssl.reports import save_figure
from monai_ssl.reports.figures import COLORS, new_figure

__all__ = ["Points", "accuracy", "draw_points", "main", "toy_figure", "train_perceptron"]

_CENTERS = ((-2.0, -0.5), (2.0, -0.5), (0.0, 2.5))
_SPREAD, _EACH = 0.8, 150
# It lies at the bottom left, beyond the first class, and has the label of the second.
_WRONG_CENTER, _WRONG_SPREAD, _WRONG_COUNT, _WRONG_LABEL = (-5.0, -4.0), 0.35, 25, 1
_NAMES = ("class 1", "class 2", "class 3")
_MARKERS = "osD"


class Points(NamedTuple):
    """Points of the plane.

    Attributes:
        places: ``(N, 2)``.
        labels: as they are trained on, ``(N,)``.
        clean: whether the label is right, ``(N,)``.
    """

    places: Tensor
    labels: Tensor
    clean: Tensor


def draw_points(seed: int = 0) -> Points:
    """Draw three classes of 150 points, and 25 points with a wrong label."""
    generator = torch.Generator().manual_seed(seed)
    right = [torch.tensor(center) + _SPREAD * torch.randn((_EACH, 2), generator=generator) for center in _CENTERS]
    wrong = torch.tensor(_WRONG_CENTER) + _WRONG_SPREAD * torch.randn((_WRONG_COUNT, 2), generator=generator)
    labels = torch.arange(len(_CENTERS)).repeat_interleave(_EACH)
    count = len(labels)
    return Points(
        torch.cat([*right, wrong]),
        torch.cat([labels, torch.full((_WRONG_COUNT,), _WRONG_LABEL)]),
        torch.arange(count + _WRONG_COUNT) < count,
    )


def train_perceptron(points: Points, loss: nn.Module, steps: int = 600) -> nn.Linear:
    """Train a single layer on all points at once, with Adam (0.05), from weights of 0."""
    network = nn.Linear(2, len(_CENTERS))
    nn.init.zeros_(network.weight)
    nn.init.zeros_(network.bias)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(network(points.places), points.labels).backward()
        optimizer.step()
    return network.requires_grad_(False)


def accuracy(network: nn.Module, points: Points) -> float:
    """The part of the points with a right label that get it."""
    called = network(points.places[points.clean]).argmax(dim=1)
    return (called == points.labels[points.clean]).double().mean().item()


def toy_figure(points: Points, networks: dict[str, nn.Module]) -> Figure:
    """Draw the points, and beside them the regions of each network, by the title of its panel."""
    figure = new_figure(3.2 * (1 + len(networks)), 3.7)
    figure.set_layout_engine("constrained", h_pad=0.08)
    first, *others = figure.subplots(1, 1 + len(networks), sharex=True, sharey=True)
    low, high = (points.places.amin(dim=0) - 0.6).tolist(), (points.places.amax(dim=0) + 0.6).tolist()
    for panel, (title, network) in zip(others, networks.items(), strict=True):
        x, y = torch.meshgrid(*(torch.linspace(low[i], high[i], 400) for i in (0, 1)), indexing="xy")
        called = network(torch.stack([x, y], dim=-1)).argmax(dim=-1).numpy()
        panel.pcolormesh(
            x.numpy(), y.numpy(), called, cmap=ListedColormap(COLORS[:3]), vmin=0, vmax=2, alpha=0.25, rasterized=True
        )
        for index in range(len(_CENTERS)):
            panel.contour(x.numpy(), y.numpy(), called == index, levels=[0.5], colors="black", linewidths=1.2)
        panel.set_title(f"{title}\n{accuracy(network, points):.1%} of the clean points right", fontsize=9)
    first.set_title("Data\ncolored by the label that is trained on", fontsize=9)
    for panel in (first, *others):
        _scatter(panel, points)
        panel.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xticks=(), yticks=(), aspect="equal")
    figure.legend(*first.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure


def _scatter(panel: Axes, points: Points) -> None:
    for index, (name, marker) in enumerate(zip(_NAMES, _MARKERS, strict=True)):
        x, y = points.places[points.clean & (points.labels == index)].T.numpy()
        panel.scatter(x, y, s=7, color=COLORS[index], marker=marker, linewidths=0, label=name)
    x, y = points.places[~points.clean].T.numpy()
    name = f"mislabeled as {_NAMES[_WRONG_LABEL]}"
    panel.scatter(x, y, s=18, color=COLORS[_WRONG_LABEL], marker="x", linewidths=1, label=name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train both, print their accuracy on the clean points and write the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="the figure; the suffix says its format")
    parser.add_argument("--beta", type=float, default=1.0, help="of beta cross-entropy (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the points (%(default)s)")
    options = parser.parse_args(arguments)
    points = draw_points(options.seed)
    losses = {
        "Cross-entropy": RobustLoss("ce"),
        f"Beta cross-entropy, beta = {options.beta:g}": RobustLoss("bce", beta=options.beta),
    }
    networks: dict[str, nn.Module] = {title: train_perceptron(points, loss) for title, loss in losses.items()}
    for title, network in networks.items():
        print(f"{title}: {accuracy(network, points):.4f} of the clean points are called right")
    save_figure(toy_figure(points, networks), options.output)
    print(f"Figure: {options.output}")


if __name__ == "__main__":
    main()
