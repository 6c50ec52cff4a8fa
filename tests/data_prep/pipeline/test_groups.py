"""Whose image it is: joining the table's and the headers' identifiers, and pseudonyms that tell neither."""

import pytest

from data_prep.pipeline.groups import choose_groups, merge_duplicates, misplaced, pseudonyms, shuffled_numbers
from monai_ssl.errors import InputError


def groups(keys: list[str]) -> set[tuple[int, ...]]:
    """The places of each patient's images."""
    return {tuple(place for place, other in enumerate(keys) if other == key) for key in keys}


def test_header_is_joined_to_the_table() -> None:
    """Image 1 has no row, but the header of image 0, whose patient the table tells; image 4 is of no row's patient."""
    images = list("abcdef")
    in_table = ["7", None, "7", "", None, "H3"]
    in_header = ["H1", "H1", "H2", "H2", "H3", None]
    keys = choose_groups(images, in_table, in_header, "labels.csv")
    assert groups(keys) == {(0, 1, 2, 3), (4,), (5,)}


def test_unknown_patients_are_apart_from_all_others(caplog: pytest.LogCaptureFixture) -> None:
    keys = choose_groups(["a", "b", "c"], [None, "a", None], [None, None, "a"], "labels.csv")
    assert groups(keys) == {(0,), (1,), (2,)}
    assert "The patient of 1 of 3 images is not known" in caplog.text


def test_header_of_several_patients(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(InputError, match=r"^labels.csv: 1 of the PatientIDs .* Mend the patient column") as error:
        choose_groups(["a", "b", "c"], ["REAL1", "REAL2", None], ["REAL3"] * 3, "labels.csv")
    assert "REAL" not in str(error.value)
    # Headers that are all alike, as of anonymized files, do no harm where the table knows every patient.
    keys = choose_groups(["a", "b", "c"], ["REAL1", "REAL2", "REAL1"], ["REAL3"] * 3, "labels.csv")
    assert groups(keys) == {(0, 2), (1,)}
    assert "the table is believed" in caplog.text
    assert "REAL" not in caplog.text


def test_keys_do_not_depend_on_the_salt() -> None:
    """Headers come as hashes that differ from salt to salt; the keys order the draws and must not."""
    images = ["b", "a", "c", "d"]
    one = choose_groups(images, [None] * 4, ["77", "77", "33", None], "labels.csv")
    assert one == choose_groups(images, [None] * 4, ["11", "11", "99", None], "labels.csv")
    assert one == ["header a", "header a", "header c", "image d"]


def test_duplicates_join_groups(caplog: pytest.LogCaptureFixture) -> None:
    """1 shares an image with 2, and 2 another with 3; 4 and 5 have images that are like no other."""
    keys = ["1", "2", "2", "3", "3", "4", "5"]
    contents = ["x", "x", "y", "z", "y", "", ""]
    assert merge_duplicates(keys, contents) == ["1", "1", "1", "1", "1", "4", "5"]
    assert "2 groups have an image in common" in caplog.text
    caplog.clear()
    assert merge_duplicates(["a", "a"], ["x", "x"]) == ["a", "a"]
    assert not caplog.text


def test_misplaced_images_are_those_of_the_earlier_split() -> None:
    keys = ["1", "1", "2", "2", "3", "3", "4"]
    splits = ["training", "test", "train_val", "validation", "training", None, "test"]
    assert misplaced(keys, splits) == {0: "test", 2: "validation"}


def test_pseudonyms_need_the_salt() -> None:
    keys = ["table 1", "table 2", "table 1"]
    first, again, other = pseudonyms(keys, b"s" * 32), pseudonyms(keys, b"s" * 32), pseudonyms(keys, b"t" * 32)
    assert first == again
    assert first[0] == first[2] != first[1]
    assert not set(first) & set(other)


def test_numbers_are_in_random_order() -> None:
    keys = [f"table {index:03d}" for index in range(50)]
    numbers = shuffled_numbers(keys, 0)
    assert sorted(numbers) == [f"p{number:05d}" for number in range(1, 51)]
    assert numbers != sorted(numbers)
    assert numbers == shuffled_numbers(keys[:], 0) != shuffled_numbers(keys, 1)
