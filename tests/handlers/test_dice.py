"""Dice by region on masks whose overlap is counted by hand."""

import pytest
import torch
from ignite.engine import Engine

from monai_ssl.errors import InputError
from monai_ssl.handlers import RegionDice

NAMES = ("core", "whole")


def mask(*rows: str) -> torch.Tensor:
    return torch.tensor([[float(cell == "#") for cell in row] for row in rows])


def run(batches, name="dice"):
    engine = Engine(lambda engine, batch: batch)
    RegionDice(NAMES).attach(engine, name)
    return engine.run(batches).metrics


def test_mean_over_images_then_over_regions():
    """Image 0: core 2 * 1 / (2 + 1), whole perfect; image 1: no core, whole 2 * 1 / (1 + 3)."""
    truth = torch.stack([mask("#.", "#."), mask("##", "##")]), torch.stack([mask("..", ".."), mask("##", "#.")])
    found = torch.stack([mask("#.", ".."), mask("##", "##")]), torch.stack([mask("#.", ".."), mask("..", "#.")])
    expected = {"core": 2 / 3, "whole": (1.0 + 0.5) / 2}
    metrics = run([(torch.stack(found), torch.stack(truth))])
    assert metrics["dice_core"] == pytest.approx(expected["core"])
    assert metrics["dice_whole"] == pytest.approx(expected["whole"])
    assert metrics["dice"] == pytest.approx(sum(expected.values()) / 2)
    assert run([(list(found), list(truth))]) == metrics  # decollated
    assert run([([found[0]], [truth[0]]), ([found[1]], [truth[1]])]) == metrics  # in two batches


def test_a_region_without_truth_is_left_out():
    truth = torch.stack([mask(".."), mask("#.")])
    metrics = run([(truth[None], truth[None])])
    assert metrics == {"dice": 1.0, "dice_whole": 1.0}


def test_nothing_to_find():
    with pytest.raises(InputError, match="no mask of this evaluation shows a region"):
        run([(torch.zeros(1, 2, 3, 3), torch.zeros(1, 2, 3, 3))])
