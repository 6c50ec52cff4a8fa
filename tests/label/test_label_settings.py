"""What the app is told, and which models there are."""

from pathlib import Path

import pytest

from monai_ssl.errors import InputError
from monai_ssl.label.catalog import NAMES, find_bundles, served_model
from monai_ssl.label.settings import read_settings
from monai_ssl.regions import name_values, parse_regions

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", NAMES)
def test_every_model_has_its_files(name):
    model = served_model(name, REPOSITORY / "bundles")
    bundle, _, kind = name.rpartition("_")
    assert (model.name, model.bundle.name, model.kind) == (name, bundle, kind)
    assert model.training[0].name == "train.json"
    assert all(file.is_file() for file in (*model.training, model.inference))


def test_settings_are_read():
    settings = read_settings(
        {
            "models": "noteacher_classification, srcl_classification",
            "bundles": str(REPOSITORY / "bundles"),
            "labels": "edema, mass",
            "regions": "whole=1+2,core=2",
            "patient_pattern": r"^(\w+)-",
            "modality": "CT",
            "zoo_source": "ngc",
        }
    )
    assert [model.name for model in settings.models] == ["noteacher_classification", "srcl_classification"]
    assert settings.labels == ("edema", "mass")
    assert settings.regions == {"whole": [1, 2], "core": [2]}
    assert settings.patient_pattern.search("ab-1").group(1) == "ab"
    assert settings.modality == "CT"


def test_all_models(monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    settings = read_settings({"models": "all"})
    assert tuple(model.name for model in settings.models) == NAMES
    assert (settings.labels, settings.regions, settings.patients) == ((), {}, {})
    assert (settings.patient_pattern, settings.modality) == (None, None)


@pytest.mark.parametrize(
    ("conf", "message"),
    [
        ({}, "No model is named"),
        ({"models": " , "}, "No model is named"),
        ({"models": "noteacher"}, "no model 'noteacher'. Give one or more of mean_teacher_classification"),
        ({"models": "all", "label": "mass"}, "`--conf label` is not known"),
        ({"models": "all", "labels": "mass,mass"}, "has a name twice"),
        ({"models": "all", "regions": "mass"}, "'mass' is no region"),
        ({"models": "all", "patient_pattern": "("}, "no regular expression"),
        ({"models": "all", "patients": "/nowhere"}, "/nowhere: this table cannot be read"),
        ({"models": "all", "patients": __file__}, "columns image, patient"),
        ({"models": "all", "bundles": "/nowhere"}, "/nowhere: there are no bundles here"),
    ],
)
def test_bad_settings(conf, message):
    with pytest.raises(InputError, match=message):
        read_settings(conf)


def test_bundles_are_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_bundles(None) == REPOSITORY / "bundles"
    (tmp_path / "bundles").mkdir()
    assert find_bundles(None) == tmp_path / "bundles"
    with pytest.raises(InputError, match="this file of the bundle is missing"):
        served_model("noteacher_classification", tmp_path / "bundles")


def test_regions():
    assert parse_regions("whole = 1 + 2 , core=2") == {"whole": [1, 2], "core": [2]}
    for text in ("", "a", "a=", "=1", "a=0", "a=-1", "a=1.5", "a=1,a=2", "a=\u00b2"):
        with pytest.raises(InputError):
            parse_regions(text)
    assert name_values([0, 255, 255]) == {"mask": [255]}
    assert name_values([3, 0, 1]) == {"label 1": [1], "label 3": [3]}
    assert name_values([0]) == {}


def test_a_table_of_patients(tmp_path):
    (tmp_path / "patients.csv").write_text("\ufeffimage,patient,age\nv1.nii.gz,DOE,50\nv2, ROE,60\n")
    settings = read_settings({"models": "all", "patients": str(tmp_path / "patients.csv")})
    assert settings.patients == {"v1": "DOE", "v2": "ROE"}
