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
