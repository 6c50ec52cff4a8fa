"""Figures of masks by the class of their images, and of their sizes."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from scipy import stats

from monai_ssl.reports.figures import COLORS, bland_altman_figure, dice_by_class_figure, save_figure

CLASSES = np.array([0, 0, 1, 1, 1, -1])
TRUE = np.array([[100.0], [120], [90], [110], [105], [0]])
PREDICTED = np.array([[110.0], [118], [95], [110], [103], [0]])


def texts(panel):
    return [text.get_text() for text in panel.texts]


def test_bland_altman():
    """Differences 10, -2, 5, 0, -2: their mean is 2.2; the last image has no such region."""
    figure = bland_altman_figure(PREDICTED, TRUE, CLASSES, ["a", "b"], ["lu$n$g"], "pixels", "6 images")
    (panel,) = figure.axes
    points = panel.collections[0]
    np.testing.assert_allclose(points.get_offsets(), [[105, 10], [119, -2], [92.5, 5], [110, 0], [104, -2]])
    colors = [to_rgb(COLORS[index]) for index in (0, 0, 1, 1, 1)]
    np.testing.assert_allclose(points.get_facecolors()[:, :3], colors)
    margin = 1.96 * np.std([10, -2, 5, 0, -2], ddof=1)
    heights = [line.get_ydata()[0] for line in panel.lines]
    assert heights == pytest.approx([0, 2.2, 2.2 + margin, 2.2 - margin])
    assert texts(panel) == ["bias\n+2.2", f"+1.96 SD\n+{2.2 + margin:.3g}", f"−1.96 SD\n−{margin - 2.2:.3g}"]
    assert panel.get_title() == "lu$n$g, n = 5"
    assert panel.get_xlabel() == "mean of predicted and true area (pixels)"
    assert panel.get_ylabel() == "predicted − true area (pixels)"
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["a", "b", "class not known"]


@pytest.mark.parametrize(
    ("unit", "scale", "expected"),
    [
        ("pixels", 1, "area (pixels)"),
        ("pixels", 1000, "area (1000 pixels)"),
        ("mm2", 1, "area (mm²)"),
        ("mm2", 100, "area (cm²)"),
        ("mm3", 1, "volume (mm³)"),
        ("mm3", 1000, "volume (cm³)"),
    ],
)
def test_large_numbers_have_a_larger_unit(unit, scale, expected):
    figure = bland_altman_figure(scale * PREDICTED, scale * TRUE, CLASSES, ["a", "b"], ["x"], unit, "")
    (panel,) = figure.axes
    assert panel.get_ylabel() == f"predicted − true {expected}"
    assert panel.lines[1].get_ydata()[0] == pytest.approx(2.2)


def test_bland_altman_without_classes_limits_or_region(tmp_path):
    same = np.repeat(TRUE, 3, axis=1)
    same[:, 2] = 0
    found = same.copy()
    found[:5, 1] += 1
    figure = bland_altman_figure(found, same, np.full(6, -1), ["a"], ["x", "y", "never"], "mm3", "")
    agreeing, shifted, never = figure.axes
    assert texts(agreeing) == ["bias\n+0"]
    assert texts(shifted) == ["bias\n+1"]
    assert texts(never) == ["in no image"]
    assert not figure.legends
    np.testing.assert_allclose(agreeing.collections[0].get_facecolors()[0, :3], to_rgb(COLORS[0]))
    save_figure(figure, tmp_path / "bland_altman.png")
    with pytest.raises(ValueError, match="'miles'"):
        bland_altman_figure(found, same, CLASSES, ["a"], ["x", "y", "z"], "miles", "")


def test_dice_by_class(tmp_path):
    dice = np.array([[0.9, 0.4], [0.7, np.nan], [0.8, 0.5], [0.95, 0.6], [0.85, 0.7], [0.1, 0.1]])
    figure = dice_by_class_figure(dice, CLASSES, ["a", "b$", "none"], ["lung", "heart"], "6 images")
    left, right = figure.axes
    assert [panel.get_title() for panel in figure.axes] == ["lung", "heart"]
    p = stats.f_oneway([0.9, 0.7], [0.8, 0.95, 0.85]).pvalue
    assert left.get_xlabel() == f"one-way ANOVA, 2 classes: p = {p:.3f}"
    # Of the first class one image alone has the region.
    assert right.get_xlabel() == "no analysis of variance: too few images"
    assert [label.get_text() for label in left.get_xticklabels()] == ["a\nn = 2", "b$\nn = 3", "none\nn = 0"]
    assert [label.get_text() for label in right.get_xticklabels()] == ["a\nn = 1", "b$\nn = 3", "none\nn = 0"]
    points = [line for line in left.lines if line.get_marker() == "o"]
    assert [sorted(line.get_ydata()) for line in points] == [[0.7, 0.9], [0.8, 0.85, 0.95]]
    assert [line.get_color() for line in points] == [*COLORS[:2]]
    medians = [line for line in left.lines if line.get_linewidth() == 1.6]
    assert [line.get_ydata()[0] for line in medians] == pytest.approx([0.8, 0.85])
    save_figure(figure, tmp_path / "dice_by_class.png")


def test_analysis_of_variance_of_few_or_equal_or_very_different_images():
    classes = np.array([0, 0, 0, 1, 1, 1])

    def caption(values):
        figure = dice_by_class_figure(np.array(values)[:, None], classes, ["a", "b"], ["x"], "")
        return figure.axes[0].get_xlabel()

    assert caption([0.5] * 6).startswith("no analysis")
    assert caption([0.5] * 3 + [np.nan] * 3).startswith("no analysis")
    assert caption([0.9, 0.91, 0.92, 0.1, 0.11, 0.12]) == "one-way ANOVA, 2 classes: p < 0.001"
