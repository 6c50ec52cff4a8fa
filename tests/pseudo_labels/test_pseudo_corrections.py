"""Corrections that would be lost without a word: of images that have moved, under other names, of all images."""

import logging
import shutil
from pathlib import Path

import pytest
import torch

from monai_ssl.errors import InputError
from tests.pseudo_labels.pseudo import (
    correct,
    files,
    labels,
    make,
    one_more,
    picture_entries,
    probabilities,
    teacher,
)

PATIENTS = ["a", "a", "b"]
NAMES = ["no", "yes"]


@pytest.fixture
def corrected(tmp_path, entries):
    """Pseudo-labels of which a_2 is corrected, with paths relative to the images' folder."""
    make(labels(tmp_path, base=tmp_path / "images"), entries, said(entries))
    correct(tmp_path / "pseudo/a_2.nii.gz", one_more)


def said(entries):
    return {entry["image"]: probabilities(index) for index, entry in enumerate(entries)}


def elsewhere(entries, folder):
    return [{**entry, "image": str(folder / entry["image"].rsplit("/", 1)[1])} for entry in entries]


@pytest.mark.parametrize("how", ["moved", "link", "not normalised", "relative"])
def test_a_data_set_that_has_moved_keeps_its_pseudo_labels(tmp_path, entries, corrected, how, monkeypatch):
    folder = tmp_path / "mount/data"
    folder.parent.mkdir()
    if how == "moved":
        (tmp_path / "images").rename(folder)
        base = folder
    elif how == "link":
        folder.symlink_to(tmp_path / "images")
        base = folder
    elif how == "not normalised":
        folder = tmp_path / "mount/../images"
        base = tmp_path / "pseudo/../images"
    else:
        monkeypatch.chdir(tmp_path / "mount")
        folder, base = tmp_path / "images", "../images"
    moved = elsewhere(entries, folder)
    before = files(tmp_path)
    kept = labels(tmp_path, base=base)
    monkeypatch.chdir(tmp_path)
    assert make(kept, moved, {}) == []
    assert files(tmp_path) == before
    pseudo, by_hand = kept.entries(moved)
    assert [entry["image"] for entry in pseudo] == [moved[0]["image"], moved[2]["image"]]
    assert [(entry["image"], entry["label"]) for entry in by_hand] == [
        (moved[1]["image"], str(tmp_path / "pseudo/a_2.nii.gz"))
    ]
    assert [(entry, path.name) for entry, path in kept.sample(3)] == [
        *((moved[0], "a.nii.gz"), (moved[1], "a_2.nii.gz"), (moved[2], "b.nii.gz"))
    ]


def test_without_a_base_one_path_may_be_written_in_several_ways(tmp_path, entries, monkeypatch):
    make(labels(tmp_path), entries, said(entries))
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path / "pseudo/../images", Path("images")):
        assert labels(tmp_path).missing(elsewhere(entries, folder)) == []


def test_an_image_of_the_same_name_of_another_patient_is_another(tmp_path, entries):
    make(labels(tmp_path), entries, said(entries))
    renamed = [{**entries[0], "patient": "c"}, *entries[1:]]
    assert labels(tmp_path).missing(renamed) == renamed[:1]


@pytest.mark.parametrize("again", [False, True])
def test_corrections_of_images_that_have_moved_are_named(tmp_path, entries, again):
    """Before the images are labeled anew, and after that."""
    make(labels(tmp_path), entries, said(entries))
    correct(tmp_path / "pseudo/a_2.nii.gz", one_more)
    shutil.copytree(tmp_path / "images", tmp_path / "moved")
    moved = elsewhere(entries, tmp_path / "moved")
    if again:
        assert len(make(labels(tmp_path), moved, said(moved))) == 3
    with pytest.raises(InputError, match=r"a_2\.nii\.gz: .* its image is not where it was.*Put .* back, or move"):
        labels(tmp_path).entries(moved)
    assert len(labels(tmp_path).entries(entries)[1]) == 1
    (tmp_path / "pseudo/a_2.nii.gz").rename(tmp_path / "a_2.nii.gz")
    if again:
        assert len(labels(tmp_path).entries(moved)[0]) == 3


def test_a_corrected_row_of_an_image_that_has_moved_is_named(tmp_path):
    teacher(tmp_path)
    entries = picture_entries(tmp_path / "images", ["a", "b"])
    kept = labels(tmp_path, "multiclass", class_names=NAMES)
    make(kept, entries, {entry["image"]: torch.tensor([0.9, 0.1]) for entry in entries})
    table = tmp_path / "pseudo/pseudo_labels.csv"
    table.write_text(table.read_text().replace("2,b,no", "2,b,yes"))
    shutil.copytree(tmp_path / "images", tmp_path / "moved")
    with pytest.raises(InputError, match=r"row of number 2: .* its image is not where it was"):
        kept.entries(elsewhere(entries, tmp_path / "moved"))


def test_a_corrected_image_of_a_patient_who_is_labeled_now_is_left_out(tmp_path, entries, caplog):
    make(labels(tmp_path), entries, said(entries))
    correct(tmp_path / "pseudo/b.nii.gz", one_more)
    with caplog.at_level(logging.INFO, "monai_ssl"):
        pseudo, by_hand = labels(tmp_path).entries(entries[:2])
    assert (len(pseudo), by_hand) == (2, [])
    assert "1 corrected pseudo-labels are left out" in caplog.text
    assert "b.nii.gz" in caplog.text


@pytest.mark.parametrize("name", ["a_corrected.nii.gz", "a.nii", "b.PNG", "b_confidence_2.nii.gz", "a.seg.nrrd"])
def test_a_correction_under_another_name_is_named(tmp_path, entries, name):
    kept = labels(tmp_path, soft=True, confidence_maps=True)
    make(kept, entries, said(entries))
    for other in ("notes.txt", ".a.nii.gz"):  # what viewers and systems hide is no correction
        (tmp_path / "pseudo" / other).touch()
    assert len(kept.entries(entries)[0]) == 3
    (tmp_path / "pseudo" / name).touch()
    with pytest.raises(InputError, match=rf"pseudo/{name}: .* save it under the name .* move it away"):
        kept.entries(entries)


def test_files_of_images_that_are_not_listed_are_no_strangers(tmp_path, entries):
    kept = labels(tmp_path)
    make(kept, entries, said(entries))
    assert len(kept.entries(entries[:1])[0]) == 1


def test_when_all_are_corrected_nothing_is_left(tmp_path, entries):
    kept = labels(tmp_path)
    make(kept, entries, said(entries))
    for name in ("a", "a_2", "b"):
        correct(tmp_path / f"pseudo/{name}.nii.gz", one_more)
    with pytest.raises(InputError, match=r"a\.nii\.gz: .* nothing is left for the robust loss.*`supervised`"):
        kept.entries(entries)
    assert kept.entries([]) == ([], [])


def test_the_first_of_several_files_is_named(tmp_path, entries):
    both = {"image": [entries[0]["image"], entries[1]["image"]], "patient": "c"}
    kept = labels(tmp_path)
    make(kept, entries, said(entries))
    with pytest.raises(InputError, match=r"^/[^']*SECRET-0\.nii\.gz: this image has no pseudo-label \(1 of 1"):
        kept.entries([both])
