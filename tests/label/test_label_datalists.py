"""Data lists of a datastore."""

import json
import re

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from monai_ssl.errors import InputError
from monai_ssl.label.datalists import choose_validation, list_data
from monai_ssl.label.patients import find_patients
from monai_ssl.label.settings import Settings
from tests.label.folder_store import Folder

SALT = b"salt"
PLAIN = Settings(models=(), labels=(), regions={}, patients={}, patient_pattern=None, modality=None)


@pytest.fixture
def pictures(tmp_path):
    """20 pictures, two of each patient 00 to 09."""
    for index in range(20):
        pixels = np.random.default_rng(index).integers(0, 255, (8, 8), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{index // 2:02d}-{index % 2}.png")
    return tmp_path


@pytest.fixture
def classes(pictures):
    """The first picture of each of eight patients has a class."""
    finals = {}
    for index in range(8):
        file = pictures / f"label{index}.json"
        file.write_text(json.dumps({"label": ["mass", "edema"][index % 2]}))
        finals[f"{index:02d}-0"] = file
    return Folder(pictures, finals)


def by_patient(**more):
    return Settings(**{**vars(PLAIN), "patient_pattern": re.compile(r"^(\d+)-"), **more})


def names(entries):
    return [entry["image"].rsplit("/", 1)[1].removesuffix(".png") for entry in entries]


def test_final_labels_are_labels_and_all_else_is_unlabeled(classes, tmp_path):
    made = list_data(classes, "classification", by_patient(), salt=SALT, fraction=0.25)
    assert (made.task, made.labels) == ("multiclass", ("edema", "mass"))
    assert (made.channels, made.spatial_dims, made.modality) == (1, 2, "OT")
    assert (len(made.labeled), len(made.validation), len(made.test)) == (6, 2, 0)
    held_out = {name[:2] for name in names(made.validation)}
    everything = {f"{index // 2:02d}-{index % 2}" for index in range(20)}
    assert set(names(made.labeled)) == {f"{index:02d}-0" for index in range(8)} - set(names(made.validation))
    # Of the patients who are validated on, the second pictures are not trained with either.
    assert set(names(made.unlabeled)) == {name for name in everything - set(classes.finals) if name[:2] not in held_out}
    assert all("label" not in entry for entry in made.unlabeled)
    for entry in (*made.labeled, *made.validation):
        index = int(names([entry])[0][:2])
        assert made.labels[entry["label"]] == ["mass", "edema"][index % 2]
    made.save(tmp_path / "list")
    assert made.provenance["counts"] == {"labeled": 6, "unlabeled": 10, "validation": 2, "test": 0}


def test_pseudonyms_tell_nothing(classes):
    told = {name: {"patient": f"DOE^{name[:2]}" + " " * int(name[-1])} for name in classes.list_images()}
    made = list_data(Folder(classes.folder, classes.finals, told), "classification", PLAIN, salt=SALT, fraction=0.2)
    assert "DOE" not in json.dumps(made.content(classes.folder))
    assert len({entry["patient"] for entry in made.entries()}) == 10
    other = list_data(classes, "classification", by_patient(), salt=b"other", fraction=0.2)
    assert not {e["patient"] for e in other.entries()} & {e["patient"] for e in made.entries()}


def test_labels_of_the_other_kind_are_not_opened(classes):
    mask = classes.folder / "masks" / "mask.png"
    mask.parent.mkdir()
    mask.write_bytes(b"no picture")
    finals = {**classes.finals, "08-0": mask, "09-0": mask}
    made = list_data(Folder(classes.folder, finals), "classification", by_patient(), salt=SALT, fraction=0.2)
    assert {"08-0", "09-0"} <= set(names(made.unlabeled))
    with pytest.raises(InputError, match=r"mask\.png: "):
        list_data(Folder(classes.folder, finals), "segmentation", by_patient(), salt=SALT, fraction=0.2)


def test_masks_name_their_regions(pictures):
    finals = {}
    for name in ("00-0", "01-0", "02-0"):
        values = np.zeros((8, 8), np.uint8)
        values[:2], values[2:4] = 1, 4
        (pictures / "masks").mkdir(exist_ok=True)
        Image.fromarray(values).save(pictures / "masks" / f"{name}.png")
        finals[name] = pictures / "masks" / f"{name}.png"
    store = Folder(pictures, finals)
    made = list_data(store, "segmentation", by_patient(), salt=SALT, fraction=0.3)
    assert (made.task, made.masks) == ("segmentation", {"label 1": [1], "label 4": [4]})
    assert made.labeled[0]["label"].endswith(".png")
    named = list_data(store, "segmentation", by_patient(regions={"all": [1, 4]}), salt=SALT, fraction=0.3)
    assert (named.labels, named.masks) == (("all",), {"all": [1, 4]})


def test_too_few_labels(classes):
    one = {name: file for name, file in classes.finals.items() if name == "00-0"}
    two = {**one, "00-1": one["00-0"]}
    for finals in ({}, one, two):
        store = Folder(classes.folder, finals)
        with pytest.raises(InputError, match=f"^{len(finals)} images have a final label .* fewer than two patients"):
            list_data(store, "classification", by_patient(), salt=SALT, fraction=0.2)


def test_validation_stays_from_round_to_round():
    few = {f"p{index}" for index in range(10)}
    first = choose_validation(few, 0.2, (), SALT)
    assert len(first) == 2
    more = few | {f"q{index}" for index in range(20)}
    second = choose_validation(more, 0.2, first, SALT)
    assert first < second
    assert len(second) == 6
    # A smaller fraction takes nobody back into training, and labels that are gone do not count.
    assert choose_validation(more, 0.01, second, SALT) == second
    left = more - first
    assert choose_validation(left, 0.2, second, SALT) >= second - first


@pytest.mark.parametrize(("count", "fraction", "expected"), [(2, 0.01, 1), (2, 0.99, 1), (5, 0.5, 2), (3, 0.99, 2)])
def test_somebody_is_validated_on_and_somebody_trained_with(count, fraction, expected):
    assert len(choose_validation({str(index) for index in range(count)}, fraction, (), SALT)) == expected


@pytest.mark.parametrize("fraction", [0, 1, -0.1, float("nan")])
def test_bad_fractions(fraction):
    with pytest.raises(InputError, match="val_split is"):
        choose_validation({"a", "b"}, fraction, (), SALT)


def test_who_was_validated_on_is_not_trained_with():
    with pytest.raises(InputError, match="All 3 patients with labels are validated on"):
        choose_validation({"a", "b", "c"}, 0.3, {"a", "b", "c", "d"}, SALT)


def test_nothing_of_former_patients_is_trained_with(classes):
    """Not even where their label was taken back, or was never there for this kind of model."""
    first = list_data(classes, "classification", by_patient(), salt=SALT, fraction=0.25)
    former = {entry["patient"] for entry in first.validation}
    gone = names(first.validation)[0]
    left = Folder(classes.folder, {name: file for name, file in classes.finals.items() if name != gone})
    second = list_data(left, "classification", by_patient(), salt=SALT, fraction=0.25, former=former)
    trained = {entry["patient"] for entry in (*second.labeled, *second.unlabeled)}
    assert not trained & former
    assert gone not in names(second.entries())
    assert len(former & {entry["patient"] for entry in second.validation}) == 1


def test_patients_are_told_named_or_in_the_header(demo, caplog):
    files = sorted((demo / "images").rglob("*.dcm"))[:6]
    images = {f"scan{index}-X": str(file) for index, file in enumerate(files)}
    headers = [str(dcmread(file, stop_before_pixels=True).PatientID) for file in files]
    found, unknown = find_patients(images, {}, None, SALT)
    assert unknown == 0
    same = {(a, b): found[f"scan{a}-X"] == found[f"scan{b}-X"] for a in range(6) for b in range(6)}
    assert same == {(a, b): headers[a] == headers[b] for a in range(6) for b in range(6)}
    assert not any(header in pseudonym for header in headers if header for pseudonym in found.values())
    # The name goes before the header, and what was told before both.
    assert len(set(find_patients(images, {}, re.compile("X"), SALT)[0].values())) == 1
    told = {name: name for name in images}
    assert len(set(find_patients(images, told, re.compile("X"), SALT)[0].values())) == 6
    assert not caplog.records


def test_unknown_patients_are_counted(pictures, caplog):
    images = {name: str(pictures / f"{name}.png") for name in ("00-0", "00-1", "01-0")}
    found, unknown = find_patients(images, {"01-0": "DOE"}, None, SALT)
    assert (len(set(found.values())), unknown) == (3, 2)
    assert "The patient of 2 of 3 images is not known" in caplog.text
    assert "DOE" not in caplog.text


def test_validation_has_images_with_and_without_a_class(pictures):
    """By the order of the hashes alone, those of one patient would do."""
    finals = {}
    for index in range(10):
        file = pictures / f"label{index}.json"
        file.write_text(json.dumps({"labels": ["mass"] if index == 4 else []}))
        finals[f"{index:02d}-0"] = file
    store = Folder(pictures, finals)
    made = list_data(store, "classification", by_patient(), salt=SALT, fraction=0.1)
    assert {tuple(entry["label"]) for entry in made.validation} == {(0,), (1,)}
    assert len(made.labeled) + len(made.validation) == 10
    two = {name: file for name, file in finals.items() if name in ("04-0", "05-0")}
    with pytest.raises(InputError, match=r"^The images of 2 patients have a final label, too few"):
        list_data(Folder(pictures, two), "classification", by_patient(), salt=SALT, fraction=0.1)
