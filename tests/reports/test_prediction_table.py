import csv
import json

import numpy as np
import pytest

from monai_ssl.errors import InputError
from monai_ssl.reports import read_thresholds, write_predictions

P = [[0.9, 0.25], [0.5, 0.499]]
IMAGES = ["a, b.png", "c.png"]
NAMES = ["edema", "mass"]


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_multilabel(tmp_path):
    path = write_predictions(tmp_path / "out" / "predictions.csv", IMAGES, P, NAMES)
    assert rows(path) == [
        ["image", "probability_edema", "probability_mass", "prediction_edema", "prediction_mass"],
        ["a, b.png", "0.900000", "0.250000", "1", "0"],
        ["c.png", "0.500000", "0.499000", "1", "0"],
    ]


def test_thresholds(tmp_path):
    path = write_predictions(tmp_path / "predictions.csv", IMAGES, P, NAMES, thresholds=[0.6, np.nan])
    assert [row[3:] for row in rows(path)[1:]] == [["1", ""], ["0", ""]]


def test_multiclass(tmp_path):
    path = write_predictions(tmp_path / "predictions.csv", IMAGES, [[0.9, 0.1], [0.3, 0.7]], NAMES, task="multiclass")
    assert rows(path)[0][3:] == ["prediction"]
    assert [row[3] for row in rows(path)[1:]] == ["edema", "mass"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((IMAGES[:1], P, NAMES), "1 images"),
        ((IMAGES, P, ["edema"]), "1 classes"),
        ((IMAGES, [[0.5, np.nan]] * 2, NAMES), "NaN"),
        ((IMAGES, P, NAMES, [0.5]), "one for each of 2 classes"),
        ((IMAGES, P, NAMES, [0.5, 0.5], "multiclass"), "no thresholds"),
        ((IMAGES, P, NAMES, None, "segmentation"), "segmentation"),
    ],
)
def test_what_does_not_fit_writes_nothing(tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        write_predictions(tmp_path / "predictions.csv", *arguments)
    assert not list(tmp_path.iterdir())


def test_read_thresholds_in_the_order_of_the_classes(tmp_path):
    path = tmp_path / "thresholds.json"
    path.write_text(json.dumps({"mass": None, "edema": 0.25}))
    np.testing.assert_array_equal(read_thresholds(path, NAMES), [0.25, np.nan])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "this file is damaged"),
        ('{"edema": 0.5}', "it holds edema, not the classes edema, mass"),
        ("[0.5, 0.5]", "a JSON list, no object"),
        ("{}", "it holds no classes, not the classes"),
        ('{"edema": 0.5, "mass": 2}', "the threshold of mass is 2"),
        ('{"edema": 0.5, "mass": "0.5"}', "the threshold of mass is '0.5'"),
        ('{"edema": 0.5, "mass": true}', "the threshold of mass is True"),
        ('{"edema": 0.5, "mass": NaN}', "the threshold of mass is nan"),
    ],
)
def test_broken_thresholds(tmp_path, content, message):
    path = tmp_path / "thresholds.json"
    path.write_text(content)
    with pytest.raises(InputError, match=message) as error:
        read_thresholds(path, NAMES)
    assert str(path) in str(error.value)


def test_thresholds_that_are_missing(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_thresholds(tmp_path / "thresholds.json", NAMES)
