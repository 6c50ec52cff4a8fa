"""Models that are trained in two stages, as tasks of the app without its server."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from monai_ssl.label.catalog import served_model
from monai_ssl.label.rounds import Rounds
from monai_ssl.label.settings import read_settings
from monai_ssl.label.validated import Validated
from tests.bundles.helpers import REPOSITORY
from tests.label.folder_store import Folder

pytest.importorskip("monailabel")

SMALL = {
    "max_epochs": 2,
    "teacher_epochs": 2,
    "pretrain_epochs": 1,
    "val_split": 0.3,
    "image_size": 32,
    "device": "cpu",
}


@pytest.fixture
def pictures(tmp_path):
    """Fourteen noisy pictures of a disc, which is brighter in every second, with masks and classes."""
    folder = tmp_path / "studies"
    (folder / "labels").mkdir(parents=True)
    rows, columns = np.mgrid[:40, :40]
    for index in range(14):
        generator = np.random.default_rng(index)
        center = generator.uniform(12, 28, 2)
        disc = (np.hypot(rows - center[0], columns - center[1]) < 8).astype(np.uint8)
        pixels = np.clip(60 + 60 * disc * (1 + index % 2) + generator.normal(0, 10, disc.shape), 0, 255)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"i{index:02d}.png")
        Image.fromarray(disc).save(folder / f"labels/i{index:02d}.png")
        (folder / f"labels/i{index:02d}.json").write_text(json.dumps({"label": ["dark", "bright"][index % 2]}))
    return folder


@pytest.mark.parametrize("name", ["robust_pseudo_label_segmentation", "srcl_classification"])
def test_a_model_is_trained_served_and_asked_what_is_next(name, pictures, tmp_path):
    from monai_ssl.label.active_learning import MostUncertain, Uncertainty, read_scores
    from monai_ssl.label.infer_task import BundleInference
    from monai_ssl.label.train_task import SemiSupervisedTraining

    model, settings = served_model(name, REPOSITORY / "bundles"), read_settings({"models": name})
    suffix = ".png" if model.kind == "segmentation" else ".json"
    store = Folder(pictures, {f"i{index:02d}": pictures / f"labels/i{index:02d}{suffix}" for index in range(8)})
    rounds = Rounds(tmp_path / "model" / name)
    inference = BundleInference(model, rounds, settings)
    assert not inference.is_valid()

    validated = Validated(tmp_path / "validated.json")
    summary = SemiSupervisedTraining(model, rounds, settings, validated)(SMALL, store)
    assert len(validated.read()) == summary["validation_images"]
    assert (summary["labeled"] + summary["validation_images"], summary["unlabeled"]) == (8, 6)
    assert math.isfinite(summary["best"]["value"])
    assert summary["round"] == rounds.served().name
    file, said = inference({"image": str(pictures / "i09.png")})
    if model.kind == "segmentation":
        mask = np.asarray(Image.open(file))
        assert mask.shape == (40, 40)
        assert set(np.unique(mask)) <= {0, 1}
        assert said["label_names"] == {"mask": 1}
        Path(file).unlink()
    else:
        assert file is None
        assert [found["label"] for found in said["prediction"]] == ["bright", "dark"]
        assert sum(found["score"] for found in said["prediction"]) == pytest.approx(1)

    (pictures / "i00.png").unlink()  # of those trained with, or validated on
    scored = Uncertainty({name: inference})({}, store)
    assert scored == {name: {"scored": 6, "failed": 0}}
    scores = read_scores(rounds.served())
    assert set(scores) == {f"i{index:02d}" for index in range(8, 14)}
    networks = inference.predictor().networks(model, rounds.served())
    assert set(networks) == {"student", "teacher"}
    student, teacher = (list(network.parameters()) for network in networks.values())
    assert not all(torch.equal(one, other) for one, other in zip(student, teacher, strict=True))
    for measure in ("entropy", "disagreement"):
        most = max(scores, key=lambda image: scores[image][measure])
        chosen = MostUncertain(measure, {name: inference})({}, store)
        assert (chosen["id"], chosen["score"]) == (most, scores[most][measure])
        assert chosen["score"] > 0
    # What is scored is not scored again.
    assert Uncertainty({name: inference})({}, store) == {name: {"scored": 0, "failed": 0}}
