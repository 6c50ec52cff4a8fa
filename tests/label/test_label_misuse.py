"""A real server that is asked what makes no sense, is interrupted, and is killed: its data stay whole."""

import json

import numpy as np
import psutil
import pytest
from PIL import Image

from tests.label.label_server import LabelServer

pytest.importorskip("monailabel")

MODEL = "supervised_segmentation"
SMALL = {"max_epochs": 1, "batch_size": 2, "image_size": 32, "device": "cpu"}


@pytest.fixture
def server(tmp_path):
    """A server, to be started, of six pictures."""
    (tmp_path / "studies").mkdir()
    for index in range(6):
        mask = np.zeros((32, 32), np.uint8)
        mask[8 : 16 + index, 8:20] = 1
        noise = np.random.default_rng(index).integers(0, 50, mask.shape)
        Image.fromarray((mask * 100 + noise).astype(np.uint8)).save(tmp_path / f"studies/image{index}.png")
        Image.fromarray(mask).save(tmp_path / f"mask{index}.png")
    return LabelServer(tmp_path, models=f"{MODEL},supervised_classification", regions="one=1")


def test_a_server_survives(server, monkeypatch):
    monkeypatch.setenv("MONAI_LABEL_CORS_ORIGINS", '["https://viewer.example"]')
    with server:
        _ask_from_pages(server)
        for index in range(3):
            assert server.put_label(f"image{index}", server.folder / f"mask{index}.png", "mask.png").ok
        _ask_nonsense(server)

        assert server.post(f"/train/{MODEL}", SMALL | {"max_epochs": 1000}).ok
        assert server.request("DELETE", "/train/").json()["status"] == "STOPPED"
        assert server.request("DELETE", "/train/").json() is None
        assert server.post(f"/train/{MODEL}", SMALL | {"max_epochs": 1000}).ok
        begun = server.wait_for_training()
        server.kill()
    assert not psutil.wait_procs(begun, timeout=30)[1]
    with server:
        assert server.get("/datastore/") == {"total": 6, "completed": 3, "label_tags": {"final": 3}}
        trained = server.post(f"/train/{MODEL}", SMALL, run_sync=True).json()
        rounds = [path.name for path in (server.app / "model" / MODEL).iterdir() if path.is_dir()]
        assert rounds == [trained["round"]]
        found = server.post(f"/batch/infer/{MODEL}", {"images": ["image4", "image5"]}, run_sync=True)
        assert found.ok, server.log
        assert set(found.json()) == {"image4", "image5"}

        # A training waits for another one when the server ends.
        assert server.post(f"/train/{MODEL}", SMALL | {"max_epochs": 1000}).ok
        assert server.post(f"/train/{MODEL}", SMALL, enqueue=True).ok
        begun = server.children()
    assert not psutil.wait_procs(begun, timeout=30)[1]
    assert "Traceback" not in server.log


def _ask_from_pages(server):
    named = server.request("GET", "/info/", headers={"Origin": "https://viewer.example"})
    assert (named.status_code, named.headers["access-control-allow-origin"]) == (200, "https://viewer.example")
    stranger = {"Origin": "https://elsewhere.example"}
    assert server.request("POST", f"/train/{MODEL}", headers=stranger).status_code == 403


def _ask_nonsense(server):
    """Each is answered by 4xx in one sentence or two, and changes nothing."""
    before, index = server.contents(), server.get("/datastore/", output="all")
    texts = "[1]", "5", "null", "{", "[" * 100_000, '{"a": NaN}', '{"a": "\\ud800"}', '{"a": 1e999}'
    mask = (server.folder / "mask0.png").read_bytes()
    asked = [
        ("POST", f"/infer/{MODEL}", {}),
        ("POST", f"/infer/{MODEL}?image=nobody", {}),
        ("POST", f"/infer/{MODEL}?session_id=../x", {}),
        ("POST", f"/infer/{MODEL}?image=image0&output=dicom_seg", {}),
        ("POST", "/infer/supervised_classification?image=image0&output=image", {}),
        ("POST", f"/infer/{MODEL}?image=image0", {"files": {"label": ("scribbles.bin", b"abc")}}),
        ("POST", f"/infer/{MODEL}", {"files": {"file": ("a.p\0ng", mask)}}),
        ("PUT", "/datastore/image?image=new", {"files": {"file": ("a.p\0ng", mask)}}),
        ("PUT", "/datastore/label?image=image5", {"files": {"label": ("mask", mask)}}),
        ("PUT", "/datastore/label?image=image5", {"files": {"label": ("mask.png.exe", mask)}}),
        ("HEAD", "/datastore/image?image=image0&check_sum=CRC:5", {}),
        ("GET", f"/logs/?lines={'9' * 30}", {}),
        ("PUT", "/datastore/label/info?label=nobody&tag=final", {"data": {"info": "{}"}}),
    ]
    for text in texts:
        parameters, facts = {"data": {"params": text}}, {"data": {"info": text}}
        upload = {"file": ("new.png", (server.studies / "image0.png").read_bytes())}
        asked += [
            ("POST", f"/infer/{MODEL}?image=image0", parameters),
            ("PUT", "/datastore/image?image=new", parameters | {"files": upload}),
            ("PUT", "/datastore/label?image=image5", parameters | {"files": {"label": ("mask.png", mask)}}),
            ("PUT", "/datastore/image/info?image=image0", facts),
            ("PUT", "/datastore/label/info?label=image0&tag=final", facts),
        ]
    for path in ("/train/", f"/train/{MODEL}", "/scoring/", "/scoring/uncertainty", f"/batch/infer/{MODEL}"):
        odd = [{"gpus": 5}, {"gpus": "x"}, {"bundle_path": "anywhere"}, {"a": "\ud800"}, {"model": ["a"]}]
        odd += [{MODEL: 5}] if path == "/train/" else [{"uncertainty": 5}] if path == "/scoring/" else []
        odd += [{"max_epochs": "many"}, {"device": "gpu"}, {"val_split": True}] if path.startswith("/train") else []
        odd += [{"images": [5]}, {"max_workers": "x"}] if path.startswith("/batch") else []
        asked += [("POST", path, {"json": content}) for content in odd]
        asked += [("POST", path, _json(text)) for text in texts if text != "null"]
    asked += [("POST", "/activelearning/random", _json(text)) for text in texts if text != "null"]
    asked += [("POST", path, {}) for path in ("/train/nothing", "/scoring/nothing", "/batch/infer/nothing")]
    for method, path, more in asked:
        answer = server.request(method, path, **more)
        assert 400 <= answer.status_code < 500, (method, path, str(more)[:80], answer.text)
    assert server.request("GET", "/logs/gpu").status_code in (200, 404)
    for task in ("train", "batch/infer"):
        assert server.request("GET", f"/{task}" + "/" * (task == "train")).status_code == 404, "a task was begun"
    assert (server.contents(), server.get("/datastore/", output="all")) == (before, index)
    # Drawn as often as one likes, in one second, with whatever facts.
    facts = {"info": json.dumps({"strategy": {"random": 5, "entropy": {"ts": "x"}}})}
    assert server.request("PUT", "/datastore/image/info?image=image3", data=facts).ok
    for _ in range(6):
        assert server.post("/activelearning/random", {}).json()["id"] in ("image3", "image4", "image5")


def _json(text):
    return {"data": text, "headers": {"Content-Type": "application/json"}}
