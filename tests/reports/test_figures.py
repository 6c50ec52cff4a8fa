import numpy as np
import pytest
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.reports import calibration_figure, learning_curves_figure, roc_figure, save_figure

P = np.array([[0.8, 0.9], [0.6, 0.2], [0.4, 0.3], [0.4, 0.5], [0.1, 0.6]])
Y = np.array([[1, 0], [0, 0], [1, 0], [0, 0], [0, -1]])
NAMES = ("edema", "cost in $ or in $")


def text_of(panel):
    return "\n".join(text.get_text() for text in panel.texts)


def labels_of(figure):
    return [panel.get_ylabel() for panel in figure.axes if panel.axison]


def test_roc_curve_and_operating_point():
    figure = roc_figure(P, Y, NAMES, [0.4, np.nan], "ROC of 5 images")
    edema, undefined = figure.axes
    _, curve, point = edema.get_lines()
    # From (0, 0): a positive at 0.8, a negative at 0.6, one of each at 0.4, a negative at 0.1.
    np.testing.assert_allclose(
        np.unique(curve.get_xydata(), axis=0), [[0, 0], [0, 0.5], [1 / 3, 0.5], [2 / 3, 1], [1, 1]]
    )
    np.testing.assert_allclose(point.get_xydata(), [[2 / 3, 1]])
    assert "AUROC 0.750" in text_of(edema)
    assert text_of(undefined) == "undefined"
    assert undefined.get_title() == f"{NAMES[1]}\n0 of 4 positive"
    assert "ROC of 5 images" in figure.get_suptitle()
    assert "mean AUROC 0.750" in figure.get_suptitle()


def test_reliability_points():
    figure = calibration_figure(P, Y, NAMES, "Calibration of 5 images", bins=1)
    edema, undefined = figure.axes
    np.testing.assert_allclose(edema.get_lines()[1].get_xydata(), [[0.46, 0.4]])
    brier = (0.04 + 0.36 + 0.36 + 0.16 + 0.01) / 5
    assert edema.get_title() == f"edema\n2 of 5 positive, 5 a bin\nECE 0.060, Brier {brier:.3f}"
    assert text_of(undefined) == "undefined"


def test_rare_classes_get_a_finer_scale():
    p = np.linspace(0, 0.04, 100)[:, None]
    figure = calibration_figure(p, np.arange(100)[:, None] == 40, ["rare"], "Calibration")
    assert figure.axes[0].get_xlim() == figure.axes[0].get_ylim() == (0, 0.1)


@pytest.mark.parametrize("classes", [1, 14])
def test_any_number_of_classes_can_be_saved(tmp_path, classes):
    rng = np.random.default_rng(0)
    p = rng.random((60, classes))
    figure = roc_figure(p, rng.random((60, classes)) < p, [f"{i}" for i in range(classes)], [0.5] * classes, "ROC")
    save_figure(figure, tmp_path / "roc.png")
    with Image.open(tmp_path / "roc.png") as image:
        assert len(image.convert("RGB").getcolors(2**24)) > 10
    assert [path.name for path in tmp_path.iterdir()] == ["roc.png"]


def test_names_must_fit():
    with pytest.raises(InputError, match="1 class names for 2 columns"):
        calibration_figure(P, Y, NAMES[:1], "Calibration")


HISTORY = [
    {"epoch": 1, "iteration": 9, "loss": 0.9, "loss_mse": 0.001, "weight_mse": 0.1, "learning_rate": 1e-3},
    {"epoch": 2, "iteration": 18, "loss": 0.8, "loss_mse": 0.002, "weight_mse": 0.5, "student": 0.6, "teacher": 0.9},
    {"epoch": 3, "iteration": 27, "loss": 0.7, "loss_mse": 0.003, "weight_mse": 1.0, "student": 0.8, "teacher": 0.7},
]


