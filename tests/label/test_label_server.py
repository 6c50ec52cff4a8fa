"""A real server: labels and images come in over REST, a model is trained on both, and served."""

import json
import os
import re
from pathlib import Path

import nibabel as nib
import numpy as np
import psutil
import pytest
from PIL import Image

from monai_ssl.data import DataList
from monai_ssl.label.rounds import Rounds
from tests.bundles.helpers import run_bundle
from tests.label.label_server import LabelServer

pytest.importorskip("monailabel")

SMALL = {"max_epochs": 1, "batch_size": 2, "unlabeled_batch_size": 2, "device": "cpu", "seed": 3}


@pytest.fixture
def volumes(tmp_path):
    """Ten volumes with masks of two values: hippocampi where there are any, else balls in noise."""
    folder = Path(os.environ.get("MONAI_SSL_DATA", "")) / "hippocampus"
    if folder.is_dir():
        files = sorted((folder / "imagesTr").glob("*.nii.gz"))[:10]
        return {file.name.removesuffix(".nii.gz"): (file, folder / "labelsTr" / file.name) for file in files}
    made = {}
    for index in range(10):
        generator = np.random.default_rng(index)
        distance = np.linalg.norm(np.indices((20, 22, 18)).T - generator.uniform(7, 12, 3), axis=-1).T
        mask = (distance < 6).astype(np.uint8) + (distance < 3)
        image = (100 * mask + generator.normal(0, 20, mask.shape)).astype(np.float32)
        for kind, values in {"image": image, "mask": mask}.items():
            nib.save(nib.Nifti1Image(values, np.diag([-1, 1, 1.5, 1])), tmp_path / f"{kind}{index}.nii.gz")
        made[f"ball_{index:02d}"] = tmp_path / f"image{index}.nii.gz", tmp_path / f"mask{index}.nii.gz"
    return made


def test_segmentation(tmp_path, volumes):
    model = "noteacher_segmentation"
    names = sorted(volumes)
    with LabelServer(tmp_path, models=model, regions="one=1,two=2") as server:
        assert "for this machine alone" in server.log
        for name in names:
            assert server.put_image(name, volumes[name][0]).json() == {"image": name}
        for name in names[:4]:
            assert server.put_label(name, volumes[name][1], f"{name}.nii.gz").ok
        assert server.get("/datastore/")["completed"] == 4
        assert server.infer(model, names[0], "json").json() == {
            "detail": f"{model} has not been trained yet. Train it first."
        }
        drawn = server.post("/activelearning/entropy", {}).json()
        assert drawn["id"] in names[4:]
        assert drawn["score"] is None

        training = {**SMALL, "patch_size": [16, 16, 16], "val_split": 0.25}
        assert server.post(f"/train/{model}", training).json()["status"] == "SUBMITTED"
        again = server.post(f"/train/{model}", training)
        assert (again.status_code, "Already Running" in again.text) == (429, True)
        task = server.wait_for("train")
        assert task["status"] == "DONE", server.log
        assert f"Training {model} on 3 labeled and 6 unlabeled images; 1 to validate on." in server.log

        served = Rounds(server.app / "model" / model).served()
        stats = server.get("/info/")["train_stats"][model]
        assert (stats["round"], stats["labeled"], stats["unlabeled"], stats["validation_images"]) == (
            served.name,
            3,
            6,
            1,
        )
        assert server.get("/info/")["models"][model]["labels"] == {"one": 1, "two": 2}

        name = names[7]
        answer = server.infer(model, name, "image")
        assert answer.ok, server.log
        (tmp_path / "mask.nii.gz").write_bytes(answer.content)
        (tmp_path / "alone").mkdir()
        (tmp_path / "alone" / "image.nii.gz").write_bytes(volumes[name][0].read_bytes())
        own = {"dataset_dir": str(tmp_path / "alone"), "model_dir": str(served.models), "output_dir": str(tmp_path)}
        run_bundle(
            "noteacher", ("segmentation_inference",), "inference", bundle_root=str(tmp_path), device="cpu", **own
        )
        mask, expected = nib.load(tmp_path / "mask.nii.gz"), nib.load(tmp_path / "masks/image_mask.nii.gz")
        np.testing.assert_array_equal(np.asarray(mask.dataobj), np.asarray(expected.dataobj))
        np.testing.assert_array_equal(mask.affine, nib.load(volumes[name][0]).affine)
        said = server.infer(model, name, "json").json()
        assert (said["model_round"], said["label_names"]) == (served.name, {"one": 1, "two": 2})

        assert server.wait_for("scoring")["status"] == "DONE", server.log
        scores = json.loads((served.folder / "scores.json").read_text())
        assert set(scores) == set(names[4:])
        for measure in ("disagreement", "entropy"):
            handed = {drawn["id"]} if measure == "entropy" else set()  # which comes after the others
            order = sorted(scores, key=lambda image: (image in handed, -scores[image][measure]))
            for image in order[:2]:
                suggested = server.post(f"/activelearning/{measure}", {"model": model}).json()
                assert (suggested["id"], suggested["score"]) == (image, scores[image][measure])
                assert suggested["model_round"] == served.name
        # What is labeled is not suggested any more.
        left = order[2]
        assert server.put_label(left, volumes[left][1], f"{left}.nii.gz").ok
        assert server.post("/activelearning/entropy", {}).json()["id"] not in (left, *order[:2])
        # A label that is taken back is gone at once, and so is one that another has replaced.
        assert server.request("DELETE", f"/datastore/label?id={left}&tag=final").ok
        assert server.get("/datastore/")["completed"] == 4
        assert server.post("/activelearning/entropy", {}).json()["id"] in names[4:]

        assert server.post(f"/train/{model}", {**training, "max_epochs": 1000}).ok
        begun = server.wait_for_training()
        assert not re.search("|".join(names), server.log)
    # What it was doing ends with the server, and leaves the model and nothing else.
    assert not psutil.wait_procs(begun, timeout=30)[1]
    assert Rounds(server.app / "model" / model).served() == served
    assert list(server.temporary.iterdir()) == []
    assert not re.search("|".join(names), "".join(path.read_text() for path in (server.app / "logs").iterdir()))


