import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import confusion_matrix

from monai_ssl.errors import InputError
from monai_ssl.metrics import one_against_rest
from monai_ssl.reports import confusion_figure, save_figure

NAMES = ("Melanoma", "cost in $ or in $", "Vascular lesion")
P = np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.1, 0.6, 0.3], [0.6, 0.2, 0.2]])
Y = one_against_rest([0, 0, 1, -1], 3)


def grid_of(panel, size):
    return np.array([text.get_text() for text in panel.texts]).reshape(size, size)


def test_counts_fractions_and_names():
    figure = confusion_figure(P, Y, NAMES, "Confusion matrix, 4 images")
    panel = figure.axes[0]
    np.testing.assert_array_equal(
        grid_of(panel, 3), [["1\n50%", "1\n50%", "0"], ["0", "1\n100%", "0"], ["–", "–", "–"]]
    )
    (image,) = panel.get_images()
    np.testing.assert_array_equal(image.get_array().filled(np.nan), [[0.5, 0.5, 0], [0, 1, 0], [np.nan] * 3])
    assert image.get_clim() == (0, 1)
    assert [label.get_text() for label in panel.get_xticklabels()] == list(NAMES)
    assert [label.get_text() for label in panel.get_yticklabels()] == [
        "Melanoma\nn = 2",
        "cost in $ or in $\nn = 1",
        "Vascular lesion\nn = 0",
    ]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("Most probable class", "True class")
    assert figure.get_suptitle() == "Confusion matrix, 4 images\naccuracy 0.667: 2 of 3 labeled images right"


def test_counts_are_scikit_learns():
    rng = np.random.default_rng(0)
    p, classes = rng.dirichlet(np.ones(4), 200), rng.integers(0, 4, 200)
    panel = confusion_figure(p, one_against_rest(classes, 4), "ABCD", "Confusion").axes[0]
    counts = [[int(cell.split("\n")[0]) for cell in row] for row in grid_of(panel, 4)]
    np.testing.assert_array_equal(counts, confusion_matrix(classes, p.argmax(axis=1)))


def test_a_rare_error_is_not_nothing():
    p = np.eye(2)[[1] + [0] * 299]
    panel = confusion_figure(p, one_against_rest([0] * 300, 2), "AB", "Confusion").axes[0]
    assert grid_of(panel, 2)[0].tolist() == ["299\n100%", "1\n<1%"]


@pytest.mark.parametrize("classes", [1, 2, 16])
def test_nothing_is_cut_off(tmp_path, classes):
    names = ["Squamous cell carcinoma in situ and a rather long name"] * classes
    figure = confusion_figure(np.eye(classes), np.eye(classes), names, "Confusion matrix, 16 test images of 9 patients")
    save_figure(figure, tmp_path / "confusion.png")
    with Image.open(tmp_path / "confusion.png") as image:
        pixels = np.asarray(image.convert("L"))
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    assert (border == 255).all()
    assert (pixels < 128).any()


def test_what_cannot_be_drawn():
    with pytest.raises(InputError, match="2 class names for 3 columns"):
        confusion_figure(P, Y, NAMES[:2], "Confusion")
    with pytest.raises(InputError, match="no image has a label"):
        confusion_figure(P, np.full((4, 3), -1), NAMES, "Confusion")
    with pytest.raises(InputError, match="single class"):
        confusion_figure(P, np.ones((4, 3)), NAMES, "Confusion")
