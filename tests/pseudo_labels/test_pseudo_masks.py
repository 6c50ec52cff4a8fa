"""Pseudo-labels that are masks."""

import hashlib
import json
import logging
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from PIL import Image

from monai_ssl.errors import InputError
from monai_ssl.readers.mask import read_mask
from tests.pseudo_labels.pseudo import (
    AFFINE,
    REGIONS,
    correct,
    files,
    labels,
    make,
    nifti_entries,
    one_more,
    picture_entries,
    probabilities,
    teacher,
)

PATIENTS = ["p1", "p2", "p1", "p/3"]
VALUES = np.array([0, 1, 2, 4])


@pytest.fixture
def said(entries):
    return {entry["image"]: probabilities(index) for index, entry in enumerate(entries)}


@pytest.fixture
def made(tmp_path, entries, said):
    """A finished set of pseudo-labels."""
    kept = labels(tmp_path)
    make(kept, entries, said)
    return kept


def test_masks_lie_on_their_images(made, entries, said, tmp_path):
    pseudo, corrected = made.entries(entries)
    assert corrected == []
    names = ["p1.nii.gz", "p2.nii.gz", "p1_2.nii.gz", "p_3.nii.gz"]
    assert [entry["pseudo_label"] for entry in pseudo] == [str(tmp_path / "pseudo" / name) for name in names]
    for entry, source in zip(pseudo, entries, strict=True):
        assert {**source, "pseudo_label": entry["pseudo_label"]} == entry
        expected = VALUES[said[source["image"]].argmax(0).numpy()]
        np.testing.assert_array_equal(read_mask(entry["pseudo_label"]), expected)
        np.testing.assert_allclose(nib.load(entry["pseudo_label"]).affine, AFFINE, atol=1e-6)
        # The first two axes of the file run the other way.
        np.testing.assert_array_equal(np.asarray(nib.load(entry["pseudo_label"]).dataobj), expected[::-1, ::-1])
    assert set(files(tmp_path)) == {*names, "pseudo_labels.jsonl", "summary.json"}
    assert "SECRET" not in (tmp_path / "pseudo/pseudo_labels.jsonl").read_text()


def test_the_journal_and_the_summary(made, said, tmp_path):
    head, *lines = map(json.loads, (tmp_path / "pseudo/pseudo_labels.jsonl").read_text().splitlines())
    assert head["teacher"] == hashlib.sha256(b"weights").hexdigest()
    assert dict(head["regions"]) == REGIONS
    for line in lines:
        written = (tmp_path / "pseudo" / line["file"]).read_bytes()
        assert line["sha256"] == hashlib.sha256(written).hexdigest()
    confidences = [p.amax(0).double().mean().item() for p in said.values()]
    assert [line["confidence"] for line in lines] == pytest.approx(confidences)
    summary = json.loads((tmp_path / "pseudo/summary.json").read_text())
    assert summary["images"] == 4
    assert summary["confidence"] == pytest.approx(np.mean(confidences))
    values = np.stack([VALUES[p.argmax(0).numpy()] for p in said.values()])
    for name, of_region in REGIONS.items():
        assert summary["fractions"][name] == pytest.approx(np.isin(values, of_region).mean())


def test_pictures(tmp_path):
    teacher(tmp_path)
    entries = picture_entries(tmp_path / "images", ["a", "a"])
    said = {entry["image"]: probabilities(index, shape=(7, 9)) for index, entry in enumerate(entries)}
    kept = labels(tmp_path, confidence_maps=True)
    make(kept, entries, said)
    pseudo, _ = kept.entries(entries)
    assert [entry["pseudo_label"][-7:] for entry in pseudo] == ["o/a.png", "a_2.png"]
    p = said[entries[0]["image"]]
    np.testing.assert_array_equal(np.asarray(Image.open(pseudo[0]["pseudo_label"])), VALUES[p.argmax(0)])
    shown = np.asarray(Image.open(tmp_path / "pseudo/a_confidence.png")) / 255
    np.testing.assert_allclose(shown, p.amax(0), atol=1 / 500)


