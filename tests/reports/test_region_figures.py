"""Figures of masks: scores by region, and outlines on images."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from monai_ssl.errors import InputError
from monai_ssl.reports import OverlayRow, overlay_figure, overlay_row, save_figure
from monai_ssl.reports.figures import region_figure

REGIONS = {"whole": [1, 2, 4], "core": [1, 4], "rim": [4]}


def volume():
    mask = np.zeros((10, 12, 6), np.int32)
    mask[2:8, 3:9, 1:5] = 2
    mask[4:7, 4:8, 3] = 4
    mask[8, 4, 3] = 2
    return mask


def test_the_slice_with_most_foreground_of_the_truth():
    image = np.arange(720.0).reshape(1, 10, 12, 6)
    truth, prediction = volume(), np.zeros((10, 12, 6), np.int32)
    truth[9, 6:8, 2] = 1
    row = overlay_row(image, prediction, truth, REGIONS, nifti=False)
    assert row.place == "slice 3 of 6"
    np.testing.assert_array_equal(row.image, image[..., 2])
    np.testing.assert_array_equal(row.truth, np.stack([np.isin(truth[..., 2], values) for values in REGIONS.values()]))
    assert not row.prediction.any()
    assert overlay_row(image, truth, None, REGIONS, nifti=False).place == "slice 3 of 6"
    assert overlay_row(image, truth, prediction, REGIONS, nifti=False).place == "slice 4 of 6"  # the middle
    assert overlay_row(image, truth, None, REGIONS, nifti=False).truth is None


def test_nifti_is_turned_as_radiologists_look():
    """Front right is upper left."""
    mask = np.zeros((10, 12), np.int32)
    mask[9, 11] = 1
    row = overlay_row(mask[None].astype(float), mask, mask, REGIONS, nifti=True, spacing=(2.0, 3.0))
    assert row.truth.shape == (3, 12, 10)
    assert row.truth[0, 0, 0]
    assert row.prediction[0, 0, 0]
    assert row.image[0, 0, 0] == 1
    assert row.aspect == pytest.approx(1.5)
    assert overlay_row(mask[None] * 1.0, mask, mask, REGIONS, nifti=False, spacing=(2.0, 3.0)).aspect == pytest.approx(
        2 / 3
    )


def test_large_slices_are_thinned_out_alike():
    mask = np.zeros((1500, 900), np.int32)
    mask[600:900, 300:600] = 1
    row = overlay_row(mask[None] * 1.0, mask, mask, REGIONS, nifti=False)
    assert row.image.shape == (1, 500, 300)
    np.testing.assert_array_equal(row.truth[0], row.image[0] > 0)
    assert row.truth[0].sum() == 100 * 100


def outlines(panel):
    """Color, width and whether it is dashed, of the outlines in the order of drawing."""
    return [
        (tuple(np.round(drawn.get_edgecolor()[0][:3], 3)), float(drawn.get_linewidth()[0]), drawn.get_linestyle()[0][1])
        for drawn in panel.collections
    ]


def test_nested_regions_with_one_outline_can_be_told_apart(tmp_path):
    """The rim makes up the whole core, so that one outline lies upon the other."""
    rows = [overlay_row(np.random.default_rng(0).random((1, 10, 12, 6)), volume(), volume(), REGIONS, nifti=True)]
    figure = overlay_figure(rows, list(REGIONS), "one")
    image, truth, prediction = figure.axes
    assert [panel.get_title() for panel in figure.axes] == ["Image", "Truth", "Prediction"]
    assert not image.collections
    assert outlines(truth) == outlines(prediction)
    colors, widths, dashes = zip(*outlines(truth), strict=True)
    assert len(set(colors)) == 3
    assert widths[0] > widths[1] > widths[2]
    assert [dash is not None for dash in dashes] == [False, False, True]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == list(REGIONS)
    assert [tuple(np.round(to_rgb(line.get_color()), 3)) for line in figure.legends[0].get_lines()] == list(colors)
    save_figure(figure, tmp_path / "overlays.png")


def test_outlines_close_at_the_edge_of_the_image():
    mask = np.ones((1, 4, 6), bool)
    figure = overlay_figure([OverlayRow(np.zeros((1, 4, 6)), mask)], ["all"], "")
    (outline,) = figure.axes[1].collections[0].get_paths()
    assert outline.vertices.min(axis=0) == pytest.approx([-0.5, -0.5])
    assert outline.vertices.max(axis=0) == pytest.approx([5.5, 3.5])
    assert figure.axes[1].get_xlim() == (-0.5, 5.5)
    assert figure.axes[1].get_ylim() == (3.5, -0.5)


def test_without_truth_there_is_no_column_for_it():
    mask = np.zeros((2, 4, 6), bool)
    bare, known = OverlayRow(np.zeros((1, 4, 6)), mask, label="$a$"), OverlayRow(np.zeros((3, 4, 6)), mask, mask)
    figure = overlay_figure([bare], ["a", "b"], "pseudo-labels")
    assert [panel.get_title() for panel in figure.axes] == ["Image", "Prediction"]
    assert figure.axes[0].get_ylabel() == "$a$"
    both = overlay_figure([bare, known], ["a", "b"], "")
    assert [panel.get_xlabel() for panel in both.axes] == ["", "not known", "", "", "", ""]


def test_rows_that_cannot_be_drawn():
    row = OverlayRow(np.zeros((1, 4, 6)), np.zeros((2, 4, 6), bool))
    with pytest.raises(ValueError, match="with 1 regions"):
        overlay_figure([row], ["a"], "")
    with pytest.raises(ValueError, match="at least one"):
        overlay_figure([], ["a"], "")
    with pytest.raises(InputError, match="81"):
        overlay_figure([row] * 81, ["a", "b"], "")


def entry(value, **counts):
    numbers = {"value": value, "low": value and value - 0.1, "high": value and value + 0.1}
    return {"images": 3, "missed": 0, "false_positives": 0, "dice": numbers, "hd95": numbers, **counts}


def test_scores_by_region(tmp_path):
    dice = np.array([[0.9, 0.0, np.nan], [0.8, 0.4, np.nan], [0.7, np.nan, np.nan]])
    hd95 = np.array([[1.0, 400.0, np.nan], [2.0, 3.0, np.nan], [3.0, np.nan, np.nan]])
    classes = {"whole": entry(0.8), "co$re$": entry(0.2, missed=1, false_positives=2), "never": entry(None, images=0)}
    figure = region_figure(dice, hd95, dice == 0, classes, "mm", "3 images")
    left, right = figure.axes
    assert (left.get_ylabel(), right.get_yscale()) == ("Dice", "symlog")
    assert "(mm)" in right.get_ylabel()
    assert [label.get_text() for label in left.get_xticklabels()][1] == "co$re$\nn = 3, 1 missed\n2 false positive"
    crosses = [line for line in left.lines if line.get_marker() == "x" and len(line.get_xdata())]
    assert [list(line.get_ydata()) for line in crosses] == [[0.0]]
    assert [text.get_text() for text in left.texts] == ["undefined"]
    save_figure(figure, tmp_path / "dice.png")
    plain = region_figure(dice[:, :1], hd95[:, :1], dice[:, :1] == 0, {"whole": entry(0.8)}, "pixels", "")
    assert plain.axes[1].get_yscale() == "linear"
