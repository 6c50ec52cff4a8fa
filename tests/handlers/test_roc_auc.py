import logging

import numpy as np
import pytest
import torch
from ignite.engine import Engine
from monai.data import DataLoader, Dataset
from monai.engines import SupervisedEvaluator
from monai.handlers import from_engine
from sklearn.metrics import roc_auc_score

from monai_ssl.errors import InputError
from monai_ssl.handlers.roc_auc import MacroROCAUC

NAMES = ("edema", "mass", "hernia")


def evaluator(items, metric):
    return SupervisedEvaluator(
        device=torch.device("cpu"),
        val_data_loader=DataLoader(Dataset(items), batch_size=4, num_workers=0),
        network=torch.nn.Identity(),
        key_val_metric={"auroc": metric},
    )


def run(metric, batches):
    engine = Engine(lambda engine, batch: batch)
    metric.attach(engine, "auroc")
    engine.run(batches)
    return engine.state.metrics


@pytest.fixture(scope="module")
def multilabel():
    rng = np.random.default_rng(0)
    p = rng.random((30, 3)).astype(np.float32)
    y = (rng.random((30, 3)) < p).astype(np.float32)
    y[:5, 0] = -1
    y[5:9, 1] = np.nan
    y[:, 2] = 0
    mass = np.r_[0:5, 9:30]
    expected = [roc_auc_score(y[5:, 0], p[5:, 0]), roc_auc_score(y[mass, 1], p[mass, 1])]
    return p, y, expected


def test_multilabel_in_a_monai_evaluator(multilabel, caplog):
    p, y, expected = multilabel
    items = [{"image": torch.tensor(a), "label": torch.tensor(b)} for a, b in zip(p, y, strict=True)]
    engine = evaluator(items, MacroROCAUC(NAMES, output_transform=from_engine(["pred", "label"])))
    with caplog.at_level(logging.WARNING, logger="monai_ssl"):
        engine.run()
        engine.run()
    metrics = engine.state.metrics
    assert set(metrics) == {"auroc", "auroc_edema", "auroc_mass"}
    assert [metrics["auroc_edema"], metrics["auroc_mass"]] == pytest.approx(expected)
    assert metrics["auroc"] == pytest.approx(np.mean(expected))
    assert engine.state.best_metric == metrics["auroc"]
    warnings = [record.getMessage() for record in caplog.records if record.name == "monai_ssl"]
    assert len(warnings) == 1
    assert "hernia" in warnings[0]


def test_batches_give_the_same(multilabel):
    p, y, expected = map(torch.tensor, multilabel)
    metrics = run(MacroROCAUC(NAMES), [(p[:7], y[:7]), (p[7:], y[7:])])
    assert metrics["auroc"] == pytest.approx(expected.mean().item())


@pytest.mark.parametrize("label_type", [int, torch.tensor, lambda label: torch.tensor([label])])
def test_multiclass_in_a_monai_evaluator(label_type):
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(3), 40)
    y = np.array([rng.choice(3, p=row) for row in p])
    expected = roc_auc_score(y, p, multi_class="ovr", average="macro")
    items = [{"image": torch.tensor(a), "label": label_type(b)} for a, b in zip(p, y, strict=True)]
    items.append({"image": torch.tensor([1.0, 0.0, 0.0]).double(), "label": label_type(-1)})
    engine = evaluator(items, MacroROCAUC(NAMES, "multiclass", from_engine(["pred", "label"])))
    engine.run()
    assert engine.state.metrics["auroc"] == pytest.approx(expected, abs=1e-6)


def test_half_precision():
    p = torch.tensor([[0.9], [0.1]], dtype=torch.bfloat16)
    assert run(MacroROCAUC(["a"]), [(p, torch.tensor([[1], [0]]))])["auroc"] == 1


def test_class_that_becomes_undefined_leaves_nothing_behind():
    metric = MacroROCAUC(["a", "b"])
    engine = Engine(lambda engine, batch: batch)
    metric.attach(engine, "auroc")
    p = torch.tensor([[0.9, 0.1], [0.1, 0.9]])
    engine.run([(p, torch.tensor([[1, 1], [0, 0]]))])
    assert engine.state.metrics == {"auroc": 0.5, "auroc_a": 1, "auroc_b": 0}
    engine.run([(p, torch.tensor([[1, 1], [0, 1]]))])
    assert engine.state.metrics == {"auroc": 1, "auroc_a": 1}


def test_no_defined_class():
    with pytest.raises(InputError, match="no class has both a positive and a negative"):
        run(MacroROCAUC(["a"]), [(torch.tensor([[0.2]]), torch.tensor([[1]]))])


def test_diverged_network():
    with pytest.raises(InputError, match="NaN"):
        run(MacroROCAUC(["a"]), [(torch.tensor([[float("nan")], [0.1]]), torch.tensor([[1], [0]]))])


def test_wrong_shapes_and_arguments():
    with pytest.raises(InputError, match="do not fit multilabel with 2 classes"):
        run(MacroROCAUC(["a", "b"]), [(torch.rand(2, 3), torch.ones(2, 3))])
    with pytest.raises(InputError, match="do not fit multiclass"):
        run(MacroROCAUC(["a", "b"], "multiclass"), [(torch.rand(2, 2), torch.ones(2, 2))])
    with pytest.raises(InputError, match="class_names"):
        MacroROCAUC(["a", "a"])
    with pytest.raises(InputError, match="task"):
        MacroROCAUC(["a"], "segmentation")