def test_regions_and_their_confidence(tmp_path):
    """By hand: (whole, core, rim) and what the mask and the least certain of its memberships are."""
    teacher(tmp_path)
    entries = nifti_entries(tmp_path / "images", ["a"])
    cases = [
        ((0.9, 0.8, 0.7), 4, 0.7),
        ((0.9, 0.8, 0.1), 1, 0.8),
        ((0.6, 0.1, 0.1), 2, 0.6),
        ((0.2, 0.1, 0.0), 0, 0.8),
        ((0.1, 0.6, 0.1), 0, 0.4),  # the core alone is no region that a value has
    ]
    p = torch.zeros((3, 5, 6, 4))
    for place, (values, _, _) in enumerate(cases):
        p[:, place] = torch.tensor(values)[:, None, None]
    kept = labels(tmp_path, form="regions", confidence_maps=True)
    make(kept, entries, {entries[0]["image"]: p})
    ((entry,), _) = kept.entries(entries)
    assert read_mask(entry["pseudo_label"])[:, 0, 0].tolist() == [value for _, value, _ in cases]
    confidence = nib.as_closest_canonical(nib.load(tmp_path / "pseudo/a_confidence.nii.gz")).get_fdata()
    np.testing.assert_allclose(confidence[:, 0, 0], [value for _, _, value in cases], atol=1 / 500)
    summary = json.loads((tmp_path / "pseudo/summary.json").read_text())
    assert summary["fractions"] == pytest.approx({"whole": 3 / 5, "core": 2 / 5, "rim": 1 / 5})
    assert summary["confidence"] == pytest.approx(np.mean([value for _, _, value in cases]))


def test_outside_of_a_crop_is_certainly_background(tmp_path):
    teacher(tmp_path)
    entries = nifti_entries(tmp_path / "images", ["a"])
    p = probabilities(0)
    p[:, :2] = 0
    kept = labels(tmp_path, confidence_maps=True)
    make(kept, entries, {entries[0]["image"]: p})
    confidence = nib.as_closest_canonical(nib.load(tmp_path / "pseudo/a_confidence.nii.gz")).get_fdata()
    np.testing.assert_allclose(confidence[:2], 1)
    np.testing.assert_allclose(confidence[2:], p[:, 2:].amax(0), atol=1 / 500)
    assert not read_mask(tmp_path / "pseudo/a.nii.gz")[:2].any()


@pytest.mark.parametrize("stop", range(5))
def test_a_killed_run_goes_on(tmp_path, entries, said, stop):
    make(labels(tmp_path), entries, said)
    whole = files(tmp_path)
    for path in (tmp_path / "pseudo").iterdir():
        path.unlink()
    make(labels(tmp_path), entries, said, stop)
    assert len(make(labels(tmp_path), entries, said)) == 4 - stop
    assert files(tmp_path) == whole
    assert make(labels(tmp_path), entries, said) == []


