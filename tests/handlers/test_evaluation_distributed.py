"""Metrics and collector over two processes that hold unequal numbers of images."""

import numpy as np
import pytest
import torch
from ignite import distributed as idist
from ignite.engine import Engine
from sklearn.metrics import roc_auc_score

from monai_ssl.handlers.disagreement import DisagreementCount
from monai_ssl.handlers.predictions import PredictionCollector
from monai_ssl.handlers.roc_auc import MacroROCAUC

N = 7


def images():
    p = torch.rand(N, 2, generator=torch.Generator().manual_seed(0))
    return p, torch.arange(2 * N).reshape(N, 2) % 3 // 2


def evaluate(rank, folder):
    # The threads of the parent process do not exist in a fork.
    torch.set_num_threads(1)
    p, y = images()
    # The second process has one image of the seven, the first the others.
    mine = slice(6, N) if rank else slice(0, 6)
    engine = Engine(lambda engine, batch: batch)
    MacroROCAUC(["a", "b"]).attach(engine, "auroc")
    DisagreementCount(output_transform=lambda output: (output[0], 1 - output[0])).attach(engine, "disagreements")
    engine.run([(p[mine], y[mine])])

    items = Engine(lambda engine, batch: [{"pred": item["pred"]} for item in batch])
    collector = PredictionCollector()
    collector.attach(items)
    rows = [
        {"pred": a, "label": b, "patient": f"p{i}", "source": f"{i}.png"}
        for i, (a, b) in enumerate(zip(p, y, strict=True))
    ]
    items.run([rows[mine]])
    torch.save(
        (engine.state.metrics, collector.predictions.images, collector.predictions.labels.tolist()), folder / f"{rank}"
    )


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="needs gloo")
def test_two_processes(tmp_path):
    # Forked processes need not import everything anew, which takes longer than the test.
    idist.spawn(
        "gloo",
        evaluate,
        args=(tmp_path,),
        nproc_per_node=2,
        start_method="fork",
        init_method=f"file://{tmp_path}/rendezvous",
    )
    p, y = (part.numpy() for part in images())
    for rank in range(2):
        metrics, names, labels = torch.load(tmp_path / str(rank), weights_only=False)
        expected = [roc_auc_score(y[:, c], p[:, c]) for c in range(2)]
        assert metrics["auroc"] == pytest.approx(np.mean(expected))
        assert [metrics["auroc_a"], metrics["auroc_b"]] == pytest.approx(expected)
        assert metrics["disagreements"] == N
        assert names == tuple(f"{i}.png" for i in range(N))
        np.testing.assert_array_equal(labels, y)
