import importlib.metadata
import json
import platform

import pytest

import monai_ssl
from monai_ssl.bundle import (
    make_run_name,
    provenance,
    run_parameters,
    tracking_enabled,
    tracking_hint,
    tracking_uri,
)
from monai_ssl.data import DataList
from monai_ssl.handlers.tracking import RUN_NAME_FILE


def datalist(**provenance_of_it):
    def entries(count):
        return [{"image": f"/secret/Doe^Jane_{n}.dcm", "patient": "Doe^Jane", "label": [1]} for n in range(count)]

    return DataList(
        "multilabel",
        ("bleed", "tumour"),
        "CT",
        1,
        2,
        labeled=entries(3),
        unlabeled=entries(5),
        validation=entries(2),
        test=entries(1),
        provenance=provenance_of_it,
        name="Doe",
    )


def test_names_are_unique(tmp_path):
    names = {make_run_name("noteacher", tmp_path, resume=False) for _ in range(20)}
    assert len(names) > 15  # 20 of 65536
    assert all(name.startswith("noteacher_") for name in names)


def test_a_resumed_run_keeps_its_name(tmp_path):
    assert make_run_name("noteacher", tmp_path, resume=True).startswith("noteacher_")  # there was none
    (tmp_path / RUN_NAME_FILE).write_text("mine\n", encoding="utf-8")
    assert make_run_name("noteacher", tmp_path, resume=True) == "mine"
    assert make_run_name("noteacher", tmp_path, resume=False) != "mine"


def test_parameters_are_flat_and_name_nobody():
    settings = {"seed": 0, "loss_weight": {"supervised": 1.0, "consistency": 2.0}, "windows": ["auto"]}
    parameters = run_parameters(datalist(protocol="x", counts={"patients": 4}), settings)
    expected = {
        "data.labeled": 3,
        "data.unlabeled": 5,
        "data.validation": 2,
        "data.test": 1,
        "data.labels": "bleed,tumour",
        "data.protocol": "x",
        "data.counts.patients": 4,
        "version.monai_ssl": monai_ssl.__version__,
        "version.torch": importlib.metadata.version("torch"),
        "version.python": platform.python_version(),
        "seed": 0,
        "loss_weight.supervised": 1.0,
        "loss_weight.consistency": 2.0,
        "windows": ["auto"],
    }
    assert expected.items() <= parameters.items()
    text = json.dumps(parameters)
    assert "Doe" not in text
    assert "secret" not in text


def test_demo_parameters_hold_no_path(demo):
    text = json.dumps(run_parameters(DataList.load(demo), {}))
    assert str(demo.parent) not in text
    assert ".dcm" not in text


def test_tracking_needs_mlflow(monkeypatch, caplog):
    assert tracking_enabled()
    monkeypatch.setattr(provenance, "find_spec", lambda name: None)
    assert not tracking_enabled()
    assert "pip install mlflow" in caplog.text


@pytest.mark.parametrize("rank", [0, 1])
def test_one_process_of_a_group_tracks(monkeypatch, rank):
    monkeypatch.setattr(provenance.torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(provenance.torch.distributed, "get_rank", lambda: rank)
    assert tracking_enabled() == (rank == 0)


def test_where_runs_are_recorded(monkeypatch, tmp_path):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    own = tracking_uri(tmp_path)
    assert own == f"sqlite:///{tmp_path}/mlruns.db"
    assert tracking_hint(own) == f"MLflow:  mlflow ui --backend-store-uri {own}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.hospital.example")
    assert tracking_uri(tmp_path) == "https://mlflow.hospital.example"
    assert tracking_hint(tracking_uri(tmp_path)) == "MLflow:  https://mlflow.hospital.example"
    monkeypatch.setattr("monai_ssl.bundle.provenance.find_spec", lambda _: None)
    assert "not installed" in tracking_hint(own)