def test_a_run_killed_between_record_and_mask_goes_on(tmp_path, entries, said, monkeypatch):
    make(labels(tmp_path), entries, said, 1)
    kept = labels(tmp_path)
    kept.start()
    (entry, *_) = kept.missing(entries)
    with monkeypatch.context() as patch:
        patch.setattr(kept._state.kept, "publish", lambda record: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            kept.add(entry, said[entry["image"]])
    with pytest.raises(InputError, match="no pseudo-label"):
        labels(tmp_path).entries(entries)
    with pytest.raises(InputError, match=r"p2\.nii\.gz: this pseudo-label is missing"):
        labels(tmp_path).entries(entries[:2])
    assert [image["image"] for image in make(labels(tmp_path), entries, said)] == [e["image"] for e in entries[1:]]
    assert {path.name for path in (tmp_path / "pseudo").iterdir() if path.is_dir()} == set()
    assert len(labels(tmp_path).entries(entries)[0]) == 4


@pytest.mark.parametrize("moves", range(3))
def test_a_mask_that_is_there_is_complete(tmp_path, entries, said, monkeypatch, moves):
    """A run that is killed after some of the three files of an image have got their names."""
    settings = {"soft": True, "confidence_maps": True}
    kept, replace, left = labels(tmp_path, **settings), Path.replace, iter(range(moves))

    def some(source, target):
        if source.name == target.name and next(left, None) is None:
            raise KeyboardInterrupt
        return replace(source, target)

    kept.start()
    kept.missing(entries)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", some)
        with pytest.raises(KeyboardInterrupt):
            kept.add(entries[0], said[entries[0]["image"]])
    assert len(list((tmp_path / "pseudo").glob("*.nii.gz"))) == moves
    assert make(labels(tmp_path, **settings), entries, said) == entries
    for stem in ("p1", "p1_2", "p2", "p_3"):
        assert all((tmp_path / f"pseudo/{stem}{end}.nii.gz").is_file() for end in ("", "_confidence", "_probabilities"))


def test_maps_of_confidence_decide_nothing(made, entries, said, tmp_path):
    """They may be wanted or not at any time; those that are made from then on have one."""
    before = files(tmp_path)
    other = labels(tmp_path, confidence_maps=True)
    assert other.digest == made.digest
    assert other.entries(entries) == made.entries(entries)
    assert make(other, entries, {}) == []
    assert files(tmp_path) == before
    (tmp_path / "pseudo/p2.nii.gz").unlink()
    assert make(other, entries, said) == entries[1:2]
    assert files(tmp_path).keys() - before.keys() == {"p2_confidence.nii.gz"}
    assert made.entries(entries) == other.entries(entries)
    # Another teacher's take the place of all, also where no maps are wanted.
    teacher(tmp_path, b"other weights")
    labels(tmp_path).start()
    assert set(files(tmp_path)) == {"pseudo_labels.jsonl"}


def test_a_journal_cut_anywhere_goes_on(made, entries, said, tmp_path):
    journal = tmp_path / "pseudo/pseudo_labels.jsonl"
    whole, masks = journal.read_bytes(), files(tmp_path)
    ends = np.cumsum([len(line) for line in whole.splitlines(keepends=True)])
    around = {end + more for end in ends for more in (-40, -2, -1, 0, 1)}
    for size in range(len(whole)):
        journal.write_bytes(whole[:size])
        # A line that lacks its end only is whole.
        left = 4 - max(0, np.count_nonzero(ends <= size + 1) - 1)
        assert len(labels(tmp_path).missing(entries)) == left
        if size in around:
            assert len(make(labels(tmp_path), entries, said)) == left
            assert files(tmp_path) == masks


def test_masks_corrected_by_hand_are_labels(made, entries, tmp_path, caplog):
    before = made.digest
    correct(tmp_path / "pseudo/p2.nii.gz", one_more)
    with caplog.at_level(logging.INFO, "monai_ssl"):
        pseudo, corrected = labels(tmp_path).entries(entries)
    assert [entry["image"] for entry in pseudo] == [entries[index]["image"] for index in (0, 2, 3)]
    assert corrected == [{**entries[1], "label": str(tmp_path / "pseudo/p2.nii.gz")}]
    assert "3 pseudo-labels as the teacher made them, 1 corrected by hand" in caplog.text
    assert labels(tmp_path).digest != before
    # Going on leaves it as it is.
    corrected_file = files(tmp_path)["p2.nii.gz"]
    assert labels(tmp_path).missing(entries) == []
    labels(tmp_path).start()
    assert files(tmp_path)["p2.nii.gz"] == corrected_file


def test_a_corrected_picture_is_a_label(tmp_path):
    teacher(tmp_path)
    entries = picture_entries(tmp_path / "images", ["a", "b"])
    said = {entry["image"]: probabilities(index, shape=(7, 9)) for index, entry in enumerate(entries)}
    kept = labels(tmp_path)
    make(kept, entries, said)
    Image.fromarray(np.full((7, 9), 4, dtype=np.uint8)).save(tmp_path / "pseudo/b.png")
    assert [entry["patient"] for entry in kept.entries(entries)[1]] == ["b"]
    Image.fromarray(np.full((9, 7), 4, dtype=np.uint8)).save(tmp_path / "pseudo/b.png")
    with pytest.raises(InputError, match=r"b\.png: this corrected mask has the shape \(9, 7\)"):
        kept.entries(entries)


@pytest.mark.parametrize(
    ("change", "affine", "message"),
    [
        (lambda mask: mask[:-1], None, r"p2\.nii\.gz: .* shape \(4, 6, 4\), its image .*SECRET-1\.nii\.gz \(5, 6, 4\)"),
        (lambda mask: mask, AFFINE + 0.5 * np.eye(4, k=3), r"p2\.nii\.gz: the affine differs"),
        (lambda mask: mask * 0 + 3, None, r"p2\.nii\.gz: the mask has values of no region \(3\)"),
    ],
)
def test_corrections_that_cannot_be_used(made, entries, tmp_path, change, affine, message):
    correct(tmp_path / "pseudo/p2.nii.gz", change, affine)
    with pytest.raises(InputError, match=message):
        made.entries(entries)


def test_a_damaged_correction(made, entries, tmp_path):
    (tmp_path / "pseudo/p2.nii.gz").write_bytes(b"no NIfTI")
    with pytest.raises(InputError, match=r"p2\.nii\.gz"):
        made.entries(entries)


def test_another_teacher_makes_new_ones(made, entries, said, tmp_path):
    before = files(tmp_path)
    teacher(tmp_path, b"other weights")
    with pytest.raises(InputError, match=r"made by another teacher .*Run the pseudo-labeling again"):
        labels(tmp_path).entries(entries)
    others = {image: p.flip(0) for image, p in said.items()}
    assert labels(tmp_path).missing(entries) == entries
    assert len(make(labels(tmp_path), entries, others, 2)) == 4
    assert set(files(tmp_path)) == {"pseudo_labels.jsonl", "p1.nii.gz", "p2.nii.gz"}
    assert files(tmp_path)["p1.nii.gz"] != before["p1.nii.gz"]


@pytest.mark.parametrize("settings", [{"form": "regions"}, {"soft": True}, {"regions": {"whole": [1, 2, 3, 4]}}])
def test_other_settings_make_new_ones(made, entries, tmp_path, settings):
    with pytest.raises(InputError, match=f"made with other settings: {next(iter(settings))}"):
        labels(tmp_path, **settings).entries(entries)
    other = labels(tmp_path, **settings)
    other.start()
    assert len(other.missing(entries)) == 4
    assert set(files(tmp_path)) == {"pseudo_labels.jsonl"}


def test_corrections_are_never_removed(made, entries, tmp_path):
    correct(tmp_path / "pseudo/p2.nii.gz", one_more)
    correct(tmp_path / "pseudo/p_3.nii.gz", one_more)
    before = files(tmp_path)
    teacher(tmp_path, b"other weights")
    with pytest.raises(InputError, match=r"p2\.nii\.gz \(and 1 others\): this was corrected by hand.*Move .* away"):
        labels(tmp_path).start()
    assert files(tmp_path) == before
    for name in ("p2", "p_3"):
        (tmp_path / f"pseudo/{name}.nii.gz").rename(tmp_path / f"{name}.nii.gz")
    labels(tmp_path).start()
    assert set(files(tmp_path)) == {"pseudo_labels.jsonl"}


def test_other_files_are_never_written_over(entries, said, tmp_path):
    (tmp_path / "pseudo").mkdir()
    (tmp_path / "pseudo/p2.nii.gz").write_bytes(b"a true label")
    with pytest.raises(InputError, match=r"p2\.nii\.gz: .* was not made by this teacher"):
        make(labels(tmp_path), entries, said)
    assert files(tmp_path)["p2.nii.gz"] == b"a true label"


def test_missing_things_are_named(entries, said, tmp_path):
    with pytest.raises(InputError, match="there are no pseudo-labels yet"):
        labels(tmp_path).entries(entries)
    make(labels(tmp_path), entries[:3], {image: said[image] for image in list(said)[:3]})
    with pytest.raises(InputError, match=r"SECRET-3\.nii\.gz: this image has no pseudo-label \(1 of 4"):
        labels(tmp_path).entries(entries)
    (tmp_path / "pseudo/p1.nii.gz").unlink()
    with pytest.raises(InputError, match=r"p1\.nii\.gz: this pseudo-label is missing"):
        labels(tmp_path).entries(entries[:3])
    assert make(labels(tmp_path), entries[:3], said) == entries[:1]
    (tmp_path / "images/SECRET-0.nii.gz").unlink()
    with pytest.raises(InputError, match=r"SECRET-0\.nii\.gz: this image is not there"):
        labels(tmp_path).entries(entries)
    (tmp_path / "teacher.pt").unlink()
    with pytest.raises(InputError, match=r"teacher\.pt: the teacher cannot be read"):
        labels(tmp_path).start()


def test_names_stay_when_the_list_changes(made, entries, said, tmp_path):
    before = {entry["image"]: entry["pseudo_label"] for entry in made.entries(entries)[0]}
    more = nifti_entries(tmp_path / "more", ["p1", "P1_2"])
    changed = [more[0], entries[2], entries[1], more[1]]
    assert make(labels(tmp_path), changed, said | {e["image"]: probabilities(9) for e in more}) == more
    after = {entry["image"]: entry["pseudo_label"] for entry in labels(tmp_path).entries(changed)[0]}
    assert {image: path for image, path in after.items() if image in before}.items() <= before.items()
    # Names that differ by case only are one on some systems.
    assert [after[e["image"]].rsplit("/", 1)[1] for e in more] == ["p1_3.nii.gz", "P1_2_2.nii.gz"]


def test_a_label_of_an_unlabeled_image_is_left_out(tmp_path, entries, said):
    labeled = [{**entry, "label": "/not/there.nii.gz", "mask": "/neither"} for entry in entries]
    make(labels(tmp_path), labeled, said)
    pseudo, _ = labels(tmp_path).entries(labeled)
    assert set(pseudo[0]) == {"image", "patient", "pseudo_label"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda p: p[:3], "shape"),
        (lambda p: 5 * p, "no probabilities"),
        (lambda p: p * float("nan"), "no probabilities"),
        (lambda p: p.sqrt(), "add up"),
        (lambda p: p / 3, "add up"),
    ],
)
def test_what_are_no_probabilities(tmp_path, entries, said, wrong, message):
    image = entries[0]["image"]
    with pytest.raises(InputError, match=f"SECRET-0.*{message}"):
        make(labels(tmp_path), entries, {image: wrong(said[image])})


