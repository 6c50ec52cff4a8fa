"""Whose image it is: joining the table's and the headers' identifiers, and pseudonyms that tell neither."""

import itertools

import numpy as np
import pytest

from data_prep.copying import opaque_names
from data_prep.patients import choose_patients, pseudonyms, warn_of_paths
from monai_ssl.errors import InputError


def groups(keys: list[str]) -> set[tuple[int, ...]]:
    """The places of each patient's images."""
    return {tuple(place for place, other in enumerate(keys) if other == key) for key in keys}


def test_header_is_joined_to_the_table() -> None:
    """Image 1 has no row, but the header of image 0, whose patient the table tells; image 4 is of no row's patient."""
    images = list("abcdef")
    in_table = ["7", None, "7", "", None, "H3"]
    in_header = ["H1", "H1", "H2", "H2", "H3", None]
    keys = choose_patients(images, in_table, in_header, "labels.csv")
    assert groups(keys) == {(0, 1, 2, 3), (4,), (5,)}


def test_unknown_patients_are_apart_from_all_others(caplog: pytest.LogCaptureFixture) -> None:
    keys = choose_patients(["a", "b", "c"], [None, "a", None], [None, None, "a"], "labels.csv")
    assert groups(keys) == {(0,), (1,), (2,)}
    assert "The patient of 1 of 3 images is not known" in caplog.text


def test_header_of_several_patients(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(InputError, match=r"^labels.csv: 1 of the PatientIDs .* Mend the patient column") as error:
        choose_patients(["a", "b", "c"], ["REAL1", "REAL2", None], ["REAL3"] * 3, "labels.csv")
    assert "REAL" not in str(error.value)
    # Headers that are all alike, as of anonymized files, do no harm where the table knows every patient.
    keys = choose_patients(["a", "b", "c"], ["REAL1", "REAL2", "REAL1"], ["REAL3"] * 3, "labels.csv")
    assert groups(keys) == {(0, 2), (1,)}
    assert "the table is believed" in caplog.text
    assert "REAL" not in caplog.text


def test_pseudonyms_need_the_identifiers() -> None:
    """The order differs with a single identifier, so that it does not follow from the seed and the count alone."""
    patients = [f"table {index:03d}" for index in range(50)]
    first, again, other = (pseudonyms(some, 0) for some in (patients, patients[:], [*patients[:-1], "table 999"]))
    assert first == again
    assert sorted(first) == sorted(other) == [f"p{number:05d}" for number in range(1, 51)]
    guessed = np.random.default_rng([0, 3]).permutation(50) + 1
    assert sum(int(name[1:]) == guess for name, guess in zip(first, guessed, strict=True)) < 10
    assert sum(one == two for one, two in zip(first, other, strict=True)) < 10
    assert first != pseudonyms(patients, 1)


def test_opaque_names_need_paths_and_identifiers() -> None:
    images = [f"{index:03d}.png" for index in range(50)]
    patients = [f"table {index:03d}" for index in range(50)]
    names = [
        opaque_names(images, patients, 0),
        opaque_names(images, [*patients[:-1], "table 999"], 0),
        opaque_names([*images[:-1], "999.png"], patients, 0),
    ]
    assert names[0] == opaque_names(images, patients, 0)
    for one, two in itertools.combinations(names, 2):
        assert sorted(one) == sorted(two) == [f"images/i{number:06d}.png" for number in range(1, 51)]
        assert sum(first == second for first, second in zip(one, two, strict=True)) < 10


def test_paths_with_an_identifier_of_either_source(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_paths(["REAL1/a", "REAL2/b", "c"], ["REAL1", "X", None], [None, "REAL2", "c"])
    assert "The paths of 2 images" in caplog.text
    assert "REAL" not in caplog.text
