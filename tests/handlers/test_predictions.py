from pathlib import Path

import numpy as np
import pytest
import torch
from monai.data import DataLoader, Dataset
from monai.engines import SupervisedEvaluator

from monai_ssl.errors import InputError
from monai_ssl.handlers.predictions import PredictionCollector

P = torch.tensor([[0.1, 0.9], [0.75, 0.25], [0.5, 0.5]])


def items(labels):
    return [
        {"image": P[i], "label": labels[i], "patient": f"p000{i // 2}", "source": f"images/{i}.png"} for i in range(3)
    ]


def evaluate(collector, items, batch_size=2, decollate=True):
    def prepare_batch(batch, device, non_blocking, **kwargs):
        return batch["image"].to(device), batch.get("label")

    engine = SupervisedEvaluator(
        device=torch.device("cpu"),
        val_data_loader=DataLoader(Dataset(items), batch_size=batch_size, num_workers=0),
        network=torch.nn.Identity(),
        prepare_batch=prepare_batch,
        val_handlers=[collector],
        decollate=decollate,
    )
    engine.run()
    return engine


@pytest.mark.parametrize("repeats", [1, 2])
def test_multilabel(repeats):
    collector = PredictionCollector()
    engine = evaluate(collector, items(torch.tensor([[0, 1], [1, -1], [0, 0]])))
    for _ in range(repeats - 1):
        engine.run()
    found = collector.predictions
    np.testing.assert_allclose(found.probabilities, P)
    np.testing.assert_array_equal(found.labels, [[0, 1], [1, -1], [0, 0]])
    assert found.patients == ("p0000", "p0000", "p0001")
    assert found.images == ("images/0.png", "images/1.png", "images/2.png")


@pytest.mark.parametrize("labels", [[1, 0, -1], torch.tensor([1, 0, -1]), torch.tensor([[1], [0], [-1]])])
def test_multiclass(labels):
    collector = PredictionCollector("multiclass")
    evaluate(collector, items(labels))
    np.testing.assert_array_equal(collector.predictions.labels, [1, 0, -1])
    assert collector.predictions.task == "multiclass"


@pytest.mark.parametrize(("task", "expected"), [("multilabel", [[-1, -1]] * 3), ("multiclass", [-1] * 3)])
def test_images_without_labels(task, expected):
    unlabeled = [{key: value for key, value in item.items() if key != "label"} for item in items([0, 0, 0])]
    collector = PredictionCollector(task)
    evaluate(collector, unlabeled)
    np.testing.assert_array_equal(collector.predictions.labels, expected)


def test_names_of_images_relative_to_a_folder(tmp_path):
    """Through a link to the folder, too; of an image of several files it is the first."""
    link = tmp_path / "link"
    (tmp_path / "set").mkdir()
    link.symlink_to(tmp_path / "set")
    sources = [str(tmp_path / "set" / "a.png"), str(link / "b" / "c.png"), "/elsewhere/d.png"]
    given = [item | {"source": source} for item, source in zip(items([0, 1, 0]), sources, strict=True)]
    for folder, names in (
        (tmp_path / "set", ("a.png", sources[1], sources[2])),
        (link, ("a.png", "b/c.png", sources[2])),
        (None, tuple(sources)),
    ):
        collector = PredictionCollector("multiclass", folder=folder)
        evaluate(collector, given)
        assert collector.predictions.images == names
    several = [item | {"source": [f"{i}_t1.nii", f"{i}_t2.nii"]} for i, item in enumerate(items([0, 1, 0]))]
    collector = PredictionCollector("multiclass", folder=Path.cwd())
    evaluate(collector, several)
    assert collector.predictions.images == ("0_t1.nii", "1_t1.nii", "2_t1.nii")


def test_missing_key_is_named():
    nameless = [{key: value for key, value in item.items() if key != "patient"} for item in items([0, 0, 0])]
    with pytest.raises(InputError, match="'patient'"):
        evaluate(PredictionCollector("multiclass"), nameless)
    with pytest.raises(InputError, match="'teacher'"):
        evaluate(PredictionCollector("multiclass", pred_key="teacher"), items([0, 0, 0]))


def test_whole_batches_are_refused():
    with pytest.raises(InputError, match="decollate=True"):
        evaluate(PredictionCollector("multiclass"), items([0, 0, 0]), decollate=False)


def test_nothing_collected():
    with pytest.raises(InputError, match="Run the evaluator first"):
        _ = PredictionCollector().predictions
    with pytest.raises(InputError, match="task"):
        PredictionCollector("segmentation")