def test_wrong_use(tmp_path, entries, said):
    with pytest.raises(InputError, match="class_names"):
        labels(tmp_path, class_names=["a", "b", "c"])
    with pytest.raises(InputError, match="'joint'"):
        labels(tmp_path, "joint")
    with pytest.raises(InputError, match="regions"):
        labels(tmp_path, regions={})
    kept = labels(tmp_path)
    kept.start()
    with pytest.raises(ValueError, match="missing"):
        kept.add(entries[0], said[entries[0]["image"]])


def test_samples_are_spread(made, entries, tmp_path):
    kept = labels(tmp_path)
    kept.missing(entries)
    assert [(e["patient"], path.name) for e, path in kept.sample(2)] == [("p1", "p1.nii.gz"), ("p/3", "p_3.nii.gz")]
    assert len(kept.sample(9)) == 4
    assert kept.sample(0) == []


def test_before_another_teacher_is_trained_corrections_stop_it(tmp_path, made):
    """Also where there is no teacher any more."""
    labels(tmp_path / "nothing_yet").refuse_corrected()
    made.refuse_corrected()
    correct(tmp_path / "pseudo/p1.nii.gz", one_more)
    (tmp_path / "teacher.pt").unlink()
    before = files(tmp_path)
    with pytest.raises(InputError, match=r"p1\.nii\.gz: this was corrected by hand.*`training_student` alone\.$"):
        labels(tmp_path).refuse_corrected()
    assert files(tmp_path) == before
