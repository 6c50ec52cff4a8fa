import numpy as np
import pytest
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.reports import SaliencyRow, saliency_figure, save_figure


def row(image, label="mass", **maps):
    return SaliencyRow(label, image, maps, {name: 0.25 + 0.5 * i for i, name in enumerate(maps)})


def drawn(panel):
    (picture,) = panel.get_images()
    return np.asarray(picture.get_array()), picture.get_cmap().name


RNG = np.random.default_rng(0)
GREY, COLOR = RNG.normal(size=(1, 20, 30)), RNG.normal(size=(3, 20, 30))
MAP = RNG.random((20, 30))


def test_rows_and_columns(tmp_path):
    rows = [row(GREY, "cost in $ or $", supervised=MAP, srcl=MAP), row(GREY, supervised=MAP, srcl=2 * MAP)]
    figure = saliency_figure(rows, "Saliency of 2 images")
    assert len(figure.axes) == 6
    assert [panel.get_title() for panel in figure.axes] == ["Image", "supervised", "srcl", "", "", ""]
    assert [panel.get_ylabel() for panel in figure.axes if panel.get_ylabel()] == ["cost in $ or $", "mass"]
    assert [panel.get_xlabel() for panel in figure.axes[:3]] == ["", "probability 0.25", "probability 0.75"]
    assert figure.get_suptitle().startswith("Saliency of 2 images\n")
    save_figure(figure, tmp_path / "saliency.png")
    with Image.open(tmp_path / "saliency.png") as image:
        assert len(image.convert("RGB").getcolors(2**24)) > 100


def test_dark_is_low_and_the_99th_percentile_is_bright():
    figure = saliency_figure([row(GREY, a=MAP, b=1000 * MAP)], "")
    values, look = drawn(figure.axes[1])
    np.testing.assert_allclose(values, MAP / np.percentile(MAP, 99))
    np.testing.assert_allclose(drawn(figure.axes[2])[0], values)
    assert figure.axes[1].get_images()[0].get_clim() == (0, 1)
    colors = figure.axes[1].get_images()[0].get_cmap()([0.0, 1.0])[:, :3].mean(axis=1)
    assert look == "inferno"
    assert colors[0] < 0.1 < 0.6 < colors[1]


def test_maps_that_are_nearly_or_wholly_zero():
    single = np.zeros((20, 30))
    single[3, 4] = 5
    figure = saliency_figure([row(GREY, single=single, none=np.zeros((20, 30)))], "")
    np.testing.assert_array_equal(drawn(figure.axes[1])[0], single / 5)
    np.testing.assert_array_equal(drawn(figure.axes[2])[0], 0)


def test_images_from_their_smallest_to_their_largest_value():
    grey, color = saliency_figure([row(GREY, a=MAP)], ""), saliency_figure([row(COLOR, a=MAP)], "")
    values, look = drawn(grey.axes[0])
    np.testing.assert_allclose(values, (GREY[0] - GREY.min()) / (GREY.max() - GREY.min()))
    assert look == "gray"
    values, _ = drawn(color.axes[0])
    assert values.shape == (20, 30, 3)
    np.testing.assert_allclose(values[..., 1], (COLOR[1] - COLOR.min()) / (COLOR.max() - COLOR.min()))


def test_of_two_channels_the_first():
    values, _ = drawn(saliency_figure([row(COLOR[:2], a=MAP)], "").axes[0])
    np.testing.assert_allclose(values, (COLOR[0] - COLOR[0].min()) / (COLOR[0].max() - COLOR[0].min()))


def test_three_equal_channels_are_grey_and_others_keep_their_color():
    grey = 300 * (GREY - GREY.min()) / np.ptp(GREY)
    values, look = drawn(saliency_figure([row(np.repeat(grey, 3, axis=0), a=MAP)], "").axes[0])
    assert look == "gray"
    np.testing.assert_allclose(values, grey[0] / 300, atol=1e-12)
    # A picture in shades of one pink has proportional channels.
    pink = np.concatenate([grey, 0.6 * grey, 0.7 * grey])
    values, _ = drawn(saliency_figure([row(pink, a=MAP)], "").axes[0])
    np.testing.assert_allclose(values, np.moveaxis(pink, 0, -1) / 300, atol=1e-12)


def test_an_image_of_one_value():
    values, _ = drawn(saliency_figure([row(np.full((1, 4, 4), 3.0), a=np.ones((4, 4)))], "").axes[0])
    np.testing.assert_array_equal(values, 0)


def test_the_slice_of_a_volume():
    """Through the voxel that is largest in units of its own map, the same for all."""
    volume = RNG.normal(size=(1, 8, 7, 6))
    first, second = RNG.random((2, 8, 7, 6))
    first[2, 3, 1], second[5, 6, 4] = 50, 40
    figure = saliency_figure([row(volume, a=first, b=100 * second)], "")
    # The 99th percentiles are both just below 1.
    place = 1 if 50 / np.percentile(first, 99) > 40 / np.percentile(second, 99) else 4
    assert place == 1
    assert figure.axes[0].get_xlabel() == "slice at 25% of the last axis"
    np.testing.assert_allclose(
        drawn(figure.axes[0])[0], (volume[0, ..., 1] - volume.min()) / (volume.max() - volume.min())
    )
    np.testing.assert_allclose(drawn(figure.axes[1])[0], first[..., 1] / np.percentile(first, 99))
    np.testing.assert_allclose(drawn(figure.axes[2])[0], second[..., 1] / np.percentile(second, 99))
    assert saliency_figure([row(volume, b=second, a=first)], "").axes[0].get_xlabel() == "slice at 25% of the last axis"
    only = saliency_figure([row(volume, b=second)], "")
    assert only.axes[0].get_xlabel() == "slice at 75% of the last axis"


def test_rows_that_cannot_be_drawn():
    with pytest.raises(InputError, match=r"201 saliency maps of each model are too many for one figure. .*at most 200"):
        saliency_figure([row(GREY, a=MAP)] * 201, "")
    with pytest.raises(ValueError, match="at least one"):
        saliency_figure([], "")
    with pytest.raises(ValueError, match="the same models"):
        saliency_figure([row(GREY, a=MAP), row(GREY, b=MAP)], "")