def test_classification(tmp_path, demo):
    """DICOM, with several classes an image; two rounds, and requests that are refused."""
    model = "mean_teacher_classification"
    datalist = DataList.load(demo)
    entries = [*datalist.labeled, *datalist.validation][:16]
    images = {f"slice_{index:02d}": entry for index, entry in enumerate(entries)}
    names = list(images)
    with LabelServer(tmp_path, models=model, labels=",".join(datalist.labels)) as server:
        for name, entry in images.items():
            assert server.put_image(name, Path(entry["image"]), patient=f"DOE^{name}").ok

        def label(name):
            found = [known for known, value in zip(datalist.labels, images[name]["label"], strict=True) if value == 1]
            return server.put_label(name, json.dumps({"labels": found}).encode(), "label.json")

        assert all(label(name).ok for name in names[:6])
        _refusals(server, model, names, tmp_path)

        training = {**SMALL, "image_size": 32, "val_split": 0.3}
        first = server.post(f"/train/{model}", training, run_sync=True).json()
        assert (first["labeled"] + first["validation_images"], first["unlabeled"]) == (6, 10)
        assert first["validation_images"] >= 2
        before = server.infer(model, names[9], "json").json()
        assert [found["label"] for found in before["prediction"]] == list(datalist.labels)
        assert all(0 < found["score"] < 1 for found in before["prediction"])
        served = Rounds(server.app / "model" / model).served()
        (tmp_path / "alone").mkdir()
        (tmp_path / "alone" / "image.dcm").write_bytes(Path(images[names[9]]["image"]).read_bytes())
        own = {"dataset_dir": str(tmp_path / "alone"), "model_dir": str(served.models), "output_dir": str(tmp_path)}
        run_bundle("mean_teacher", ("inference",), "inference", bundle_root=str(tmp_path), device="cpu", **own)
        written = (tmp_path / "predictions.csv").read_text().splitlines()
        row = dict(zip(written[0].split(","), written[1].split(","), strict=True))
        for found in before["prediction"]:
            assert found["score"] == pytest.approx(float(row["probability_" + found["label"]]), abs=1e-6)

        # More labels, another round: served without a restart, and validated on the same patients.
        assert all(label(name).ok for name in names[6:9])
        second = server.post(f"/train/{model}", training, run_sync=True).json()
        assert second["round"] > first["round"]
        assert (second["labeled"] + second["validation_images"], second["unlabeled"]) == (9, 7)
        validated = [
            {entry["patient"] for entry in json.loads(path.read_text())["validation"]}
            for path in sorted((server.app / "model" / model).glob("*/data/datalist.json"))
        ]
        assert validated[0] <= validated[1]
        after = server.infer(model, names[9], "json").json()
        assert after["model_round"] == second["round"]
        assert after["prediction"] != before["prediction"]

        scored = server.post("/scoring/uncertainty", {}, run_sync=True)
        assert scored.ok or scored.status_code == 429
        everything = server.log + "".join(
            path.read_text(errors="replace")
            for path in server.app.rglob("*")
            if path.suffix in (".json", ".log", ".csv")
        )
        assert "DOE" not in everything
        assert not re.search("|".join(names), server.log)


