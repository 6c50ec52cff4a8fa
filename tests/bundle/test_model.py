import hashlib
import json
import logging
import os

import numpy as np
import pytest
import torch
from monai.transforms import Compose, NormalizeIntensityd, Resized
from torch import nn

from monai_ssl.bundle import (
    evaluated_digest,
    find_thresholds,
    load_model,
    model_digest,
    model_info,
    read_model_info,
)
from monai_ssl.data import DataList
from monai_ssl.errors import InputError
from tests.engines.counting import same_bits

CLASSES = ("bleed", "tumour")
PREPROCESSING = Compose([Resized("image", 64), Compose([NormalizeIntensityd("image")])])


@pytest.fixture
def model(tmp_path):
    """A saved network, ``models/model.pt`` below the bundle's root."""
    path = tmp_path / "models" / "model.pt"
    path.parent.mkdir()
    torch.manual_seed(0)
    torch.save(nn.Linear(3, 2).state_dict(), path)
    return path


def datalist():
    entry = {"image": "/secret/Doe^Jane.dcm", "patient": "Doe^Jane", "label": [1, 0]}
    lists = {"labeled": [entry], "unlabeled": [], "validation": [entry], "test": []}
    return DataList("multilabel", CLASSES, "CT", 1, 2, **lists)


def test_every_weight_is_loaded(model):
    network = nn.Linear(3, 2)
    assert load_model(network, model) is network
    assert same_bits(network.state_dict(), torch.load(model))


@pytest.mark.parametrize("network", [nn.Linear(4, 2), nn.Linear(3, 2, bias=False), nn.Sequential(nn.Linear(3, 2))])
def test_weights_of_another_network(model, network):
    with pytest.raises(InputError, match=r"model\.pt: these weights are of another network \(.*configuration"):
        load_model(network, model)


@pytest.mark.parametrize("content", [torch.zeros(3), [1], {"weight": 1}])
def test_something_else_than_weights(model, content):
    torch.save(content, model)
    with pytest.raises(InputError, match="of another network"):
        load_model(nn.Linear(3, 2), model)


def test_a_model_that_is_missing_or_damaged(model):
    with pytest.raises(InputError, match=r"none\.pt: there is no such file"):
        load_model(nn.Linear(3, 2), model.with_name("none.pt"))
    model.write_bytes(model.read_bytes()[:200])
    with pytest.raises(InputError, match=r"model\.pt: the file cannot be read"):
        load_model(nn.Linear(3, 2), model)


def test_what_is_written_beside_the_model_is_read(tmp_path):
    (tmp_path / "models").mkdir()
    written = model_info(datalist(), PREPROCESSING, windows=["brain"], image_size=64)
    (tmp_path / "models" / "model.json").write_text(json.dumps(written))
    info = read_model_info(tmp_path / "models", {"task": "multiclass", "labels": [], "extra": 1})
    assert info == {
        "task": "multilabel",
        "labels": ["bleed", "tumour"],
        "modality": "CT",
        "channels": 1,
        "spatial_dims": 2,
        "windows": ["brain"],
        "image_size": 64,
        "preprocessing": ["Resized", "NormalizeIntensityd"],
        "extra": 1,
    }
    text = (tmp_path / "models" / "model.json").read_text()
    assert "Doe" not in text
    assert "secret" not in text


@pytest.fixture
def expected(model):
    """What a model is to be used for, as it was trained."""
    info = model_info(datalist(), PREPROCESSING, windows=("brain",), image_size=64)
    model.with_suffix(".json").write_text(json.dumps(info))
    return info


def test_a_model_that_fits_its_use(model, expected, caplog):
    # The code of the modality says nothing of the images: CR and DX are both radiographs.
    for use in (expected, expected | {"modality": "MR"}, {"labels": list(CLASSES)}, expected | {"output": "F1"}):
        load_model(nn.Linear(3, 2), model, use)
    known = {name: value for name, value in expected.items() if name != "preprocessing"}
    model.with_suffix(".json").write_text(json.dumps(known))  # as a model of an earlier version
    load_model(nn.Linear(3, 2), model, expected)
    assert not caplog.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ["tumour", "bleed"]}, r"labels: bleed, tumour \(here tumour, bleed\)\. Give"),
        ({"task": "multiclass"}, r"task: multilabel \(here multiclass\)"),
        ({"channels": 3}, r"channels: 1 \(here 3\)"),
        ({"spatial_dims": 3}, r"spatial_dims: 2 \(here 3\)"),
        ({"windows": ["bone"]}, r"windows: brain \(here bone\)"),
        ({"image_size": 96}, r"image_size: 64 \(here 96\)"),
        ({"preprocessing": ["Resized"]}, r"preprocessing: Resized, NormalizeIntensityd \(here Resized\)"),
        ({"task": "multiclass", "channels": 3}, r"task: multilabel \(here multiclass\); channels: 1 \(here 3\)\. Give"),
    ],
)
def test_a_model_that_was_trained_otherwise(model, expected, change, message):
    network = nn.Linear(3, 2)
    before = network.weight.detach().clone()
    with pytest.raises(InputError, match=f"model.pt: this model was trained on other classes .*; {message}"):
        load_model(network, model, expected | change)
    assert torch.equal(network.weight, before)


