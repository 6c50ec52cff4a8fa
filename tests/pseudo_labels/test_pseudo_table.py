"""Pseudo-labels of images, in a table."""

import csv
import json

import pytest
import torch

from monai_ssl.errors import InputError
from tests.pseudo_labels.pseudo import files, labels, make, picture_entries, probabilities, teacher

NAMES = ["mel", "nevus, benign", "bkl"]
PATIENTS = ["p1", "p2", "p1", "p3"]
HARD = {"multiclass": [0, 1, 2, 1], "multilabel": [[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]]}
SAID = {
    "multiclass": [[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.0, 0.0, 1.0], [0.3, 0.4, 0.3]],
    "multilabel": [[0.8, 0.1, 0.5], [0.2, 0.4, 0.3], [1.0, 1.0, 1.0], [0.3, 0.9, 0.3]],
}
CONFIDENCE = {"multiclass": [0.8, 0.5, 1.0, 0.4], "multilabel": [0.5, 0.6, 1.0, 0.7]}


@pytest.fixture
def entries(tmp_path):
    teacher(tmp_path)
    return picture_entries(tmp_path / "images", PATIENTS)


def said(entries, task):
    return {entry["image"]: torch.tensor(p) for entry, p in zip(entries, SAID[task], strict=True)}


def finished(tmp_path, entries, task, **settings):
    kept = labels(tmp_path, task, class_names=NAMES, **settings)
    make(kept, entries, said(entries, task))
    return kept


def table(tmp_path):
    return tmp_path / "pseudo/pseudo_labels.csv"


