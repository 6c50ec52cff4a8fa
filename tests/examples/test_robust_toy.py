import re

import pytest
import torch
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.examples import robust_toy
from monai_ssl.losses import RobustLoss


def printed_accuracies(capsys):
    return [float(value) for value in re.findall(r": (0\.\d{4}) of the clean points", capsys.readouterr().out)]


@pytest.mark.parametrize("seed", [0, 1])
def test_wrong_labels_move_the_boundary_of_cross_entropy_only(seed, tmp_path, capsys):
    robust_toy.main(["--output", str(tmp_path / "a.png"), "--seed", str(seed)])
    plain, robust = printed_accuracies(capsys)
    assert plain < 0.95
    assert robust > 0.97
    # Without the wrong labels both are as good: it is they that make the difference.
    points = robust_toy.draw_points(seed)
    clean = robust_toy.Points(*(part[points.clean] for part in points))
    alone = robust_toy.accuracy(robust_toy.train_perceptron(clean, RobustLoss("ce")), clean)
    assert abs(robust - alone) < 0.01
    with Image.open(tmp_path / "a.png") as image:
        assert image.width > 2 * image.height > 600
    robust_toy.main(["--output", str(tmp_path / "b.png"), "--seed", str(seed)])
    assert printed_accuracies(capsys) == [plain, robust]
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_the_points_are_as_described():
    points = robust_toy.draw_points()
    assert points.places.shape == (475, 2)
    assert points.labels[points.clean].bincount().tolist() == [150, 150, 150]
    assert points.labels[~points.clean].unique().tolist() == [1]
    # The cluster is nearest to the first class, whose label it does not have.
    centers = torch.stack([points.places[points.clean & (points.labels == index)].mean(dim=0) for index in range(3)])
    assert (torch.cdist(points.places[~points.clean], centers).argmin(dim=1) == 0).all()


def test_a_beta_that_cannot_be_is_named(tmp_path):
    with pytest.raises(InputError, match=r"`beta` is 0\.0"):
        robust_toy.main(["--output", str(tmp_path / "a.png"), "--beta", "0"])