SEGMENTATION = {
    "modalities": ["t1", "t2"],
    "regions": {"tumor": [1, 2]},
    "mask_form": "classes",
    "spacing": [1.0, 1.0, 2.0],
}


@pytest.mark.parametrize(
    "change",
    [{"modalities": ["t2", "t1"]}, {"regions": {"tumor": [1]}}, {"mask_form": "regions"}, {"spacing": None}],
    ids=lambda change: next(iter(change)),
)
def test_a_model_of_masks_that_was_trained_otherwise(model, expected, change):
    use = expected | SEGMENTATION
    model.with_suffix(".json").write_text(json.dumps(use))
    load_model(nn.Linear(3, 2), model, use)
    with pytest.raises(InputError, match=next(iter(change))):
        load_model(nn.Linear(3, 2), model, use | change)
    load_model(nn.Linear(3, 2), model, use | {"modalities": []})  # not every data list names its channels


def test_a_model_of_which_nothing_is_written(model, caplog):
    with caplog.at_level(logging.WARNING):
        load_model(nn.Linear(3, 2), model)
        assert not caplog.text
        load_model(nn.Linear(3, 2), model, {"labels": ["bleed"]})
    assert "model.pt: there is no model.json beside it" in caplog.text
    model.with_suffix(".json").write_text("{")
    with pytest.raises(InputError, match=r"model\.json: this file is damaged"):
        load_model(nn.Linear(3, 2), model, {"labels": ["bleed"]})


def test_defaults_hold_without_a_model(tmp_path):
    assert read_model_info(tmp_path, {"task": "multilabel"}) == {"task": "multilabel"}


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"3", b"\xff\xfe{"])
def test_damaged_information(tmp_path, content):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "model.json").write_bytes(content)
    with pytest.raises(InputError, match=r"model\.json: this file is damaged"):
        read_model_info(tmp_path / "models", {})


@pytest.fixture
def thresholds(model):
    path = model.parents[1] / "thresholds.json"
    path.write_text(json.dumps({"tumour": None, "bleed": 0.25}))
    return path


def test_fresh_thresholds_are_used(model, thresholds):
    os.utime(thresholds, (2000, 2000))
    os.utime(model, (1000, 1000))
    np.testing.assert_array_equal(find_thresholds(thresholds, model, CLASSES, "multilabel"), [0.25, np.nan])
    assert find_thresholds(thresholds, model, CLASSES, "multiclass") is None


def test_thresholds_of_an_earlier_model_are_not(model, thresholds, caplog):
    os.utime(thresholds, (1000, 1000))
    os.utime(model, (2000, 2000))
    with caplog.at_level(logging.WARNING):
        assert find_thresholds(thresholds, model, CLASSES, "multilabel") is None
    assert "called at 0.5" in caplog.text


def test_without_thresholds(model, caplog):
    with caplog.at_level(logging.WARNING):
        assert find_thresholds(model.with_name("none.json"), model, CLASSES, "multilabel") is None
    assert "has not been evaluated" in caplog.text


def test_thresholds_without_a_model_or_of_other_classes(model, thresholds):
    with pytest.raises(InputError, match=r"none\.pt: there is no such file"):
        find_thresholds(thresholds, model.with_name("none.pt"), CLASSES, "multilabel")
    with pytest.raises(InputError, match=r"thresholds\.json"):
        find_thresholds(thresholds, model, ("bleed",), "multilabel")


@pytest.mark.parametrize(("content", "fits"), [(None, True), (b"another", False)])
def test_the_checksum_in_the_evaluation_tells_whose_thresholds_they_are(content, fits, model, thresholds):
    digest = hashlib.sha256(content or model.read_bytes()).hexdigest()
    thresholds.with_name("evaluation.json").write_text(json.dumps({"model_sha256": digest}))
    os.utime(thresholds, (1000, 1000) if fits else (2000, 2000))
    os.utime(model, (2000, 2000) if fits else (1000, 1000))
    assert (find_thresholds(thresholds, model, CLASSES, "multilabel") is not None) is fits


def test_a_model_that_is_replaced_while_it_is_read(model):
    digest = model_digest(model)
    assert digest == hashlib.sha256(model.read_bytes()).hexdigest()
    load_model(nn.Linear(3, 2), model, sha256=digest)
    torch.save(nn.Linear(3, 2).state_dict(), model)
    with pytest.raises(InputError, match=r"model\.pt: this file was replaced"):
        load_model(nn.Linear(3, 2), model, sha256=digest)
    with pytest.raises(InputError, match=r"none\.pt: there is no such file"):
        model_digest(model.with_name("none.pt"))


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_damaged_record_of_an_evaluation(content, model):
    record = model.with_name("evaluation.json")
    record.write_text(content)
    with pytest.raises(InputError, match=r"evaluation\.json: this file is damaged"):
        evaluated_digest(record)
    record.write_text("{}")
    assert evaluated_digest(record) is None