def replace(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
@pytest.mark.parametrize("soft", [False, True])
def test_labels_are_those_of_the_teacher(tmp_path, entries, task, soft):
    pseudo, corrected = finished(tmp_path, entries, task, soft=soft).entries(entries)
    assert corrected == []
    assert [{key: entry[key] for key in ("image", "patient")} for entry in pseudo] == entries
    given = [entry["pseudo_label"] for entry in pseudo]
    if soft:
        torch.testing.assert_close(torch.tensor(given), torch.tensor(SAID[task]))
    else:
        assert given == HARD[task]
    summary = json.loads((tmp_path / "pseudo/summary.json").read_text())
    assert summary["images"] == 4
    assert summary["confidence"] == pytest.approx(sum(CONFIDENCE[task]) / 4)
    expected = {"multiclass": [0.25, 0.5, 0.25], "multilabel": [0.5, 0.5, 0.5]}[task]
    assert list(summary["fractions"].values()) == expected


def test_the_tables(tmp_path, entries):
    finished(tmp_path, entries, "multiclass")
    assert list(csv.reader(table(tmp_path).open())) == [
        ["number", "patient", "label", "confidence"],
        ["1", "p1", "mel", "0.8000"],
        ["2", "p2", "nevus, benign", "0.5000"],
        ["3", "p1", "bkl", "1.0000"],
        ["4", "p3", "nevus, benign", "0.4000"],
    ]
    assert not any(b"SECRET" in content for content in files(tmp_path).values())
    finished(tmp_path, entries, "multilabel")
    assert list(csv.reader(table(tmp_path).open()))[:2] == [
        ["number", "patient", "label_mel", "label_nevus, benign", "label_bkl", "confidence"],
        ["1", "p1", "1", "0", "1", "0.5000"],
    ]


@pytest.mark.parametrize("soft", [False, True])
def test_corrected_rows_are_labels(tmp_path, entries, soft):
    kept = finished(tmp_path, entries, "multiclass", soft=soft)
    before = kept.digest
    replace(table(tmp_path), '2,p2,"nevus, benign"', "2,p2,bkl")
    replace(table(tmp_path), "3,p1,bkl", "3,p1,")
    pseudo, corrected = kept.entries(entries)
    assert [(entry["image"], entry["label"]) for entry in corrected] == [
        (entries[1]["image"], 2),
        (entries[2]["image"], -1),
    ]
    assert [entry["image"] for entry in pseudo] == [entries[0]["image"], entries[3]["image"]]
    assert kept.digest != before


def test_what_a_spreadsheet_does_to_a_table(tmp_path, entries):
    """Semicolons, a byte order mark, other line ends, decimal commas, sorted rows, a column and empty rows more."""
    kept = finished(tmp_path, entries, "multilabel")
    rows = [
        "number;patient;label_mel;label_nevus, benign;label_bkl;confidence;note",
        "4;p3;0;1;0;0,7;",
        "3;p1;1;1;1;1;sure",
        "1;p1;1.0; 0;;0,5;",
        "2;p2;0;0;0;0,6;",
        ";;;;;;",
    ]
    table(tmp_path).write_bytes(("\ufeff" + "\r\n".join(rows) + "\r\n").encode("utf-8"))
    pseudo, corrected = kept.entries(entries)
    assert [(entry["image"], entry["label"]) for entry in corrected] == [(entries[0]["image"], [1, 0, -1])]
    assert [entry["pseudo_label"] for entry in pseudo] == HARD["multilabel"][1:]


@pytest.mark.parametrize(
    ("task", "old", "new", "message"),
    [
        ("multiclass", '4,p3,"nevus, benign"', "4,p3,Nevus", r"\.csv, line 5: 'Nevus' is no class\. Give one of mel, "),
        ("multilabel", "2,p2,0", "2,p2,2", r"\.csv, line 3: mel is '2'\. Give 1 or 0"),
        ("multiclass", "3,p1,bkl,1.0000\n", "", r"\.csv, row of number 3: this pseudo-label is missing\. Put it back"),
        ("multiclass", "3,p1", "1,p1", r"\.csv, line 4: '1' is no number of an image, or it is there twice"),
        ("multiclass", "3,p1", "three,p1", r"\.csv, line 4: 'three' is no number"),
        ("multiclass", "2,p2", "2,p9", r"\.csv, line 3: the patient of image 2 is p2, not p9\. Keep"),
        ("multiclass", "label", "class", r"\.csv, line 1: there is no column label"),
        ("multiclass", "1,p1,mel,0.8000", "1", r"\.csv, line 2: the patient of image 1 is p1, not \."),
    ],
)
def test_bad_corrections(tmp_path, entries, task, old, new, message):
    kept = finished(tmp_path, entries, task)
    table(tmp_path).write_text(table(tmp_path).read_text().replace("\r\n", "\n"))
    replace(table(tmp_path), old, new)
    with pytest.raises(InputError, match=message):
        kept.entries(entries)


def test_a_table_in_another_encoding_or_gone(tmp_path, entries):
    kept = finished(tmp_path, entries, "multiclass")
    whole = table(tmp_path).read_bytes()
    table(tmp_path).write_bytes("é".encode("latin-1") + whole)
    with pytest.raises(InputError, match=r"Save it as CSV in UTF-8"):
        kept.entries(entries)
    table(tmp_path).unlink()
    with pytest.raises(InputError, match="Run the pseudo-labeling again"):
        kept.entries(entries)
    labels(tmp_path, "multiclass", class_names=NAMES).start()
    assert table(tmp_path).read_bytes() == whole


def test_a_row_that_is_missing_comes_back_and_corrections_stay(tmp_path, entries):
    finished(tmp_path, entries, "multiclass")
    replace(table(tmp_path), "1,p1,mel", "1,p1,bkl")
    replace(table(tmp_path), "3,p1,bkl,1.0000", "")
    kept = labels(tmp_path, "multiclass", class_names=NAMES)
    assert make(kept, entries, {}) == []
    pseudo, corrected = kept.entries(entries)
    assert [entry["label"] for entry in corrected] == [2]
    assert [entry["pseudo_label"] for entry in pseudo] == HARD["multiclass"][1:]


def test_columns_that_somebody_has_added_stay(tmp_path, entries):
    """Also one without a head, two with one head, cells beyond the heads and cells of several lines."""
    kept = labels(tmp_path, "multiclass", class_names=NAMES)
    make(kept, entries[:2], said(entries, "multiclass"))
    rows = [
        "number;reviewed_by;patient;label;;confidence;label",
        "2;Bo;p2;bkl;;0,5;a",
        '1;"Al;\nBo";p1;mel;sure;0,8;b;beyond',
    ]
    table(tmp_path).write_text("\n".join(rows) + "\n")
    assert make(kept, entries, said(entries, "multiclass")) == entries[2:]
    expected = [
        ["number", "patient", "label", "confidence", "reviewed_by", "", "label", ""],
        ["1", "p1", "mel", "0.8000", "Al;\nBo", "sure", "b", "beyond"],
        ["2", "p2", "bkl", "0.5000", "Bo", "", "a", ""],
        ["3", "p1", "bkl", "1.0000", "", "", "", ""],
        ["4", "p3", "nevus, benign", "0.4000", "", "", "", ""],
    ]
    assert list(csv.reader(table(tmp_path).open(newline=""))) == expected
    pseudo, corrected = kept.entries(entries)
    assert [entry["label"] for entry in corrected] == [2]
    assert [entry["pseudo_label"] for entry in pseudo] == [0, 2, 1]
    # Written again it stays as it is.
    replace(table(tmp_path), '4,p3,"nevus, benign",0.4000,,,,', "")
    kept.start()
    assert list(csv.reader(table(tmp_path).open(newline=""))) == expected


@pytest.mark.parametrize("stop", range(5))
def test_a_killed_run_goes_on(tmp_path, entries, stop):
    finished(tmp_path, entries, "multilabel", soft=True)
    whole = files(tmp_path)
    for name in whole:
        (tmp_path / "pseudo" / name).unlink()
    kept = labels(tmp_path, "multilabel", class_names=NAMES, soft=True)
    make(kept, entries, said(entries, "multilabel"), stop)
    with (tmp_path / "pseudo/pseudo_labels.jsonl").open("a") as journal:
        journal.write('{"key": "0f')
    finished(tmp_path, entries, "multilabel", soft=True)
    assert files(tmp_path) == whole


def test_another_teacher(tmp_path, entries):
    finished(tmp_path, entries, "multiclass")
    replace(table(tmp_path), "1,p1,mel", "1,p1,bkl")
    before = files(tmp_path)
    teacher(tmp_path, b"other weights")
    with pytest.raises(InputError, match=r"row of number 1: this was corrected by hand"):
        labels(tmp_path, "multiclass", class_names=NAMES).start()
    assert files(tmp_path) == before
    table(tmp_path).unlink()
    kept = labels(tmp_path, "multiclass", class_names=NAMES)
    make(kept, entries, {entry["image"]: torch.tensor([0.0, 1.0, 0.0]) for entry in entries})
    assert [entry["pseudo_label"] for entry in kept.entries(entries)[0]] == [1] * 4


def test_a_table_of_unknown_origin_is_refused(tmp_path, entries):
    finished(tmp_path, entries, "multiclass")
    (tmp_path / "pseudo/pseudo_labels.jsonl").unlink()
    with pytest.raises(InputError, match=r"pseudo_labels\.csv: .* Move it away"):
        labels(tmp_path, "multiclass", class_names=NAMES).start()


def test_another_task_makes_new_ones(tmp_path, entries):
    finished(tmp_path, entries, "multiclass")
    masks = {entry["image"]: probabilities(0, shape=(7, 9)) for entry in entries}
    make(labels(tmp_path), entries, masks)
    assert not table(tmp_path).exists()
    finished(tmp_path, entries, "multilabel")
    assert not list((tmp_path / "pseudo").glob("*.png"))


def test_wrong_use(tmp_path, entries):
    for wrong in ({}, {"class_names": NAMES, "confidence_maps": True}, {"class_names": NAMES, "regions": {"a": [1]}}):
        with pytest.raises(InputError, match="class_names"):
            labels(tmp_path, "multiclass", **wrong)
    kept = labels(tmp_path, "multiclass", class_names=NAMES)
    with pytest.raises(ValueError, match="no masks"):
        kept.sample(1)
    for p, message in (([0.5, 0.5], "not 3 channels"), ([1.0, 1.0, 1.0], "add up"), ([3.0, -1.0, 2.0], "from -1 to 3")):
        with pytest.raises(InputError, match=message):
            make(kept, entries, {entries[0]["image"]: torch.tensor(p)})
