import pytest

from monai_ssl.data import split_patients
from monai_ssl.errors import InputError

PATIENTS = [f"p{index // 3:03d}" for index in range(300)]  # 100 patients with 3 images each


def test_counts_of_patients() -> None:
    splits = split_patients(PATIENTS, (0.7, 0.1, 0.2), seed=3)
    assert [splits.count(name) for name in ("training", "validation", "test")] == [210, 30, 60]


def test_a_patient_is_in_one_split() -> None:
    splits = split_patients(PATIENTS, seed=1)
    assert all(splits[index] == splits[index + 1] == splits[index + 2] for index in range(0, 300, 3))


def test_depends_on_seed_and_not_on_order() -> None:
    splits = split_patients(PATIENTS, seed=1)
    assert split_patients(PATIENTS[::-1], seed=1) == splits[::-1]
    assert split_patients(PATIENTS, seed=2) != splits


def test_every_patient_may_come_into_each_split() -> None:
    seen = [split_patients(["a", "b", "c"], seed=seed) for seed in range(40)]
    assert {tuple(splits) for splits in seen} == {
        ("training", "validation", "test"),
        ("training", "test", "validation"),
        ("validation", "training", "test"),
        ("validation", "test", "training"),
        ("test", "training", "validation"),
        ("test", "validation", "training"),
    }


def test_no_test_split() -> None:
    assert "test" not in split_patients(PATIENTS, (0.8, 0.2, 0))


@pytest.mark.parametrize("fractions", [(0.7, 0.1), (0.7, 0.1, 0.1), (1.2, -0.1, -0.1), (0.8, 0, 0.2), (0, 0.5, 0.5)])
def test_bad_fractions(fractions: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="split fractions"):
        split_patients(PATIENTS, fractions)


def test_too_few_patients() -> None:
    with pytest.raises(InputError, match="2 patients are too few"):
        split_patients(["a", "a", "b"])
