import itertools
import logging

import numpy as np
import pytest

from monai_ssl.data import sample_budget
from monai_ssl.errors import InputError

RARE = 41


@pytest.fixture(scope="module")
def split() -> tuple[list[list[int]], list[str]]:
    """200 images of 50 patients; class 0 is positive in half of them, class 1 in one only, class 2 in none."""
    labels = [[index % 2, int(index == RARE), 0] for index in range(200)]
    return labels, [f"p{index // 4}" for index in range(200)]


@pytest.mark.parametrize("unit", ["image", "patient"])
@pytest.mark.parametrize("seed", range(5))
def test_nested_and_with_every_class(split: tuple[list[list[int]], list[str]], unit: str, seed: int) -> None:
    budgets = [set(sample_budget(*split, budget, seed, unit)) for budget in (0.02, 0.1, 0.3, 0.6, 0.9, 1.0)]
    for smaller, larger in itertools.pairwise(budgets):
        assert smaller <= larger
    assert all(RARE in chosen for chosen in budgets)
    assert budgets[-1] == set(range(200))


def test_size(split: tuple[list[list[int]], list[str]]) -> None:
    labels = [[1, 0]] * 200
    assert len(sample_budget(labels, split[1], 0.1)) == 20
    assert len(sample_budget(labels, split[1], 33)) == 33
    assert len(sample_budget(labels, split[1], 0.1, unit="patient")) == 5 * 4
    chosen = sample_budget(labels, split[1], 7, unit="patient")
    assert chosen == sorted(chosen)
    assert len({split[1][index] for index in chosen}) == 7
    assert len(chosen) == 7 * 4


def test_grows_no_further_than_needed(
    split: tuple[list[list[int]], list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    """The enlarged budget ends with the rare image: one less would be without it."""
    size = len(sample_budget(*split, 1))
    assert "enlarged from 1 to" in caplog.text
    assert "class 1" in caplog.text
    plain = sample_budget([[1]] * 200, split[1], size - 1)
    assert RARE not in plain
    assert set(sample_budget(*split, 1)) == {*plain, RARE}


def test_no_growth_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        sample_budget([[1]] * 10, list("abcdefghij"), 3)
    assert not caplog.records


def test_negatives() -> None:
    labels = [[1]] * 49 + [[0]]
    patients = [str(index) for index in range(50)]
    assert any(49 not in sample_budget(labels, patients, 2, seed) for seed in range(5))
    assert all(49 in sample_budget(labels, patients, 2, seed, negatives=True) for seed in range(5))


def test_multiclass() -> None:
    labels = [0] * 60 + [1] * 39 + [2]
    chosen = sample_budget(labels, [str(index) for index in range(100)], 0.05, seed=4)
    assert {labels[index] for index in chosen} == {0, 1, 2}


def test_missing_labels_are_not_drawn() -> None:
    labels = [[-1, -1]] * 90 + [[1, -1]] * 10
    chosen = sample_budget(labels, [str(index) for index in range(100)], 1.0)
    assert chosen == list(range(90, 100))
    assert sample_budget([-1, 0, -1, 1], list("abcd"), 1.0) == [1, 3]


def test_not_stratified() -> None:
    """The share of positives in a budget varies as in a simple random sample (hypergeometric)."""
    labels = [[int(index < 50)] for index in range(100)]
    patients = [str(index) for index in range(100)]
    positives = [sum(index < 50 for index in sample_budget(labels, patients, 20, seed)) for seed in range(300)]
    variance = 20 * 0.5 * 0.5 * (80 / 99)
    assert np.mean(positives) == pytest.approx(10, abs=4 * np.sqrt(variance / 300))
    assert np.var(positives) == pytest.approx(variance, rel=0.3)


@pytest.mark.parametrize("budget", [0, 0.0, 1.5, -0.1, -3, 11, True])
def test_bad_budget(budget: float) -> None:
    with pytest.raises(InputError, match=f"budget of {budget}"):
        sample_budget([[1]] * 10, list("abcdefghij"), budget)


def test_no_labels() -> None:
    with pytest.raises(InputError, match="No image has a label"):
        sample_budget([[-1]], ["a"], 1)
    with pytest.raises(InputError, match="No image has a label"):
        sample_budget([], [], 1)


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="slice"):
        sample_budget([1], ["a"], 1, unit="slice")
    with pytest.raises(ValueError, match="2 labels and 1 patients"):
        sample_budget([1, 1], ["a"], 1)