def _refusals(server, model, names, folder):
    """Requests that are not to be taken: each is answered with its reason, and changes nothing."""
    before = server.contents()
    image = server.studies / f"{names[0]}.dcm"
    for name in ("../evil", "..", "/etc/evil", ".hidden", "a/b", "a\\b", "a\0b", "x" * 300):
        answer = server.put_image(name, image)
        assert (answer.status_code, "cannot be the name" in answer.text) == (400, True), name
    picture = folder / "picture.png"
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(picture)
    for filename, content, message in (
        ("picture.exe", picture.read_bytes(), "not taken"),
        ("picture.png", b"no picture", "picture_1: "),
        ("picture.nii.gz", picture.read_bytes()[:20], "picture_1: "),
        ("x" * 40 + ".png", b"", "empty"),
        (".." + "/.." * 9 + "/evil.png", b"", "empty"),
        ("a." + "b" * 400, b"", "name of the file"),
    ):
        (folder / "upload").write_bytes(content)
        answer = server.put_image("picture_1", folder / "upload", filename)
        assert (answer.status_code, message in answer.text) == (400, True), answer.text
    (folder / "upload").write_bytes(b"x" * (5 * 2**20))
    assert server.put_image("large", folder / "upload", "large.png").status_code == 413
    again = server.put_image(names[0], image)
    assert (again.status_code, "already" in again.text) == (400, True)

    for name, content, filename, tag, status, message in (
        ("nobody", b'{"labels": []}', "label.json", "final", 404, "no image 'nobody'"),
        (names[0], b'{"labels": ["broken arm"]}', "label.json", "final", 400, "the class 'broken arm' is not known"),
        (names[0], b"{", "label.json", "final", 400, "no JSON"),
        (names[0], b"[" * 100_000, "label.json", "final", 400, "no JSON"),
        (names[0], picture.read_bytes(), "mask.png", "final", 400, "has a class as its label"),
        (names[15], picture.read_bytes(), "mask.png", "final", 400, "shape (8, 8)"),
        (names[15], picture.read_bytes(), "mask.jpg", "final", 400, "JPEG"),
        (names[0], b'{"labels": []}', "label.json", "../../evil", 400, "tag"),
    ):
        answer = server.put_label(name, content, filename, tag)
        assert (answer.status_code, message in answer.text) == (status, True), answer.text

    for path, status, message in (
        (f"/infer/{model}?image=nobody", 404, "no image 'nobody'"),
        (f"/infer/{model}?image=/etc/passwd", 404, "no image"),
        (f"/infer/{model}?image={picture}", 404, "no image"),
        (f"/infer/{model}?image=picture.png", 404, "no image"),
        ("/reload", 403, "closed"),
        ("/infer/nothing?image=" + names[0], 400, "no model 'nothing'"),
        (f"/infer/{model}?image={names[0]}", 400, "has not been trained yet"),
        ("/train/nothing?run_sync=true", 400, "no model 'nothing'"),
        ("/activelearning/nothing", 400, "nothing"),
        ("/scoring/nothing?run_sync=true", 400, "nothing"),
    ):
        answer = server.post(path, {} if "/infer" not in path else None)
        assert (answer.status_code, message in answer.text) == (status, True), (path, answer.text)
    for method, path, status in (
        ("PUT", "/session/?uncompress=true", 403),
        ("DELETE", f"/model/{model}", 403),
        ("DELETE", "/datastore/image?id=nobody", 404),
        ("DELETE", f"/datastore/label?id={names[15]}&tag=final", 404),
    ):
        assert server.request(method, path).status_code == status, path
    stranger = server.request("GET", "/info/", headers={"Origin": "http://elsewhere.example"})
    assert stranger.status_code == 403
    assert "access-control-allow-origin" not in stranger.headers
    # Facts of a form that strategies do not expect are no harm.
    facts = {"info": json.dumps({"strategy": "x", "path": "/etc/passwd", "age": 50})}
    assert server.request("PUT", f"/datastore/image/info?image={names[14]}", data=facts).ok
    assert server.get("/datastore/image/info", image=names[14])["age"] == 50
    assert server.post("/activelearning/entropy", {}).json()["id"] in names[6:]

    for options, message in (
        ({"val_split": 2}, "val_split is '2'"),
        ({"val_split": "much"}, "val_split is 'much'"),
        ({"windows": ["nothing"]}, "was not trained: windows has 'nothing'"),
        ({"seed": f"$open({str(folder / 'evil')!r}, 'w') and 3"}, "seed is"),
        ({"architecture": "$print(1)"}, "architecture is"),
        ({"device": "$print(1)"}, "device is"),
    ):
        answer = server.post(f"/train/{model}", {**SMALL, **options}, run_sync=True)
        assert (answer.status_code, message in answer.text) == (400, True), answer.text
    assert Rounds(server.app / "model" / model).served() is None
    assert not list((server.app / "model" / model).glob("2*"))
    assert server.contents() == before
    assert not (folder / "evil").exists()
    assert server.get("/datastore/")["total"] == len(names)