def test_learning_curves(tmp_path):
    figure = learning_curves_figure(HISTORY, ["student", "teacher"], "Run 1")
    assert labels_of(figure) == [
        "Training loss (log scale)",
        "Weight of the loss term",
        "Learning rate",
        "Validation metric",
    ]
    assert figure.get_suptitle() == "Run 1\nbest epoch 2: teacher 0.900"
    losses, weights, _, metrics = figure.axes
    total, mse, best = losses.get_lines()
    np.testing.assert_allclose(total.get_xydata(), [[1, 0.9], [2, 0.8], [3, 0.7]])
    assert list(best.get_xdata()) == [2, 2]
    assert mse.get_color() == weights.get_lines()[0].get_color() != total.get_color()
    # Epoch 1 was not validated.
    np.testing.assert_allclose(metrics.get_lines()[0].get_xydata(), [[2, 0.6], [3, 0.8]])
    np.testing.assert_allclose(metrics.get_lines()[-1].get_xydata(), [[2, 0.9]])
    save_figure(figure, tmp_path / "learning_curves.png")


def test_learning_curves_of_two_networks():
    history = [
        {"epoch": 1, "learning_rate_a": 0.1, "learning_rate_b": 0.2, "fake_real": 0.3, "fake_predicted": 0.6},
        {"epoch": 2, "learning_rate_a": 0.1, "learning_rate_b": 0.1, "fake_real": 0.2, "fake_predicted": 0.9},
    ]
    rates, fakes = learning_curves_figure(history).axes
    assert (rates.get_ylabel(), fakes.get_ylabel()) == ("Learning rate", "Probability of a predicted mask")
    drawn = {line.get_label(): list(line.get_ydata()) for panel in (rates, fakes) for line in panel.lines}
    assert drawn == {"a": [0.1, 0.1], "b": [0.2, 0.1], "real": [0.3, 0.2], "predicted": [0.6, 0.9]}
    assert all(panel.get_legend() is not None for panel in (rates, fakes))


def test_panels_of_what_is_there_only():
    figure = learning_curves_figure([{"epoch": 1, "loss": 0.5, "auroc": 0.5, "auroc_edema": 0.4}], ["auroc"])
    assert labels_of(figure) == ["Training loss", "Validation metric"]
    assert [line.get_label() for line in figure.axes[1].get_lines()][:1] == ["auroc"]


@pytest.mark.parametrize(
    ("history", "metrics", "message"),
    [([], ["auroc"], "empty"), ([{"loss": 1}], ["auroc"], "lacks epochs"), (HISTORY, ["auroc"], "no epoch has")],
)
def test_history_that_cannot_be_drawn(history, metrics, message):
    with pytest.raises(InputError, match=message):
        learning_curves_figure(history, metrics)


def test_the_epoch_that_was_chosen_is_marked():
    history = [{"epoch": 1, "f1": 0.9, "average": 0.7}, {"epoch": 2, "f1": 0.6, "average": 0.8}]
    figure = learning_curves_figure(history, ["average", "f1"], best=("average", 2))
    assert figure.get_suptitle().endswith("best epoch 2: average 0.800")
    with pytest.raises(InputError, match="'teacher'"):
        learning_curves_figure(history, ["average", "f1"], best=("teacher", 2))


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_another_epoch_of_the_same_metric_can_be_the_chosen_one(epoch):
    history = [{"epoch": 1, "auroc": 0.6}, {"epoch": 2, "auroc": 0.9}, {"epoch": 3, "auroc": 0.7}]
    figure = learning_curves_figure(history, ["auroc"], best=("auroc", epoch))
    value = history[epoch - 1]["auroc"]
    assert figure.get_suptitle().endswith(f"best epoch {epoch}: auroc {value:.3f}")
    curve, line, star = figure.axes[0].get_lines()
    np.testing.assert_array_equal(curve.get_ydata(), [0.6, 0.9, 0.7])
    assert list(line.get_xdata()) == [epoch, epoch]
    np.testing.assert_array_equal(star.get_xydata(), [[epoch, value]])


def test_a_metric_that_is_undefined_is_not_the_best():
    history = [{"epoch": 1, "a": np.nan, "b": 0.6}, {"epoch": 2, "a": 0.7, "b": np.nan}, {"epoch": 3, "a": np.nan}]
    for metrics in (["a", "b"], ["b", "a"]):
        assert learning_curves_figure(history, metrics).get_suptitle().endswith("best epoch 2: a 0.700")
    with pytest.raises(InputError, match="epoch 3 has no metric 'a'"):
        learning_curves_figure(history, ["a", "b"], best=("a", 3))
    with pytest.raises(InputError, match="no epoch has"):
        learning_curves_figure(history[:1], ["a"])
